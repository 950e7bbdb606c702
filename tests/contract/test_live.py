"""Live clients as they are in the world, before the product's real processes and a tiny Whisper."""

import contextlib
import json
import time
from urllib.parse import urlencode

import numpy as np
import pytest
import requests
import sttai
import websockets.exceptions
import websockets.sync.client
from faster_whisper import decode_audio

from tests.contract.conftest import RECORDING, TEXT
from tests.e2e.processes import System, wait_until
from tests.transcripts.live.talk import Talk

pytestmark = [pytest.mark.clients, pytest.mark.e2e]

SECOND_BYTES = 32_000


@pytest.fixture(scope="module")
def pcm() -> bytes:
    """The recording as the wire wants it, with a second of silence behind it."""
    samples = decode_audio(str(RECORDING))
    return bytes(np.round(samples * 32767).astype("<i2")) + bytes(SECOND_BYTES)


def test_the_sdk_streams(system: System, key: str, pcm: bytes) -> None:
    printed: list[str] = []
    session = sttai.STTClient(key, base_url=system.url).stream(
        lambda data: printed.append(data["text"])  # as its example prints it
    )
    for start in range(0, len(pcm), 4096):
        session.send(pcm[start : start + 4096])

    result = session.finish()

    assert result["text"] == TEXT
    assert " ".join(text for text in printed[:-1] if text) == TEXT


def test_the_documented_protocol(system: System, key: str, pcm: bytes) -> None:
    """As the source page writes it down, with nothing of ours."""
    address = system.url.replace("http://", "ws://") + "/v1/stream"
    headers = {"Authorization": f"Bearer {key}"}
    printed: list[str] = []
    with websockets.sync.client.connect(address, additional_headers=headers) as socket:
        socket.send(json.dumps({"language": "en", "model": "large-v3-turbo"}))
        while json.loads(socket.recv()).get("status") != "ready":
            pass
        for start in range(0, len(pcm), 3200):
            socket.send(pcm[start : start + 3200])
        socket.send(json.dumps({"action": "stop"}))
        with contextlib.suppress(websockets.exceptions.ConnectionClosedOK):
            while True:
                message = json.loads(socket.recv())
                if message["text"]:
                    printed.append(message["text"])

    assert message["is_final"]
    assert " ".join(printed) == TEXT


def test_spoken_words_become_a_transcript_in_the_library(
    system: System, key: str, pcm: bytes
) -> None:
    with Talk(system.url, key=key) as client:
        started = client.begin(title="Live")
        for start in range(0, len(pcm), 3200):
            client.send(pcm[start : start + 3200])
            time.sleep(0.1)  # as it is spoken
        client.send_frame({"action": "stop"})
        client.receive_all()

    assert " ".join(client.texts) == TEXT
    assert any(message["partial"] for message in client.messages)
    answer = requests.get(
        f"{system.url}/api/v1/transcripts/{started['transcript_id']}/", headers=system.headers
    ).json()
    assert (answer["text"], answer["title"], answer["status"]) == (TEXT, "Live", "completed")


def test_a_server_that_stops_shows_it_and_the_session_goes_on(
    system: System, key: str, pcm: bytes
) -> None:
    half = len(pcm) // 4 * 2
    with Talk(system.url, key=key) as client:
        started = client.begin()
        client.send(pcm[:half])
        wait_until(
            lambda: client.receive()["audio_ms"] == half // 32, what="the audio is journalled"
        )
        system.stop("web")
        last = client.receive_all()[-1]
    system.start("web")
    with Talk(system.url, key=key) as client:
        resumed = client.begin(resume_token=last["resume_token"])
        client.send(pcm[resumed["audio_ms"] * 32 :])
        client.send_frame({"action": "stop"})
        transcript = client.receive_all()[-1]["transcript"]

    assert (last["code"], last["resume_token"]) == ("server_stopping", started["resume_token"])
    assert resumed["audio_ms"] == half // 32
    assert transcript.split()[0] == TEXT.split()[0]


def test_no_process_logs_a_token(system: System, key: str) -> None:
    with Talk(system.url, query=urlencode({"token": key, "language": "en"})) as client:
        client.begin()
    with Talk(system.url, query=f"token={key}x") as client:
        assert client.receive_all()[-1]["code"] == "invalid_key"
    address = system.url.replace("http://", "ws://")
    with pytest.raises(websockets.exceptions.InvalidStatus):
        websockets.sync.client.connect(f"{address}/v1/elsewhere?token={key}").__enter__()
    for headers in ({}, {"Upgrade": "websocket", "Connection": "Upgrade"}):
        requests.get(f"{system.url}/v1/stream?token={key}", headers=headers)

    logs = "".join(path.read_text() for path in system.folder.glob("*.log"))
    assert "event=socket path=/v1/stream" in logs
    assert key not in logs
