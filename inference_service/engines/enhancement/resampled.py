"""An enhancer at any source's rate: to the engine's rate and back, without delay.

A linear-phase low-pass by phases (`scipy.signal.upfirdn`), whose delay is taken off; portions give
what one pass gives, and the last sample is where it was. What lies above the engine's bandwidth is
lost.
"""

import math

import numpy as np
from scipy.signal import firwin, upfirdn

from inference_service.engines.enhancement.enhancer import (
    Enhancer,
    EnhancerStream,
    Samples,
)

_ZERO_CROSSINGS = 24
_PASSED = 0.96  # of the lower of the two bandwidths
_ATTENUATION = ("kaiser", 9.0)  # 90 dB
_BLOCK_SAMPLES = 8_192


class Resampler:
    """One channel from one rate to another. Not thread-safe."""

    def __init__(self, *, from_hz: int, to_hz: int) -> None:
        shared = math.gcd(from_hz, to_hz)
        self._up, self._down = to_hz // shared, from_hz // shared
        widest = max(self._up, self._down)
        half = _ZERO_CROSSINGS * widest
        taps = firwin(2 * half + 1, _PASSED / widest, window=_ATTENUATION) * self._up
        # Samples of the source on either side of a block, as whole steps of the ratio.
        self._around = math.ceil((half / self._up + 1) / self._down) * self._down
        self._skipped = half + self._around * self._up  # of the upsampled signal, before a block
        self._taps = np.concatenate((np.zeros(-self._skipped % self._down), taps)).astype(
            np.float32
        )
        self._skipped += -self._skipped % self._down
        self._block = math.ceil(_BLOCK_SAMPLES / self._down) * self._down
        self._pending = np.zeros(self._around, np.float32)

    def push(self, samples: Samples) -> Samples:
        self._pending = np.concatenate((self._pending, samples))
        made = []
        needed = self._block + 2 * self._around
        while len(self._pending) >= needed:
            made.append(self._resample(self._pending[:needed], self._block))
            self._pending = self._pending[self._block :]
        return np.concatenate(made) if made else np.zeros(0, np.float32)

    def finish(self) -> Samples:
        """Return the rest: in all as many samples as last as long, rounded up."""
        left = len(self._pending) - self._around
        if left <= 0:
            return np.zeros(0, np.float32)
        whole = math.ceil(left / self._down) * self._down
        silence = np.zeros(whole - left + self._around, np.float32)
        padded = np.concatenate((self._pending, silence))
        self._pending = self._pending[:0]
        return self._resample(padded, whole)[: math.ceil(left * self._up / self._down)]

    def _resample(self, samples: Samples, block: int) -> Samples:
        filtered = upfirdn(self._taps, samples, self._up, self._down)
        first = self._skipped // self._down
        made: Samples = filtered[first : first + block * self._up // self._down].astype(np.float32)
        return made


class ResampledStream:
    """An `EnhancerStream` at the source's rate."""

    def __init__(self, stream: EnhancerStream, *, source_hz: int, engine_hz: int) -> None:
        self._stream = stream
        self._there = Resampler(from_hz=source_hz, to_hz=engine_hz)
        self._back = Resampler(from_hz=engine_hz, to_hz=source_hz)
        self._owed = 0

    def push(self, samples: Samples) -> Samples:
        self._owed += len(samples)
        return self._give(self._back.push(self._stream.push(self._there.push(samples))))

    def finish(self) -> Samples:
        rest = self._stream.push(self._there.finish())
        made = [self._back.push(np.concatenate((rest, self._stream.finish()))), self._back.finish()]
        return self._give(np.concatenate(made))

    def _give(self, made: Samples) -> Samples:
        given = made[: self._owed]
        self._owed -= len(given)
        return given


def open_at(enhancer: Enhancer, *, source_hz: int, limit_db: float) -> EnhancerStream:
    """Begin a channel of a source of that rate."""
    engine_hz = enhancer.rate_for(source_hz)
    stream = enhancer.open(rate_hz=engine_hz, limit_db=limit_db)
    if engine_hz == source_hz:
        return stream
    return ResampledStream(stream, source_hz=source_hz, engine_hz=engine_hz)
