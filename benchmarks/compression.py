"""What a coding costs and saves: `python -m benchmarks.compression FILE…`.

Of each file (the HTML of a long transcript's page, saved with curl; a JSON answer) and each quality
of Brotli and level of gzip: bytes, and milliseconds of this process's own processor time, so that
what else the machine does counts little. `asgi/compression` compresses each answer anew, so its
quality is the last one before time grows faster than bytes shrink; `static.py` compresses a file
once and can take more.
"""

import statistics
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import brotli

RUNS = 5


def codings(content: bytes) -> Iterator[tuple[str, Callable[[], bytes]]]:
    for quality in (1, 3, 4, 5, 6, 7, 9, 11):
        mode = brotli.MODE_TEXT
        yield f"br {quality}", partial(brotli.compress, content, mode=mode, quality=quality)
    for level in (1, 6, 9):
        yield f"gzip {level}", partial(zlib.compress, content, level)


def measure(compress: Callable[[], bytes], *, runs: int) -> tuple[int, float]:
    times = []
    for _ in range(runs):
        started = time.process_time()
        compressed = compress()
        times.append(time.process_time() - started)
    return len(compressed), 1000 * statistics.median(times)


def main() -> None:
    for path in map(Path, sys.argv[1:]):
        content = path.read_bytes()
        print(f"{path.name}: {len(content) / 1000:.0f} kB")
        for name, compress in codings(content):
            size, ms = measure(compress, runs=1 if name == "br 11" else RUNS)
            print(f"  {name:8} {size / 1000:7.1f} kB {ms:8.1f} ms")


if __name__ == "__main__":
    main()
