"""Containers with tracks, stamps and channels of the test's choice, made with PyAV."""

from __future__ import annotations

import array
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from tests.transcripts.media.recordings import wav_bytes

RATE_HZ = 48_000
_CHUNK = 960  # 20 ms


def speechlike(
    seconds: float,
    *,
    seed: int = 1,
    rate_hz: int = RATE_HZ,
    levels: Sequence[int] = (0, 0, 2_000, 8_000),
) -> array.array[int]:
    """int16: bursts of noise with pauses, as loud as speech, that swing as it does."""
    source = random.Random(seed)
    samples = array.array("h")
    for _ in range(round(seconds * 5)):
        level = source.choice(levels)
        samples.extend(round(source.uniform(-level, level)) for _ in range(rate_hz // 5))
    return samples


@dataclass(frozen=True)
class Sound:
    """One audio track. `gaps`: at that second, nothing is written for so many seconds."""

    samples: array.array[int]  # interleaved
    codec: str = "aac"
    layout: str = "mono"
    starts_s: float = 0.0
    gaps: tuple[tuple[float, float], ...] = ()
    is_default: bool = False


def make_file(path: Path, muxer: str, *sounds: Sound, video: str | None = None) -> Path:
    """Write the tracks to `path`, in order; with grey pictures where `video` names a codec."""
    with av.open(str(path), "w", format=muxer) as container:
        pictures = _add_pictures(container, video)
        streams = [_add_stream(container, sound) for sound in sounds]
        if pictures is not None:
            _write_pictures(container, pictures, seconds=_length_s(sounds))
        for stream, sound in zip(streams, sounds, strict=True):
            _write(container, stream, sound)
    return path


def stereo(left: Sequence[int], right: Sequence[int]) -> array.array[int]:
    both = array.array("h", bytes(4 * len(left)))
    both[0::2], both[1::2] = array.array("h", left), array.array("h", right)
    return both


def write_wav(path: Path, samples: array.array[int], *, channels: int = 1) -> Path:
    path.write_bytes(wav_bytes(samples.tobytes(), channels=channels, rate_hz=RATE_HZ))
    return path


def rms_db(pcm: bytes) -> float:
    samples = array.array("h", pcm)
    power = sum(value * value for value in samples) / max(1, len(samples))
    return 10 * math.log10(max(power, 1e-9) / 32768**2)


def starts_at_s(pcm: bytes, *, behind_s: float = 0.0) -> float:
    """The first loud sample behind a time, in seconds."""
    samples = array.array("h", pcm)
    first = round(behind_s * 16_000)
    return next(at for at in range(first, len(samples)) if abs(samples[at]) > 500) / 16_000


def _length_s(sounds: Sequence[Sound]) -> float:
    return max(len(sound.samples) / RATE_HZ + sound.starts_s for sound in sounds)


def _add_stream(container: Any, sound: Sound) -> Any:
    stream = container.add_stream(sound.codec, rate=RATE_HZ, layout=sound.layout)
    if sound.is_default:
        stream.disposition = av.stream.Disposition.default
    return stream


def _add_pictures(container: Any, codec: str | None) -> Any:
    if codec is None:
        return None
    stream = container.add_stream(codec, rate=25)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    return stream


def _write_pictures(container: Any, stream: Any, *, seconds: float) -> None:
    for number in range(round(seconds * 25)):
        frame = av.VideoFrame(64, 48, "yuv420p")
        for plane in frame.planes:
            plane.update(b"\x80" * plane.buffer_size)
        frame.pts, frame.time_base = number, Fraction(1, 25)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _write(container: Any, stream: Any, sound: Sound) -> None:
    """Encode without a gap, then move the stamps of the packets: as a capture that lost some."""
    channels = av.AudioLayout(sound.layout).nb_channels
    chunk = stream.codec_context.frame_size or _CHUNK
    shift_s = sound.starts_s
    packets = []
    for start in range(0, len(sound.samples) // channels, chunk):
        part = sound.samples[start * channels : (start + chunk) * channels]
        frame = av.AudioFrame(format="s16", layout=sound.layout, samples=len(part) // channels)
        frame.sample_rate, frame.time_base = RATE_HZ, Fraction(1, RATE_HZ)
        frame.pts = start
        frame.planes[0].update(part.tobytes())
        packets += stream.encode(frame)
    packets += stream.encode(None)
    for packet in packets:
        at_s = float((packet.pts or 0) * packet.time_base)
        lost_s = sum(length for place, length in sound.gaps if at_s >= place)
        ticks = round((shift_s + lost_s) / packet.time_base)
        packet.pts, packet.dts = (packet.pts or 0) + ticks, (packet.dts or 0) + ticks
        container.mux(packet)
