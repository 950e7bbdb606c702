"""A stage that delays, made one that doesn't; and the bound on what it takes away.

The bound mixes the source back in: with a limit of 12 dB a quarter of its amplitude stays, so that
nothing becomes quieter than that (as DeepFilterNet's own runtime does it). `speech_guard` may keep
more.
"""

from typing import Protocol

import numpy as np

from inference_service.engines.enhancement.enhancer import Samples
from inference_service.engines.enhancement.speech_guard import SpeechGuard

_UNBOUNDED_DB = 100.0


class DelayingStage(Protocol):
    @property
    def delay(self) -> int:
        """How many samples its output is late: silence of that length flushes it."""
        ...

    @property
    def hop(self) -> int:
        """Its output comes in multiples of this."""
        ...

    def push(self, samples: Samples) -> Samples: ...

    def drain(self) -> Samples:
        """Return what it still holds, once nothing more comes."""
        ...


class AlignedStream:
    """An `EnhancerStream` of one or more stages, each behind the other.

    guarded_hz: the stream's rate, for stages that may take speech away; no guard without a limit.
    """

    def __init__(self, *stages: DelayingStage, limit_db: float, guarded_hz: int = 0) -> None:
        self._stages = [_Aligned(stage) for stage in stages]
        self._source_share = 0.0 if limit_db >= _UNBOUNDED_DB else 10 ** (-limit_db / 20)
        self._guard: SpeechGuard | None = None
        if guarded_hz and self._source_share:
            self._guard = SpeechGuard(rate_hz=guarded_hz, source_share=self._source_share)
        self._source = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> Samples:
        if self._source_share:
            self._source = np.concatenate((self._source, samples))
        for stage in self._stages:
            samples = stage.push(samples)
        return self._bound(samples)

    def finish(self) -> Samples:
        rest = np.zeros(0, np.float32)
        for stage in self._stages:
            rest = np.concatenate((stage.push(rest), stage.finish()))
        bounded = self._bound(rest)
        return bounded if self._guard is None else np.concatenate((bounded, self._guard.finish()))

    def _bound(self, samples: Samples) -> Samples:
        if not self._source_share:
            return samples
        source, self._source = self._source[: len(samples)], self._source[len(samples) :]
        if self._guard is not None:
            return self._guard.push(source, samples)
        return ((1 - self._source_share) * samples + self._source_share * source).astype(np.float32)


class _Aligned:
    """Drops the delay of one stage, and flushes it at the end."""

    def __init__(self, stage: DelayingStage) -> None:
        self._stage = stage
        self._to_drop = stage.delay
        self._owed = 0  # samples that came and were not given back yet

    def push(self, samples: Samples) -> Samples:
        self._owed += len(samples)
        return self._give(self._stage.push(samples))

    def finish(self) -> Samples:
        silence = np.zeros(self._stage.delay + 2 * self._stage.hop, np.float32)
        rest = np.concatenate((self._stage.push(silence), self._stage.drain()))
        return self._give(rest)

    def _give(self, made: Samples) -> Samples:
        dropped = min(self._to_drop, len(made))
        self._to_drop -= dropped
        given = made[dropped : dropped + self._owed]
        self._owed -= len(given)
        return given
