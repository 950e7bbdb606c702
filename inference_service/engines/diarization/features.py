"""Frames of speech as numbers: mel-frequency cepstra, loudness and pitch, vectorised.

Owns no decision: which frames matter is for `splitting` to say, and what they say of a voice for
`statistics`.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.fft import dct, irfft, rfft
from scipy.sparse import csr_array

from inference_service.engines.diarization.embedder import SAMPLE_RATE_HZ, Samples

Matrix = npt.NDArray[np.float32]

HOP_SAMPLES = 160  # 10 ms
FRAME_SAMPLES = 400  # 25 ms
FFT_SIZE = 512
MEL_BANDS = 30
CEPSTRA = 19  # c1…c19: c0 is loudness, which tells distances from a microphone, not people
LOWEST_HZ = 100.0
HIGHEST_HZ = 7600.0

PITCH_FRAME_SAMPLES = 640  # 40 ms: two periods of the lowest pitch
PITCH_HOPS = 2  # a pitch every 20 ms
LOWEST_PITCH_HZ = 60
HIGHEST_PITCH_HZ = 400
VOICED_CORRELATION = 0.5  # normalised autocorrelation above which a frame counts as voiced


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """One row per 10 ms."""

    cepstra: Matrix  # (n_frames, CEPSTRA)
    loudness_db: Matrix  # (n_frames,)
    log_pitch: Matrix  # (n_frames,), natural log of Hz; NaN where nothing is voiced

    def __len__(self) -> int:
        return len(self.loudness_db)

    def pick(self, rows: "slice | npt.NDArray[np.bool_]") -> "Frames":
        return Frames(self.cepstra[rows], self.loudness_db[rows], self.log_pitch[rows])


def analyse(samples: Samples) -> Frames:
    """samples: float32 (n_samples,), mono, 16 kHz. Fewer than a frame gives no rows."""
    framed = _frames(samples, FRAME_SAMPLES, HOP_SAMPLES)
    emphasised = framed.copy()
    emphasised[:, 1:] -= 0.97 * framed[:, :-1]
    power = np.abs(rfft(emphasised * _hamming(FRAME_SAMPLES), FFT_SIZE, axis=1)) ** 2
    bands = np.log(power @ _mel_filters() + 1e-8)
    cepstra = dct(bands, type=2, norm="ortho", axis=1)[:, 1 : CEPSTRA + 1]
    loudness_db = 10 * np.log10(np.mean(framed**2, axis=1) + 1e-10)
    return Frames(
        cepstra.astype(np.float32),
        loudness_db.astype(np.float32),
        _log_pitch(samples, len(framed)),
    )


def _frames(samples: Samples, size: int, hop: int) -> Matrix:
    if samples.size < size:
        return np.zeros((0, size), np.float32)
    return np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]


def _log_pitch(samples: Samples, n_frames: int) -> Matrix:
    """By the peak of the normalised autocorrelation (Boersma 1993, without interpolation)."""
    half = (PITCH_FRAME_SAMPLES - FRAME_SAMPLES) // 2
    padded = np.pad(samples, (half, PITCH_FRAME_SAMPLES))
    framed = _frames(padded, PITCH_FRAME_SAMPLES, HOP_SAMPLES * PITCH_HOPS)
    framed = framed[: -(-n_frames // PITCH_HOPS)]
    centred = (framed - framed.mean(axis=1, keepdims=True)) * _hann(PITCH_FRAME_SAMPLES)
    size = 1024
    correlation = irfft(np.abs(rfft(centred, size, axis=1)) ** 2, size, axis=1)
    shortest, longest = SAMPLE_RATE_HZ // HIGHEST_PITCH_HZ, SAMPLE_RATE_HZ // LOWEST_PITCH_HZ
    lags = np.arange(shortest, longest + 1)
    normalised = correlation[:, lags] / (correlation[:, :1] + 1e-9) / _window_correlation()[lags]
    best = _first_high_peak(normalised)
    strength = normalised[np.arange(len(best)), best]
    pitch = np.log(SAMPLE_RATE_HZ / lags[best])
    pitch[strength < VOICED_CORRELATION] = np.nan
    return np.repeat(pitch, PITCH_HOPS)[:n_frames].astype(np.float32)


def _first_high_peak(normalised: Matrix) -> npt.NDArray[np.intp]:
    """The shortest lag that is nearly as good as the best: the others are its multiples."""
    near_best = normalised >= 0.9 * normalised.max(axis=1, keepdims=True, initial=0)
    first = near_best.argmax(axis=1)
    span = first[:, None] + np.arange(12)  # its peak lies within a few samples
    inside = np.minimum(span, normalised.shape[1] - 1)
    return np.asarray(
        inside[np.arange(len(first)), np.take_along_axis(normalised, inside, 1).argmax(axis=1)]
    )


@lru_cache(maxsize=1)
def _window_correlation() -> Matrix:
    window = _hann(PITCH_FRAME_SAMPLES)
    correlation = irfft(np.abs(rfft(window, 2048)) ** 2, 2048)
    return np.asarray(correlation / correlation[0], np.float32)


@lru_cache(maxsize=4)
def _hamming(size: int) -> Matrix:
    return np.hamming(size).astype(np.float32)


@lru_cache(maxsize=4)
def _hann(size: int) -> Matrix:
    return np.hanning(size).astype(np.float32)


@lru_cache(maxsize=1)
def _mel_filters() -> csr_array:
    """(FFT_SIZE // 2 + 1, MEL_BANDS) triangles, evenly spaced in mel (O'Shaughnessy 1987).

    Sparse, so that no BLAS wakes its threads for it: recognition needs the cores.
    """

    def mel(hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
        return 1127 * np.log1p(np.asarray(hz) / 700)

    edges = np.linspace(float(mel(LOWEST_HZ)), float(mel(HIGHEST_HZ)), MEL_BANDS + 2)
    at = mel(np.fft.rfftfreq(FFT_SIZE, 1 / SAMPLE_RATE_HZ))
    rising = (at - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - at) / np.diff(edges)[1:, None]
    triangles = np.clip(np.minimum(rising, falling), 0, None)
    return csr_array(triangles.T.astype(np.float32))
