"""Peak memory of each process over a long, large upload.

    python -m benchmarks.memory [HOURS]
    python -m benchmarks.memory speakers [HOURS]

The file is a sparse WAV (28 kHz, mono, 16-bit: 2.0 GB for 10 hours) with ten minutes of dialogue
every hour and silence between. Proportional set size is read from /proc every half second, so
pages shared between processes count once.

`speakers`: hours that are all speech, once without and once with speakers, each on a server of its
own, so that the difference is theirs (real weights: STT_BENCH_WEIGHTS).
"""

import sys
import tempfile
import threading
import time
import wave
from pathlib import Path

import numpy as np
import psutil

from benchmarks.recordings import RATE_HZ, load_dialogue, write_long
from benchmarks.system import System, running_system

FILE_RATE_HZ = 28_000


def write_sparse(path: Path, *, hours: float) -> Path:
    dialogue = np.resize(load_dialogue(), 600 * RATE_HZ)
    positions = np.arange(600 * FILE_RATE_HZ) * (RATE_HZ / FILE_RATE_HZ)
    speech = np.interp(positions, np.arange(len(dialogue)), dialogue).astype(np.int16).tobytes()
    silence = bytes(2 * FILE_RATE_HZ * 60)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(FILE_RATE_HZ)
        for _ in range(max(1, round(hours))):
            file.writeframesraw(speech)
            for _ in range(50):
                file.writeframesraw(silence)
    return path


class MemoryWatch(threading.Thread):
    """Samples every process's memory until stopped; `peaks` and `idle` in MB by name."""

    def __init__(self, system: System) -> None:
        super().__init__(daemon=True)
        self.system = system
        self.idle = self.sample()
        self.peaks = dict(self.idle)
        self.done = threading.Event()

    def sample(self) -> dict[str, float]:
        sizes: dict[str, float] = {}
        for name, process in self.system.processes().items():
            try:
                kind = name if "media child" not in name else "media child"
                sizes[kind] = max(sizes.get(kind, 0.0), process.memory_full_info().pss / 1e6)
            except psutil.NoSuchProcess:
                continue
        return sizes

    def run(self) -> None:
        while not self.done.wait(0.5):
            for name, size in self.sample().items():
                self.peaks[name] = max(self.peaks.get(name, 0.0), size)


def measure(system: System, path: Path, **options: str) -> MemoryWatch:
    """Print what became of one upload and each process's memory meanwhile; return the peaks."""
    watch = MemoryWatch(system)
    watch.start()
    start = time.perf_counter()
    answer = system.transcribe(path, **{"async": "true"}, **options)
    answer.raise_for_status()
    uploaded = time.perf_counter() - start
    final = system.wait_for(answer.json()["id"])
    watch.done.set()
    watch.join()
    print(
        f"{path.stat().st_size / 1e9:.2f} GB, {final['duration']} s: {final['status']}; "
        f"upload {uploaded:.1f} s, all {time.perf_counter() - start:.0f} s"
    )
    for name, peak in sorted(watch.peaks.items()):
        idle = watch.idle.get(name, 0.0)
        print(f"{name}: idle {idle:.0f} MB, peak {peak:.0f} MB, + {peak - idle:.0f} MB")
    return watch


def main(hours: float) -> None:
    with tempfile.TemporaryDirectory() as folder, running_system() as system:
        measure(system, write_sparse(Path(folder) / "long.wav", hours=hours))


def compare_speakers(hours: float) -> None:
    """Print by how much more each process grows where speakers are told."""
    peaks: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = write_long(Path(folder), minutes=60 * hours)
        for wanted in ("false", "true"):
            with running_system() as system:
                print(f"diarize={wanted}")
                peaks.append(_by_kind(measure(system, path, diarize=wanted).peaks))
    without, with_speakers = peaks
    for name in sorted(with_speakers):
        print(f"{name}: + {with_speakers[name] - without.get(name, 0.0):.0f} MB with speakers")


def _by_kind(peaks: dict[str, float]) -> dict[str, float]:
    """Return the largest of each kind of process: a name's end is its pid."""
    kinds: dict[str, float] = {}
    for name, peak in peaks.items():
        kind = name.rsplit(" [", 1)[0]
        kinds[kind] = max(kinds.get(kind, 0.0), peak)
    return kinds


if __name__ == "__main__":
    if sys.argv[1:2] == ["speakers"]:
        compare_speakers(float(sys.argv[2]) if len(sys.argv) > 2 else 3.0)
    else:
        main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)
