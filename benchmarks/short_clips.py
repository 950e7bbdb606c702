"""Short clips: many at once, one on an idle server, and one beside long recordings.

python -m benchmarks.short_clips
"""

import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from benchmarks.bare import measure_bare
from benchmarks.recordings import write_clip, write_long
from benchmarks.system import System, running_system
from benchmarks.weights import IS_REAL, PADDED_NAME

THREADS = 2
CLIPS = 16
CLIP_S = 8.0
PROBES = 20


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_system(STT_CPU_THREADS=str(THREADS)) as system,
    ):
        report_throughput(system, Path(folder))
        idle = report_latency(system, Path(folder), first_seed=1000)
        report_beside_long(system, Path(folder), idle=idle)


def report_throughput(system: System, folder: Path) -> None:
    """16 clips of 8 s at once: the product, the same weights padded to 30 s, the bare library."""
    clips = [write_clip(folder, seed=seed, seconds=CLIP_S) for seed in range(CLIPS)]
    ours = _at_once(system, clips)
    if IS_REAL:
        _at_once(system, clips[:1], model=PADDED_NAME)  # loads the twin
        padded = _at_once(system, clips, model=PADDED_NAME)
        print(f"padded to 30 s: {padded:.2f} s; at their own length: × {padded / ours:.2f}")
    theirs = sum(measure_bare("single", clips, threads=THREADS))
    print(
        f"{CLIPS} clips at once: {ours:.2f} s; bare, one by one: {theirs:.2f} s; "
        f"throughput × {theirs / ours:.2f}"
    )


def _at_once(system: System, clips: list[Path], **options: str) -> float:
    """Return the wall seconds of all clips, sent together."""
    start = time.perf_counter()
    with ThreadPoolExecutor(CLIPS) as pool:
        for answer in pool.map(lambda clip: system.transcribe(clip, **options), clips):
            answer.raise_for_status()
    return time.perf_counter() - start


def report_latency(system: System, folder: Path, *, first_seed: int) -> float:
    """Print the added latency of a clip on an idle server; return its p95 in seconds."""
    clips = [write_clip(folder, seed=first_seed + n) for n in range(PROBES)]
    ours = [_timed(system, clip) for clip in clips]
    theirs = measure_bare("single", clips, threads=THREADS)
    added = [a - b for a, b in zip(ours, theirs, strict=True)]
    print(f"idle, 5-s clip: {_spread(ours)}; bare {_spread(theirs)}; added {_spread(added)}")
    return _p95(ours)


def report_beside_long(system: System, folder: Path, *, idle: float) -> None:
    for queued in (1, 20):
        ids = [
            system.transcribe(
                write_long(folder, minutes=120, seed=queued * 100 + n), **{"async": "true"}
            ).json()["id"]
            for n in range(queued)
        ]
        time.sleep(3)  # let recognition of the long one begin
        clips = [write_clip(folder, seed=2000 + queued * 100 + n) for n in range(PROBES)]
        seconds = [_timed(system, clip) for clip in clips]
        print(
            f"beside {queued} two-hour file(s): {_spread(seconds)}; "
            f"× {_p95(seconds) / idle:.2f} of the idle p95"
        )
        for transcript_id in ids:
            requests.delete(
                f"{system.url}/api/v1/transcripts/{transcript_id}/",
                headers={"Authorization": f"Bearer {system.key}"},
                timeout=60,
            )


def _timed(system: System, clip: Path) -> float:
    start = time.perf_counter()
    system.transcribe(clip).raise_for_status()
    return time.perf_counter() - start


def _spread(seconds: list[float]) -> str:
    return f"p50 {statistics.median(seconds) * 1000:.0f} ms, p95 {_p95(seconds) * 1000:.0f} ms"


def _p95(values: list[float]) -> float:
    return sorted(values)[max(0, round(len(values) * 0.95) - 1)]


if __name__ == "__main__":
    main()
