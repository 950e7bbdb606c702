"""Short-time spectra of a stream, and back: frames of half-overlapping windows, in any portions.

Frame `n` covers the samples from `(n - 1) * hop` to `(n + 1) * hop`: the stream begins behind one
hop of silence. Synthesis gives back what analysis took, delayed by that one hop.
"""

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

Samples = npt.NDArray[np.float32]
Spectra = npt.NDArray[np.complex64]  # (frames, bins)


def vorbis_window(length: int) -> Samples:
    """Return the power-complementary window of Vorbis and Opus: float32 (length,)."""
    phase = np.sin(np.pi * (np.arange(length) + 0.5) / length)
    return np.sin(np.pi / 2 * phase * phase).astype(np.float32)


def hann_root_window(length: int) -> Samples:
    """Return the root of a periodic Hann window: float32 (length,)."""
    return np.sin(np.pi * np.arange(length) / length).astype(np.float32)


class Analysis:
    """Samples in, spectra out. The window is twice the hop long, and used for both directions."""

    def __init__(self, window: Samples) -> None:
        self._window = window
        self._hop = len(window) // 2
        self._pending = np.zeros(self._hop, np.float32)

    def push(self, samples: Samples) -> Spectra:
        """Return the frames that are complete by now: complex64 (frames, hop + 1)."""
        self._pending = np.concatenate((self._pending, samples))
        frames = max(0, len(self._pending) // self._hop - 1)
        used = frames * self._hop
        if not frames:
            return np.zeros((0, self._hop + 1), np.complex64)
        windows = sliding_window_view(self._pending, 2 * self._hop)[: used : self._hop]
        spectra = np.fft.rfft(windows * self._window, axis=1).astype(np.complex64)
        self._pending = self._pending[used:].copy()
        return spectra


class Synthesis:
    """Spectra in, samples out, hop by hop."""

    def __init__(self, window: Samples) -> None:
        self._window = window
        self._hop = len(window) // 2
        self._tail = np.zeros(self._hop, np.float32)

    def push(self, spectra: Spectra) -> Samples:
        """Return one hop for each frame: float32 (frames * hop,)."""
        if not len(spectra):
            return np.zeros(0, np.float32)
        frames = np.fft.irfft(spectra, n=2 * self._hop, axis=1).astype(np.float32) * self._window
        first, second = frames[:, : self._hop], frames[:, self._hop :]
        out = first.copy()
        out[0] += self._tail
        out[1:] += second[:-1]
        self._tail = second[-1].copy()
        return out.reshape(-1)
