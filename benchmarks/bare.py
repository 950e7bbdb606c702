"""The bare library, in a process of its own: what the product is compared with.

    python -m benchmarks.bare batched|single THREADS FILE...

Prints one JSON line: the wall seconds of each file, after one unmeasured warm-up.
`batched` is `BatchedInferencePipeline` with word times (batch 8, its other options as they come);
`batched-timestamps` the same with timestamp tokens, as the product decodes; `single` is
`WhisperModel.transcribe` with word times and VAD, as one would call it for one clip.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from faster_whisper import BatchedInferencePipeline, WhisperModel

from benchmarks.weights import MODEL, ROOT, WEIGHTS


def measure_bare(kind: str, files: list[Path], *, threads: int) -> list[float]:
    """Return the wall seconds that the bare library takes for each file, one after the other."""
    command = [sys.executable, "-m", "benchmarks.bare", kind, str(threads), *map(str, files)]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [float(value) for value in json.loads(printed)]


def _recogniser(kind: str, threads: int) -> Callable[[str], object]:
    model = WhisperModel(str(WEIGHTS), device="cpu", compute_type="int8", cpu_threads=threads)
    pipeline = BatchedInferencePipeline(model)
    if kind == "single":
        return lambda path: list(
            model.transcribe(
                path, word_timestamps=True, vad_filter=True, condition_on_previous_text=False
            )[0]
        )
    without = kind != "batched-timestamps"
    return lambda path: list(
        pipeline.transcribe(path, word_timestamps=True, batch_size=8, without_timestamps=without)[0]
    )


def main(kind: str, threads: str, *files: str) -> None:
    recognise = _recogniser(kind, int(threads))
    recognise(str(MODEL.parent / "samples/en_short_2.flac"))
    seconds = []
    for path in files:
        start = time.perf_counter()
        recognise(path)
        seconds.append(time.perf_counter() - start)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
