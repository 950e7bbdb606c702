"""PCM for tests: int16 little-endian, mono, 16 kHz."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from faster_whisper import decode_audio

TINY_MODEL = Path(__file__).parent.parent / "weights" / "whisper-en-cs-tiny"
BYTES_PER_S = 32_000


@lru_cache(maxsize=16)
def load_pcm(name: str) -> bytes:
    """Read one of the tiny model's samples."""
    samples = decode_audio(str(TINY_MODEL / "samples" / f"{name}.flac"))
    return bytes(np.round(samples * 32767).astype("<i2"))


def make_silence(seconds: float) -> bytes:
    return bytes(2 * round(16_000 * seconds))


def make_tone(seconds: float) -> bytes:
    """440 Hz at half of full scale."""
    times = np.arange(round(16_000 * seconds)) / 16_000
    return np.round(16_000 * np.sin(2 * np.pi * 440 * times)).astype("<i2").tobytes()
