"""What another service's REST dialect adds to a call, beside ours.

    python -m benchmarks.rest_dialects [TIMES]

One recording, sent by turns to `/v1/transcribe` and to each dialect's address that answers with the
text. After the first round each call joins what was transcribed, so that nothing is recognised:
what is timed is the upload, the key, finding the transcript, and writing the answer. Prints the
medians, their differences and their ratios.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import requests

from tests.contract.conftest import RECORDING, TEXT, TINY
from tests.e2e.processes import System

_TIMEOUT_S = 300


def make_ways(url: str, key: str) -> dict[str, Callable[[], requests.Response]]:
    """Return a call by each dialect, over a connection of its own that stays open."""
    sound = RECORDING.read_bytes()
    bearer = {"Authorization": f"Bearer {key}"}

    def caller(path: str, **options: object) -> Callable[[], requests.Response]:
        session = requests.Session()

        def call() -> requests.Response:
            return session.post(url + path, timeout=_TIMEOUT_S, **options)  # type: ignore[arg-type]

        return call

    form = {"file": ("talk.flac", sound)}
    return {
        "native": caller("/v1/transcribe", headers=bearer, files=form, data={"diarize": "false"}),
        "openai": caller(
            "/v1/audio/transcriptions", headers=bearer, files=form, data={"model": "whisper-1"}
        ),
        "deepgram": caller(
            "/v1/listen?smart_format=true", headers={"Authorization": f"Token {key}"}, data=sound
        ),
        "whisper-asr": caller(
            "/asr?output=json", auth=("x", key), files={"audio_file": ("talk.flac", sound)}
        ),
    }


def measure(url: str, key: str, times: int) -> None:
    taken: dict[str, list[float]] = {}
    ways = make_ways(url, key)
    for number in range(times + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            answer = way()
            lasted_ms = 1000 * (time.perf_counter() - began)
            assert answer.status_code == 200, answer.text
            assert TEXT in answer.text
            if number:  # the first is recognised
                taken.setdefault(name, []).append(lasted_ms)
    native = statistics.median(taken["native"])
    for name, all_ms in taken.items():
        median = statistics.median(all_ms)
        print(f"{name:12} {median:7.1f} ms  {median - native:+6.1f} ms  x{median / native:.2f}")


def main(times: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "models").mkdir()
        (folder / "models" / TINY.name).symlink_to(TINY / "model")
        env = {"STT_MODELS_DIR": str(folder / "models")}
        with System(folder / "data", env=env) as system:
            system.start("inference", "worker-short", "web")
            measure(system.url, system.headers["Authorization"].removeprefix("Bearer "), times)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
