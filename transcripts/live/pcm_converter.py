"""Raw samples of a client → int16 at 16 kHz, as they arrive: nothing waits for a full block.

Here and not in a process of its own (`media.stream`): there is nothing to parse, and what a client
finalizes is all that it has sent, not what a decoder is done with.

The resampler is a windowed sinc in polyphase form (Crochiere & Rabiner 1983, as scipy's
`resample_poly` has it): its output has the length of its input to the sample, and its memory is the
filter's. What it holds back until more comes is 16 periods of the lower rate, 2 ms at most.
"""

from math import gcd
from typing import Final

import numpy as np

from transcripts.live.audio_format import RATE_HZ, SAMPLE_WIDTHS, AudioFormat, Encoding

_CROSSINGS: Final = 16  # of zero, on each side of the filter's middle
_KAISER_BETA: Final = 8.0  # 80 dB down in the stop band
_FULL_SCALE: Final = 32_768.0
_SLICE_SAMPLES: Final = 8192  # at once, which bounds what it needs for its windows


def _make_mulaw_table() -> np.ndarray:
    """G.711: the bits are inverted; a sign, three of exponent, four of mantissa."""
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = (((mantissa.astype(np.int32) << 3) + 132) << exponent) - 132
    return np.where(code & 128, -magnitude, magnitude).astype(np.float32)


def _make_alaw_table() -> np.ndarray:
    """G.711: every other bit is inverted; 1 in the first is a positive sample."""
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent, mantissa = ((code >> 4) & 7).astype(np.int32), (code & 15).astype(np.int32)
    small = (mantissa << 4) + 8
    magnitude = np.where(exponent > 0, (small + 256) << np.maximum(exponent - 1, 0), small)
    return np.where(code & 128, magnitude, -magnitude).astype(np.float32)


_TABLES: Final = {Encoding.MULAW: _make_mulaw_table(), Encoding.ALAW: _make_alaw_table()}


class PcmConverter:
    """One stream's. Takes any number of bytes, also half a sample."""

    def __init__(self, source: AudioFormat) -> None:
        self._encoding = source.encoding
        self._held = b""
        self._resampler = None if source.rate_hz == RATE_HZ else _Resampler(source.rate_hz)

    def convert(self, data: bytes) -> bytes:
        """Return what is ready of it as int16 little-endian, mono, 16 kHz."""
        data = self._held + data
        whole = len(data) - len(data) % SAMPLE_WIDTHS[self._encoding]
        self._held = data[whole:]
        samples = self._read(data[:whole])
        if self._resampler is None:
            return _write(samples)
        starts = range(0, len(samples), _SLICE_SAMPLES)
        slices = (samples[start : start + _SLICE_SAMPLES] for start in starts)
        return b"".join(_write(self._resampler.push(each)) for each in slices)

    def finish(self) -> bytes:
        """Return the rest: no more comes."""
        return b"" if self._resampler is None else _write(self._resampler.finish())

    def _read(self, data: bytes) -> np.ndarray:
        """float32 (n,), full scale ±32768."""
        if self._encoding is Encoding.PCM_S16LE:
            return np.frombuffer(data, "<i2").astype(np.float32)
        if self._encoding is Encoding.PCM_F32LE:
            floats = np.frombuffer(data, "<f4")
            samples: np.ndarray = np.nan_to_num(floats) * np.float32(_FULL_SCALE)
            return samples
        decoded: np.ndarray = _TABLES[self._encoding][np.frombuffer(data, np.uint8)]
        return decoded


class _Resampler:
    """`up` / `down` in lowest terms: an output `n` lies at input `n * down / up`."""

    def __init__(self, rate_hz: int) -> None:
        common = gcd(rate_hz, RATE_HZ)
        self._up, self._down = RATE_HZ // common, rate_hz // common
        self._middle = _CROSSINGS * max(self._up, self._down)
        self._phases = self._make_phases()
        taps = self._phases.shape[1]
        # Before its beginning there is silence.
        self._samples = np.zeros(taps, np.float32)
        self._first = -taps  # which input `_samples` begins with
        self._received = self._sent = 0

    def push(self, samples: np.ndarray) -> np.ndarray:
        self._received += len(samples)
        return self._take(samples, until=self._count_ready())

    def finish(self) -> np.ndarray:
        """All that is owed: as long as the input, rounded up to a sample."""
        silence = np.zeros(self._middle // self._up + 1, np.float32)
        return self._take(silence, until=-(-self._received * self._up // self._down))

    def _count_ready(self) -> int:
        """Return how many outputs the filter has all inputs for."""
        last = self._received * self._up - 1 - self._middle  # of the upsampled ones
        return max(self._sent, last // self._down + 1)

    def _take(self, samples: np.ndarray, *, until: int) -> np.ndarray:
        self._samples = np.concatenate((self._samples, samples))
        at = np.arange(self._sent, until) * self._down + self._middle
        self._sent = until
        taps = self._phases.shape[1]
        windows = np.lib.stride_tricks.sliding_window_view(self._samples, taps)
        chosen = windows[at // self._up - self._first - taps + 1]
        resampled: np.ndarray = np.einsum("ij,ij->i", chosen, self._phases[at % self._up])
        needed = (until * self._down + self._middle) // self._up - taps + 1 - self._first
        needed = min(needed, len(self._samples) - taps)  # a window at least
        self._samples = self._samples[needed:].copy()
        self._first += needed
        return resampled

    def _make_phases(self) -> np.ndarray:
        """float32 (up, taps): for each phase its taps, the newest input's last."""
        length = 2 * self._middle + 1
        taps = -(-length // self._up)
        times = (np.arange(length) - self._middle) / max(self._up, self._down)
        window = np.kaiser(length, _KAISER_BETA) * (self._up / max(self._up, self._down))
        impulse = np.zeros(taps * self._up)
        impulse[:length] = np.sinc(times) * window
        return impulse.reshape(taps, self._up).T[:, ::-1].astype(np.float32)


def _write(samples: np.ndarray) -> bytes:
    whole: np.ndarray = np.rint(samples).clip(-_FULL_SCALE, _FULL_SCALE - 1).astype("<i2")
    return whole.tobytes()
