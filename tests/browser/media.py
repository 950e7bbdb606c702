"""Recordings that the pages' tests make: a tone, and a picture with a tone."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.transcripts.conftest import write_wav

RATE_HZ = 16_000


def write_tone(path: Path, *, seconds: int) -> None:
    write_wav(path, seconds=seconds)


def write_video(path: Path, *, seconds: int) -> None:
    """Write WebM: a grey picture of 160 × 90, 5 frames a second, and a tone."""
    with av.open(str(path), "w", format="webm") as file:
        picture = file.add_stream("libvpx", rate=5)
        picture.width, picture.height, picture.pix_fmt = 160, 90, "yuv420p"
        sound = file.add_stream("libopus", rate=48_000)
        for number in range(seconds * 5):
            grey = np.full((90, 160, 3), 60 + number % 120, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 5)
            file.mux(picture.encode(frame))
        file.mux(picture.encode(None))
        tone = np.sin(2 * np.pi * 220 * np.arange(seconds * 48_000) / 48_000)
        samples = (tone * 8000).astype(np.int16).reshape(1, -1)
        for first in range(0, samples.shape[1], 960):
            chunk = np.ascontiguousarray(samples[:, first : first + 960])
            audio = av.AudioFrame.from_ndarray(chunk, format="s16", layout="mono")
            audio.sample_rate, audio.pts = 48_000, first
            audio.time_base = Fraction(1, 48_000)
            file.mux(sound.encode(audio))
        file.mux(sound.encode(None))
