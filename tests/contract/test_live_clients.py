"""Other services' live clients, unchanged but for the address, against the product's processes."""

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
import websockets.sync.client
from faster_whisper import decode_audio

from tests.contract.client_environments import FOLDER, node_of, node_with, python_with, run
from tests.contract.conftest import RECORDING, TEXT
from tests.contract.tls_front import tls_before
from tests.e2e.processes import System, free_port

pytestmark = [pytest.mark.clients, pytest.mark.e2e, pytest.mark.timeout(400)]
# By the version of Node.js that they run on; from 7 on they need 22.
NODE = {"20": ("openai@6.49.0", "ws@8.23.0"), "22": ("openai@7.59.0", "ws@8.23.0")}
BARE = "the next meeting is friday"


def write_pcm(folder: Path, rate_hz: int) -> Path:
    """The recording as the wire wants it, with a second of silence behind it."""
    samples = decode_audio(str(RECORDING), sampling_rate=rate_hz)
    pcm = np.round(samples * 32767).astype("<i2").tobytes() + bytes(2 * rate_hz)
    path = folder / f"speech_{rate_hz}.raw"
    path.write_bytes(pcm)
    return path


def test_openai_realtime(system: System, key: str, tmp_path: Path) -> None:
    pcm = write_pcm(tmp_path, 24_000)
    got = run(python_with("openai-realtime"), FOLDER / "openai_realtime.py", system.url, key, pcm)

    committed, turns = got["committed"], got["turns"]
    assert (committed["transcript"], committed["deltas"]) == (TEXT, TEXT)
    assert (turns["transcript"], turns["deltas"]) == (TEXT, TEXT)
    assert round(committed["seconds"], 1) == 3.7
    assert committed["languages"] == ["en"]
    assert "input_audio_buffer.speech_started" in turns["types"]
    assert "ConversationItemInputAudioTranscriptionCompletedEvent" in committed["classes"]
    assert got["async"] == ["RealtimeTranscriptionSessionCreateResponse", TEXT]
    assert got["empty"] == ["invalid_request_error", "input_audio_buffer_commit_empty"]
    assert got["refused"] == 401


@pytest.mark.parametrize("version", NODE)
def test_openai_realtime_for_node(system: System, key: str, tmp_path: Path, version: str) -> None:
    pcm = write_pcm(tmp_path, 24_000)
    folder = node_with(*NODE[version])
    port = int(system.url.rpartition(":")[2])
    with tls_before(port, tmp_path / "tls") as (url, authority):
        program = FOLDER / "openai_realtime_node.mjs"
        argv = (node_of(version), program, url, key, pcm, folder)
        got = run(*argv, NODE_EXTRA_CA_CERTS=str(authority))

    committed, turns = got["committed"], got["turns"]
    assert (committed["transcript"], committed["deltas"], committed["turns"]) == (TEXT, TEXT, None)
    assert round(committed["seconds"], 1) == 3.7
    assert (turns["transcript"], turns["deltas"]) == (TEXT, TEXT)
    assert turns["turns"] == {"type": "server_vad", "silence_duration_ms": 400}
    assert "input_audio_buffer.speech_stopped" in turns["types"]
    assert "401" in got["refused"]
    native = got["native"] and (got["native"]["transcript"], got["native"]["deltas"])
    assert native == {"20": None, "22": (TEXT, TEXT)}[version]


def test_deepgram_7(system: System, key: str, tmp_path: Path) -> None:
    pcm = write_pcm(tmp_path, 16_000)
    got = run(python_with("deepgram-7"), FOLDER / "deepgram_7.py", system.url, key, pcm)

    plain, written = got["plain"], got["written"]
    assert (plain["text"], " ".join(plain["words"])) == (BARE, BARE)
    assert plain["classes"] == ["ListenV1Metadata", "ListenV1Results"]
    assert plain["are_measured"]
    assert plain["from_finalize"] == 1
    assert plain["duration"] == 3.7
    assert plain["model"] == "whisper-en-cs-tiny"
    assert written["text"] == TEXT
    assert "ListenV1SpeechStarted" in written["classes"]
    assert got["granted"] == BARE
    assert got["refused"] == 401


