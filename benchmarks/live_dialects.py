"""What another service's live protocol adds: from a client's commit to its text, beside ours.

    python -m benchmarks.live_dialects [TIMES]

One sentence, sent at once, by turns over `WS /v1/stream` (`finalize`, until the last `text`) and
over `WS /v1/realtime` (`commit`, until `completed`) at 16 and 24 kHz: the product's processes, the
3 MB Whisper of the tests. Prints the medians, their difference and their ratio. What limits it is
the recognition that both wait for: a ratio near 1 is none of the protocol's.
"""

import base64
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import websockets.sync.client
from faster_whisper import decode_audio

from tests.contract.conftest import RECORDING, TEXT, TINY
from tests.e2e.processes import System

_LAST_WORD = TEXT.split()[-1]


def read_pcm(rate_hz: int) -> bytes:
    samples = decode_audio(str(RECORDING), sampling_rate=rate_hz)
    return bytes(np.round(samples * 32767).astype("<i2").tobytes())


def time_native(address: str, headers: dict[str, str], pcm: bytes) -> float:
    """Return milliseconds from `finalize` to the last final text."""
    url = f"{address}/v1/stream?language=en"
    with websockets.sync.client.connect(url, additional_headers=headers) as socket:
        socket.recv()
        socket.send(json.dumps({"language": "en"}))
        while json.loads(socket.recv()).get("status") != "started":
            pass
        socket.send(pcm)
        began = time.perf_counter()
        socket.send(json.dumps({"action": "finalize"}))
        while _LAST_WORD not in json.loads(socket.recv())["text"]:
            pass
        return 1000 * (time.perf_counter() - began)


def time_realtime(address: str, headers: dict[str, str], pcm: bytes, *, rate_hz: int) -> float:
    """Return milliseconds from `commit` to `completed`."""
    url = f"{address}/v1/realtime?intent=transcription"
    sound = {
        "format": {"type": "audio/pcm", "rate": rate_hz},
        "transcription": {"model": "whisper-1", "language": "en"},
        "turn_detection": None,
    }
    with websockets.sync.client.connect(url, additional_headers=headers) as socket:
        session = {"type": "transcription", "audio": {"input": sound}}
        socket.send(json.dumps({"type": "session.update", "session": session}))
        # A first commit of silence, so that the session is open and what is measured is a commit.
        for audio in (bytes(rate_hz // 5), pcm):
            sent = {"type": "input_audio_buffer.append", "audio": base64.b64encode(audio).decode()}
            socket.send(json.dumps(sent))
            began = time.perf_counter()
            socket.send(json.dumps({"type": "input_audio_buffer.commit"}))
            while not (event := json.loads(socket.recv()))["type"].endswith(".completed"):
                pass
        assert event["transcript"] == TEXT, event
        return 1000 * (time.perf_counter() - began)


def main(times: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "models").mkdir()
        (folder / "models" / TINY.name).symlink_to(TINY / "model")
        env = {"STT_MODELS_DIR": str(folder / "models")}
        with System(folder / "data", env=env) as system:
            system.start("inference", "web")
            measure(system.url.replace("http://", "ws://"), dict(system.headers), times)


def measure(address: str, headers: dict[str, str], times: int) -> None:
    wide, narrow = read_pcm(24_000), read_pcm(16_000)
    ways: dict[str, Callable[[], float]] = {
        "native": lambda: time_native(address, headers, narrow),
        "realtime, 16 kHz": lambda: time_realtime(address, headers, narrow, rate_hz=16_000),
        "realtime, 24 kHz": lambda: time_realtime(address, headers, wide, rate_hz=24_000),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(times + 1):
        for name, way in ways.items():
            lasted_ms = way()
            if number:  # the first warms up
                taken[name].append(lasted_ms)
    native = statistics.median(taken["native"])
    for name, all_ms in taken.items():
        median = statistics.median(all_ms)
        print(f"{name:18} {median:7.1f} ms  {median - native:+6.1f} ms  x{median / native:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
