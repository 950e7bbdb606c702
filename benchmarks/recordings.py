"""Recordings to measure with: the tiny Whisper's samples; beside real weights real readings."""

import functools
import random
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
from faster_whisper import decode_audio

from benchmarks.weights import IS_REAL, MODEL, ROOT
from tests.real.speech import join, load_real_speech

__all__ = ["MODEL", "RATE_HZ", "ROOT", "SAMPLES", "Pcm"]
SAMPLES = MODEL.parent / "samples"
RATE_HZ = 16_000

Pcm = npt.NDArray[np.int16]


def load_sample(name: str) -> Pcm:
    """Return a sample as int16 (n_samples,), mono, 16 kHz."""
    return np.asarray(decode_audio(str(SAMPLES / name)) * 32767, dtype=np.int16)


@functools.cache
def load_dialogue() -> Pcm:
    """Return what recordings are cut from: int16 (n_samples,), mono, 16 kHz, some minutes."""
    if not IS_REAL:
        return load_sample("long_3min.flac")
    readings = join([speech for _, speech in sorted(load_real_speech().items())], pause_s=0.6)
    return np.round(np.clip(readings.samples, -1, 1) * 32767).astype(np.int16)


def write_wav(path: Path, samples: Pcm) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())
    return path


def write_long(folder: Path, *, minutes: float, seed: int = 0) -> Path:
    """Write a recording of so many minutes: the dialogue, repeated with other starts.

    The seed shifts it, so that no two files are the same to the server's joining of requests.
    """
    dialogue = load_dialogue()
    wanted = int(minutes * 60 * RATE_HZ)
    shift = random.Random(seed).randrange(len(dialogue))  # noqa: S311  # not a secret
    repeated = np.resize(np.roll(dialogue, shift), wanted)
    return write_wav(folder / f"long-{minutes:g}-{seed}.wav", repeated)


def load_roll(seed: int, *, seconds: float) -> Pcm:
    """Return so many seconds of the dialogue, repeated, from where the seed puts it."""
    dialogue = load_dialogue()
    shift = random.Random(seed).randrange(len(dialogue))  # noqa: S311  # not a secret
    return np.resize(np.roll(dialogue, -shift), int(seconds * RATE_HZ))


def write_clip(folder: Path, *, seed: int, seconds: float = 5.0) -> Path:
    """Write a clip of so many seconds, cut from the dialogue at a place that the seed chooses."""
    dialogue = load_dialogue()
    length = int(seconds * RATE_HZ)
    start = random.Random(seed).randrange(len(dialogue) - length)  # noqa: S311  # not a secret
    return write_wav(folder / f"clip-{seconds:g}-{seed}.wav", dialogue[start : start + length])
