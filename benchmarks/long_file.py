"""A 10-minute recording through HTTP → worker → gRPC, against the bare library, in one run.

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

THREADS = 2


def measure_product(system: System, path: Path) -> float:
    start = time.perf_counter()
    answer = system.transcribe(path)
    answer.raise_for_status()
    return time.perf_counter() - start


def main(minutes: float, rounds: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_system(STT_CPU_THREADS=str(THREADS)) as system,
    ):
        product: list[float] = []
        bare: dict[str, list[float]] = {"batched": [], "batched-timestamps": []}
        for seed in range(rounds):
            path = write_long(Path(folder), minutes=minutes, seed=seed)
            product.append(measure_product(system, path))
            for kind, seconds in bare.items():
                seconds.extend(measure_bare(kind, [path], threads=THREADS))
    ours = statistics.median(product)
    print(f"product: {ours:.2f} s {[round(s, 2) for s in product]}, RTFx {minutes * 60 / ours:.0f}")
    for kind, seconds in bare.items():
        theirs = statistics.median(seconds)
        print(f"{kind}: {theirs:.2f} s {[round(s, 2) for s in seconds]}; ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(float(arguments[0]) if arguments else 10.0, int(arguments[1]) if len(arguments) > 1 else 3)
