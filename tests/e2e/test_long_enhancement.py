"""Three hours of sound without their noise, through real processes: memory does not grow with them.

No weights are installed: the filter that needs none does it. What the engines themselves take is
measured by `benchmarks.enhancement --hour`.
"""

import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import requests

from tests.e2e.processes import System

pytestmark = [pytest.mark.drills, pytest.mark.e2e]

RATE_HZ = 8_000
HOURS = 3
PROCESSES = ("web", "inference", "worker-short", "worker-bulk")
MOST_GROWTH_BYTES = 100_000_000


def write_noise(path: Path, *, seconds: int) -> Path:
    """A minute of noise, one second loud and one quiet, over and over."""
    random = np.random.default_rng(3)
    loudness = np.repeat(np.tile([3000, 300], 30), RATE_HZ)
    minute = (random.standard_normal(60 * RATE_HZ) * loudness).astype(np.int16).tobytes()
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        for _ in range(seconds // 60):
            file.writeframesraw(minute)
    return path


def memory_bytes(pid: int) -> int:
    process = psutil.Process(pid)
    return sum(each.memory_info().rss for each in [process, *process.children(recursive=True)])


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with System(tmp_path / "data") as running:
        running.start(*PROCESSES)
        yield running


def enhance(system: System, path: Path) -> tuple[requests.Response, dict[str, int]]:
    """Return the cleaned recording, its body unread, and each process's peak in bytes."""
    with path.open("rb") as file:
        sent = requests.post(
            f"{system.url}/v1/enhance-audio",
            headers=system.headers,
            files={"file": file},
            data={"async": "true"},
            timeout=120,
        )
    assert sent.status_code == 202, sent.text
    address = f"{system.url}/api/v1/enhancements/{sent.json()['id']}/"
    peaks = dict.fromkeys(PROCESSES, 0)
    while True:
        state = requests.get(address, headers=system.headers, timeout=30).json()
        for name in PROCESSES:
            peaks[name] = max(peaks[name], memory_bytes(system.pid(name)))
        if state["status"] not in ("queued", "processing"):
            break
        time.sleep(0.5)
    assert state["status"] == "completed", state
    sound = requests.get(f"{address}audio/", headers=system.headers, stream=True, timeout=60)
    return sound, peaks


@pytest.mark.timeout(800)
def test_three_hours_take_the_memory_of_ten_minutes(
    system: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, before = enhance(system, write_noise(tmp_path / "short.wav", seconds=600))
    started_s = time.monotonic()
    sound, peaks = enhance(system, write_noise(tmp_path / "long.wav", seconds=HOURS * 3600))
    took_s = time.monotonic() - started_s
    assert int(sound.headers["Content-Length"]) >= HOURS * 3600 * RATE_HZ * 2
    head = sound.raw.read(12)
    assert (head[:4], head[8:12]) == (b"RIFF", b"WAVE")
    with capsys.disabled():
        shown = {name: [before[name] // 10**6, peaks[name] // 10**6] for name in PROCESSES}
        print(f"\n  3 hours: {took_s:.0f} s; MB after 10 minutes and at the peak: {shown}")  # noqa: T201
    grown = {name: peaks[name] - before[name] for name in PROCESSES}
    assert max(grown.values()) < MOST_GROWTH_BYTES, grown
