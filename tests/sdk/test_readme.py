"""The samples of sdk/python/README.md run, one after the other, as they are printed."""

import re
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import Any

import pytest

from tests.sdk.live_server import LiveServer, running
from tests.sdk.test_sending import DETAIL, EVENTS, Product
from tests.sdk.test_texts import SECRET, signed
from tests.sdk.unreliable_server import Answer, Received, UnreliableServer

README = Path(__file__).resolve().parent.parent.parent / "sdk" / "python" / "README.md"
SAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


def answer(request: Received) -> Answer:
    path = request.path.partition("?")[0]
    if path.endswith("/events/"):
        return EVENTS
    if path.endswith("/chat/"):
        return Answer(body={"answer": "In March.", "sources": []})
    if path == "/api/v1/transcripts/":
        found = [{"id": "t1", "title": "A talk"}]
        return Answer(body={"count": 1, "next": None, "results": found})
    return Product()(request)


def test_every_sample_runs(
    serve: Callable[[Any], UnreliableServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answer)
    monkeypatch.setenv("STT_BASE_URL", server.url)
    monkeypatch.setenv("STT_API_KEY", "stt_key")
    monkeypatch.chdir(tmp_path)
    for name in ("meeting.mp3", "talk.mp4"):
        (tmp_path / name).write_bytes(b"RIFF" * 100)
    body = b'{"type": "transcript.completed"}'
    names: dict[str, Any] = {
        "audio_bytes": b"RIFF",
        "transcript_id": "t1",
        "segment_id": "s1",
        "body": body,
        "headers": signed(body, time()),
        "microphone": [b"00" * 1600],
    }

    with running(LiveServer()) as live:
        for sample in SAMPLES:
            if "client.stream(" in sample:
                monkeypatch.setenv("STT_BASE_URL", live.url)
                exec("from open_stt import STTClient\nclient = STTClient()", names)  # noqa: S102  # the samples themselves
            exec(sample.replace("whsec_…", SECRET), names)  # noqa: S102  # the samples themselves

    assert len(SAMPLES) == 5
    assert names["result"]["text"] == DETAIL["text"]
    assert names["event"]["type"] == "transcript.completed"
    assert bytes(live.audio) == b"00" * 1600