def test_deepgram_4(system: System, key: str, tmp_path: Path) -> None:
    pcm = write_pcm(tmp_path, 16_000)
    got = run(python_with("deepgram-4"), FOLDER / "deepgram_4.py", system.url, key, pcm)

    assert got["started"]
    assert (got["text"], " ".join(got["words"])) == (TEXT, BARE)
    assert (got["from_finalize"], got["duration"]) == (1, 3.7)


def test_livekit(system: System, key: str, tmp_path: Path) -> None:
    pcm = write_pcm(tmp_path, 16_000)
    got = run(python_with("livekit"), FOLDER / "livekit_stt.py", system.url, key, pcm)

    assert (got["openai"]["text"], got["deepgram"]["text"]) == (TEXT, TEXT)
    assert {got["openai"]["language"], got["deepgram"]["language"]} == {"en"}
    assert got["deepgram"]["confidence"] > 0


def test_pipecat(system: System, key: str, tmp_path: Path) -> None:
    pcm = write_pcm(tmp_path, 16_000)
    got = run(python_with("pipecat-1"), FOLDER / "pipecat_stt.py", system.url, key, pcm)

    refused = got.pop("refused")
    assert {name: each["texts"] for name, each in got.items()} == {
        "rest": [TEXT],
        "probable": [TEXT],
        "committed": [TEXT],
        "turns": [TEXT],
        "deepgram": [TEXT],
    }
    assert [each["errors"] for each in got.values()] == [[]] * 5
    assert got["committed"]["interim"] > 0
    turns = {"ProposedUserStartedSpeakingFrame", "ProposedUserStoppedSpeakingFrame"}
    assert turns <= set(got["turns"]["kinds"])
    # Its `Finalize` was answered: the turn needn't wait for more.
    assert (got["deepgram"]["are_final"], got["deepgram"]["languages"]) == ([True], ["en"])
    assert refused["texts"] == []
    assert "401" in refused["errors"][0]


def test_home_assistants_bridge(system: System, key: str, tmp_path: Path) -> None:
    """A Wyoming client speaks to `wyoming_openai`, which speaks to us."""
    pcm = write_pcm(tmp_path, 16_000)
    python = python_with("wyoming-openai", at_least=(3, 12))
    ports = [str(free_port()), str(free_port())]
    got = run(python, FOLDER / "wyoming_openai_bridge.py", system.url, key, pcm, *ports)

    assert got["models"] == ["gpt-4o-mini-transcribe", "gpt-4o-transcribe", "whisper-1"]
    assert [got[name]["text"] for name in ("whole", "streamed", "live")] == [TEXT] * 3
    assert "transcript-chunk" in got["streamed"]["kinds"]
    assert "transcript-chunk" in got["live"]["kinds"]
    assert got["refused"] == [None, None]


def test_vosk(system: System, key: str, tmp_path: Path) -> None:
    """As vosk-server's own test.py."""
    pcm = write_pcm(tmp_path, 16_000).read_bytes()
    address = system.url.replace("http://", "ws://") + f"/v1/vosk?language=en&token={key}"
    texts = []
    with websockets.sync.client.connect(address) as socket:
        socket.send(json.dumps({"config": {"sample_rate": 16000}}))
        for start in range(0, len(pcm), 8000):
            socket.send(pcm[start : start + 8000])
            texts.append(json.loads(socket.recv()).get("text", ""))
        socket.send('{"eof" : 1}')
        texts.append(json.loads(socket.recv())["text"])

    assert " ".join(filter(None, texts)) == TEXT


def test_no_process_logs_a_key_of_these_clients(system: System, key: str) -> None:
    address = system.url.replace("http://", "ws://")
    for path, offered in (
        ("/v1/realtime?intent=transcription", ["realtime", f"openai-insecure-api-key.{key}"]),
        ("/v1/listen?model=nova-3&encoding=linear16", ["token", key]),
        (f"/v1/elsewhere?access_token={key}&key={key}", []),
    ):
        with (
            contextlib.suppress(websockets.exceptions.InvalidStatus),
            websockets.sync.client.connect(address + path, subprotocols=offered or None),  # type: ignore[arg-type]
        ):
            pass

    logs = "".join(path.read_text() for path in system.folder.glob("*.log"))
    assert "event=socket path=/v1/realtime" in logs
    assert key not in logs
