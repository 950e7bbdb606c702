"""The peaks of a recording's sound: what a waveform is drawn of."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

_RATE_HZ = 16_000
_MOST_A_SECOND = 50
_FEWEST_A_SECOND = 4  # 14,400 bytes an hour
_WANTED = 14_400
_FLOOR_DB = 54.0  # what is softer is drawn as silence


@dataclass(frozen=True)
class Peaks:
    """`levels`: one byte each, 0 silence to 255 full scale, on a scale of decibels."""

    a_second: int
    levels: bytes


def peaks_a_second(length_ms: int) -> int:
    """Return how many peaks a second of such a recording has: an hour and longer 4."""
    wanted = _WANTED * 1000 // max(1, length_ms)
    return max(_FEWEST_A_SECOND, min(_MOST_A_SECOND, wanted))


def measure_peaks(chunks: Iterable[bytes | memoryview], *, a_second: int) -> Peaks:
    """Return the peaks of PCM: int16 LE, mono, 16 kHz, in chunks of whole samples.

    Reads `chunks` to their end; the memory is that of a chunk and a byte a peak.
    """
    samples_a_peak = _RATE_HZ // a_second
    levels = bytearray()
    rest = np.empty(0, np.int16)
    for chunk in chunks:
        samples = np.concatenate([rest, np.frombuffer(chunk, "<i2")])
        whole = len(samples) - len(samples) % samples_a_peak
        levels += _as_levels(samples[:whole].reshape(-1, samples_a_peak))
        rest = samples[whole:]
    if len(rest):
        levels += _as_levels(rest.reshape(1, -1))
    return Peaks(a_second, bytes(levels))


def _as_levels(rows: "np.ndarray[tuple[int, int], np.dtype[np.int16]]") -> bytes:
    if not len(rows):
        return b""
    highest = np.abs(rows.astype(np.int32)).max(axis=1) / 32768
    decibels = 20 * np.log10(np.maximum(highest, 1e-6))
    levels = np.clip(255 * (1 + decibels / _FLOOR_DB), 0, 255).round().astype(np.uint8)
    return bytes(levels.tobytes())
