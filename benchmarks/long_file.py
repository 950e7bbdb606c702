"""A 10-minute recording through HTTP → worker → gRPC, against the bare library, in one run.

Without speakers, and with real weights (STT_BENCH_WEIGHTS) also with them.

    python -m benchmarks.long_file [MINUTES] [ROUNDS]

Both sides alternate, so that what else the machine does hits both alike; the median counts.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bare import measure_bare
from benchmarks.recordings import write_long
from benchmarks.system import System, running_system
from benchmarks.weights import IS_REAL

THREADS = 2


def measure_product(system: System, path: Path, **options: str) -> float:
    """Return the wall seconds of one upload; prints what it answered."""
    start = time.perf_counter()
    answer = system.transcribe(path, **options)
    answer.raise_for_status()
    seconds = time.perf_counter() - start
    result = answer.json()
    words = sum(len(segment["text"].split()) for segment in result["segments"])
    print(f"  {options or 'plain'}: {seconds:.2f} s, {words} words, gaps {result['gaps']}")
    return seconds


def main(minutes: float, rounds: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_system(STT_CPU_THREADS=str(THREADS)) as system,
    ):
        product: list[float] = []
        diarized: list[float] = []
        bare: dict[str, list[float]] = {"batched": [], "batched-timestamps": []}
        for seed in range(rounds):
            path = write_long(Path(folder), minutes=minutes, seed=seed)
            product.append(measure_product(system, path))
            if IS_REAL:
                diarized.append(measure_product(system, path, diarize="true"))
            for kind, seconds in bare.items():
                seconds.extend(measure_bare(kind, [path], threads=THREADS))
    ours = statistics.median(product)
    print(f"product: {ours:.2f} s {[round(s, 2) for s in product]}, RTFx {minutes * 60 / ours:.0f}")
    for kind, seconds in bare.items():
        theirs = statistics.median(seconds)
        print(f"{kind}: {theirs:.2f} s {[round(s, 2) for s in seconds]}; ratio {ours / theirs:.2f}")
        if diarized:
            print(f"  with speakers: ratio {statistics.median(diarized) / theirs:.2f}")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(float(arguments[0]) if arguments else 10.0, int(arguments[1]) if len(arguments) > 1 else 3)
