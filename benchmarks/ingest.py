"""The web process under load that it must shrug off.

    python -m benchmarks.ingest

1. A 600 MB upload that the tier refuses (no key: 100 MB), once by its length and once chunked.
2. 300 requests that wait for their transcripts: how quickly `/health` answers then, how many
   threads the web process has, how much memory it takes.
"""

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import requests

from benchmarks.recordings import write_clip, write_long
from benchmarks.system import System, running_system

WAITERS = 300


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running_system() as system:
        web = next(p for name, p in system.processes().items() if name.startswith("web"))
        report_refusal(system, Path(folder), web)
        report_waiters(system, Path(folder), web)


def report_refusal(system: System, folder: Path, web: psutil.Process) -> None:
    big = folder / "big.wav"
    with big.open("wb") as file:
        file.truncate(600_000_000)
    for name, header in (("by length", []), ("chunked", ["-H", "Transfer-Encoding: chunked"])):
        before = web.memory_full_info().pss
        start = time.perf_counter()
        command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *header]
        command += ["-F", f"file=@{big}", f"{system.url}/v1/transcribe"]
        status = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        seconds = time.perf_counter() - start
        grown = (web.memory_full_info().pss - before) / 1e6
        print(f"600 MB refused {name}: {status} in {seconds:.2f} s, + {grown:.0f} MB")


def report_waiters(system: System, folder: Path, web: psutil.Process) -> None:
    for n in range(4):  # occupies every slot, so that the rest waits
        system.transcribe(write_long(folder, minutes=60, seed=n), **{"async": "true"})
    threads = web.num_threads()
    before = web.memory_full_info().pss
    clips = [write_clip(folder, seed=n) for n in range(WAITERS)]
    with ThreadPoolExecutor(WAITERS) as pool:
        answers = [pool.submit(system.transcribe, clip) for clip in clips]
        seconds, most_threads = _watch_health(system, web, until=answers[-1].done)
        failed = sum(answer.result().status_code != 200 for answer in answers)
    grown = (web.memory_full_info().pss - before) / 1e6
    print(
        f"{WAITERS} waiting: {failed} failed; /health p50 {statistics.median(seconds) * 1000:.0f}, "
        f"max {max(seconds) * 1000:.0f} ms; threads {threads} → {most_threads}; + {grown:.0f} MB"
    )


def _watch_health(
    system: System, web: psutil.Process, *, until: Callable[[], bool]
) -> tuple[list[float], int]:
    seconds: list[float] = []
    most_threads = 0
    while not until():
        start = time.perf_counter()
        requests.get(f"{system.url}/health", timeout=30)
        seconds.append(time.perf_counter() - start)
        most_threads = max(most_threads, web.num_threads())
        time.sleep(0.2)
    return seconds, most_threads


if __name__ == "__main__":
    main()
