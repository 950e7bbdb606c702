"""Peaks held below a ceiling, without delay and without a sample less.

The gain falls before a peak and rises behind it, by a running least and a running mean over the
same time: no sample exceeds the ceiling. One gain for all channels.
"""

import numpy as np
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from transcripts.enhancement.loudness import REACH, Samples, list_loud, oversampled_peaks

_REACH_S = 0.02
_BETWEEN = 16  # samples, beyond which the peaks between samples don't depend on each other


class Limiter:
    """A gain, and behind it the ceiling, an amplitude of true peaks; portion by portion."""

    def __init__(self, *, rate_hz: int, channels: int, gain: float, ceiling: float) -> None:
        self._gain, self._ceiling = gain, ceiling
        self._reach = max(1, round(_REACH_S * rate_hz))
        self._around = 2 * self._reach + _BETWEEN  # what the gain at a sample depends on
        self._pending = np.zeros((self._around, channels), np.float32)
        self._before = self._around  # of these, what was given already

    def push(self, samples: Samples) -> Samples:
        """Return what is certain by now: float32 (frames, channels)."""
        self._pending = np.concatenate((self._pending, samples * np.float32(self._gain)))
        return self._limit(len(self._pending) - self._around)

    def finish(self) -> Samples:
        end = len(self._pending)
        silence = np.zeros((self._around, self._pending.shape[1]), np.float32)
        self._pending = np.concatenate((self._pending, silence))
        return self._limit(end)

    def _limit(self, end: int) -> Samples:
        """Return the frames up to `end`, and keep what those behind them depend on."""
        if end <= self._before:
            return self._pending[:0]
        given = self._pending[self._before : end]
        if 2 * np.abs(self._pending).max() > self._ceiling:
            given = given * self._find_gains()[self._before : end, np.newaxis]
        dropped = end - self._around
        self._pending = self._pending[dropped:]
        self._before = self._around
        return given.astype(np.float32)

    def _find_gains(self) -> Samples:
        needed = np.ones(len(self._pending))
        for start, end in list_loud(self._pending, above=self._ceiling):
            peaks = oversampled_peaks(self._pending[start:end])[REACH:-REACH]
            needed[start + REACH : end - REACH] = self._ceiling / np.maximum(peaks, self._ceiling)
        size = 2 * self._reach + 1
        gains: Samples = uniform_filter1d(minimum_filter1d(needed, size), size).astype(np.float32)
        return gains
