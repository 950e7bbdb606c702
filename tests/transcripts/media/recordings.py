"""Makes recordings in every promised container, with PyAV: a tone, or noise that repeats nowhere.

Video tracks hold grey pictures of 64 × 48. Everything is deterministic.
"""

import array
import math
import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

TONE_HZ = 440
_FPS = 25


@dataclass(frozen=True)
class Recipe:
    """How to make one container. `name` is what a probe should call it."""

    name: str
    muxer: str
    audio: str | None
    video: str | None = None
    layout: str = "mono"
    rate_hz: int = 48_000
    options: dict[str, str] = field(default_factory=dict)
    bit_rate: int | None = None
    muxer_options: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


RECIPES = {
    "mp3": Recipe("MP3", "mp3", "libmp3lame"),
    "wav": Recipe("WAV", "wav", "pcm_s16le"),
    "flac": Recipe("FLAC", "flac", "flac"),
    "ogg": Recipe("Ogg", "ogg", "vorbis", layout="stereo", options={"strict": "experimental"}),
    "m4a": Recipe("M4A", "ipod", "aac"),
    "aac": Recipe("AAC", "adts", "aac"),
    "opus": Recipe("Opus", "ogg", "libopus"),
    # FFmpeg's WMA encoder wants at least 24 kbit/s and one of the old sample rates.
    "wma": Recipe("Windows Media Audio", "asf", "wmav2", rate_hz=44_100, bit_rate=128_000),
    "mp4": Recipe("MP4", "mp4", "aac", "libx264"),
    "webm": Recipe("WebM", "webm", "libopus", "libvpx"),
    "mkv": Recipe("Matroska", "matroska", "flac", "libx264"),
    "avi": Recipe("AVI", "avi", "libmp3lame", "mpeg4"),
    "mov": Recipe("QuickTime", "mov", "pcm_s16le", "libx264"),
    "wmv": Recipe("Windows Media Video", "asf", "wmav2", "wmv2", rate_hz=44_100, bit_rate=128_000),
    "mpg": Recipe("MPEG", "mpeg", "mp2", "mpeg1video"),
    "mpeg": Recipe("MPEG", "vob", "mp2", "mpeg2video"),
}

Source = Callable[[int, int], bytes]


def tone(samples: int, rate_hz: int) -> bytes:
    """int16 LE, one channel: a sine at 440 Hz, a quarter of full scale."""
    second = array.array(
        "h", (round(8000 * math.sin(2 * math.pi * TONE_HZ * i / rate_hz)) for i in range(rate_hz))
    ).tobytes()
    return (second * (samples // rate_hz + 1))[: samples * 2]


def noise(samples: int, rate_hz: int) -> bytes:
    """int16 LE, one channel: white noise, always the same."""
    return random.Random(rate_hz).randbytes(samples * 2)


def silence(samples: int, rate_hz: int) -> bytes:
    return bytes(samples * 2)


def make_recording(
    path: Path, recipe: Recipe, *, seconds: float = 2.0, source: Source = tone
) -> Path:
    """Write a recording by `recipe` to `path`; every channel carries the same."""
    with av.open(str(path), "w", format=recipe.muxer, options=recipe.muxer_options) as container:
        video = _add_video(container, recipe)
        audio = _add_audio(container, recipe)
        if video is not None:
            _encode(container, video, _pictures(seconds))
        if audio is not None:
            _encode(container, audio, _frames(recipe, seconds, source))
    return path


def wav_bytes(
    data: bytes, *, channels: int = 1, rate_hz: int = 16_000, bits: int = 16, tag: int = 1
) -> bytes:
    """A WAV file around interleaved samples. `tag`: 1 for integers, 3 for floats."""
    block = channels * bits // 8
    layout = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * block, block, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(layout)) + layout
    body += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _add_audio(container: Any, recipe: Recipe) -> Any:
    if recipe.audio is None:
        return None
    stream = container.add_stream(recipe.audio, rate=recipe.rate_hz, layout=recipe.layout)
    stream.codec_context.options = recipe.options
    if recipe.bit_rate is not None:
        stream.codec_context.bit_rate = recipe.bit_rate
    return stream


def _add_video(container: Any, recipe: Recipe) -> Any:
    if recipe.video is None:
        return None
    stream = container.add_stream(recipe.video, rate=_FPS)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    return stream


def _encode(container: Any, stream: Any, frames: Iterator[Any]) -> None:
    for frame in frames:
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _pictures(seconds: float) -> Iterator[av.VideoFrame]:
    for index in range(round(seconds * _FPS)):
        frame = av.VideoFrame(64, 48, "yuv420p")
        for plane in frame.planes:
            plane.update(b"\x80" * plane.buffer_size)
        frame.pts, frame.time_base = index, Fraction(1, _FPS)
        yield frame


def _frames(recipe: Recipe, seconds: float, source: Source) -> Iterator[av.AudioFrame]:
    samples = round(seconds * recipe.rate_hz)
    channels = av.AudioLayout(recipe.layout).nb_channels
    mono = array.array("h", source(samples, recipe.rate_hz))
    for start in range(0, len(mono), recipe.rate_hz):
        part = mono[start : start + recipe.rate_hz]
        interleaved = array.array("h", bytes(len(part) * 2 * channels))
        for channel in range(channels):
            interleaved[channel::channels] = part
        frame = av.AudioFrame(format="s16", layout=recipe.layout, samples=len(part))
        frame.sample_rate, frame.time_base = recipe.rate_hz, Fraction(1, recipe.rate_hz)
        frame.pts = start + round(recipe.delay_s * recipe.rate_hz)
        frame.planes[0].update(interleaved.tobytes())
        yield frame
