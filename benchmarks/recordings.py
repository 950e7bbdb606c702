"""Recordings to measure with, cut and joined from the tiny Whisper's own samples."""

import os
import random
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
from faster_whisper import decode_audio

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "tests" / "models" / "whisper-en-cs-tiny" / "model"
SAMPLES = MODEL.parent / "samples"
RATE_HZ = 16_000

Pcm = npt.NDArray[np.int16]


def read_weights() -> Path:
    """Return the folder of the weights to measure with: STT_BENCH_WEIGHTS, else the tiny model."""
    return Path(os.environ.get("STT_BENCH_WEIGHTS", MODEL))


def load_sample(name: str) -> Pcm:
    """Return a sample as int16 (n_samples,), mono, 16 kHz."""
    return np.asarray(decode_audio(str(SAMPLES / name)) * 32767, dtype=np.int16)


def write_wav(path: Path, samples: Pcm) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())
    return path


def write_long(folder: Path, *, minutes: float, seed: int = 0) -> Path:
    """Write a recording of so many minutes: the 3-minute dialogue, repeated with other starts.

    The seed shifts it, so that no two files are the same to the server's joining of requests.
    """
    dialogue = load_sample("long_3min.flac")
    wanted = int(minutes * 60 * RATE_HZ)
    shift = random.Random(seed).randrange(len(dialogue))  # noqa: S311  # not a secret
    repeated = np.resize(np.roll(dialogue, shift), wanted)
    return write_wav(folder / f"long-{minutes:g}-{seed}.wav", repeated)


def load_roll(seed: int, *, seconds: float) -> Pcm:
    """Return so many seconds of the dialogue, repeated, from where the seed says."""
    dialogue = load_sample("long_3min.flac")
    shift = random.Random(seed).randrange(len(dialogue))  # noqa: S311  # not a secret
    return np.resize(np.roll(dialogue, -shift), int(seconds * RATE_HZ))


def write_clip(folder: Path, *, seed: int, seconds: float = 5.0) -> Path:
    """Write a clip of so many seconds, cut from the dialogue at a place that the seed chooses."""
    dialogue = load_sample("long_3min.flac")
    length = int(seconds * RATE_HZ)
    start = random.Random(seed).randrange(len(dialogue) - length)  # noqa: S311  # not a secret
    return write_wav(folder / f"clip-{seconds:g}-{seed}.wav", dialogue[start : start + length])
