"""A copy with beeps, read again before it is handed out: is there nothing but the tone in them?"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from transcripts.media import open_decoder

_SAMPLES_PER_MS: Final = 16
_BEEP_HZ: Final = 1000
# MP3 smears what is beside an interval into its ends, and shifts the whole by its encoder's delay.
_EDGE_MS: Final = 90
# Of an interval's power, what isn't the tone: MP3 leaves 0.0002 of it (measured), speech 0.9.
_MOST_REST: Final = 0.02
# In chunks, so that a short word in a long interval isn't averaged away.
_CHUNK_MS: Final = 100
_OFF_MS: Final = 200


def is_beeped(
    path: Path,
    *,
    intervals_ms: Sequence[tuple[int, int]],
    duration_ms: int,
    on_progress: Callable[[int], None],
) -> bool:
    """Whether the copy lasts as long as the recording, and has the tone alone in all intervals.

    on_progress: called with the ms that were read. Decodes the copy once, in a child: 150 to 600 ×
    real time, flat memory. Raises MediaError, DecoderDiedError.
    """
    check = _ToneCheck(
        [
            (start_ms + _EDGE_MS, min(end_ms, duration_ms) - _EDGE_MS)
            for start_ms, end_ms in intervals_ms
        ]
    )
    with open_decoder(path) as decoder:
        for chunk in decoder:
            if not check.take(np.frombuffer(chunk, dtype="<i2")):
                return False
            on_progress(decoder.decoded_ms)
        return abs(decoder.decoded_ms - duration_ms) <= _OFF_MS


class _ToneCheck:
    """Takes the copy's samples in order; holds back what a chunk that isn't over needs of them."""

    def __init__(self, intervals_ms: Sequence[tuple[int, int]]) -> None:
        self._chunks = [
            (at * _SAMPLES_PER_MS, min(at + _CHUNK_MS, end_ms) * _SAMPLES_PER_MS)
            for start_ms, end_ms in intervals_ms
            for at in range(start_ms, end_ms, _CHUNK_MS)
        ]
        self._next = 0
        self._position = 0
        self._held: NDArray[np.int16] = np.empty(0, dtype=np.int16)

    def take(self, samples: NDArray[np.int16]) -> bool:
        """Return False once a chunk has something else than the tone."""
        held = np.concatenate([self._held, samples])
        first = self._position - len(self._held)
        self._position += len(samples)
        while self._next < len(self._chunks):
            start, end = self._chunks[self._next]
            if end > self._position:
                break
            self._next += 1
            if not _is_tone(held[start - first : end - first]):
                return False
        wanted = self._chunks[self._next][0] if self._next < len(self._chunks) else self._position
        self._held = held[max(0, min(wanted - first, len(held))) :]
        return True


def _is_tone(samples: NDArray[np.int16]) -> bool:
    """Whether what is left without the tone is next to nothing."""
    values = samples.astype(np.float64)
    power = float(values @ values)
    if len(values) < _SAMPLES_PER_MS * 10:
        return True  # too short to hold a sound of speech
    angle = 2 * np.pi * _BEEP_HZ / (1000 * _SAMPLES_PER_MS) * np.arange(len(values))
    waves = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    fitted, *_ = np.linalg.lstsq(waves, values, rcond=None)
    rest = values - waves @ fitted
    return power > 0 and float(rest @ rest) <= _MOST_REST * power
