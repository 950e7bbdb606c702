"""What an enhancer is to the rest of the service."""

from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]


class Strength(StrEnum):
    LIGHT = "light"
    STANDARD = "standard"
    FULL = "full"


# By how much anything may become quieter. Measured (one clip of nine seconds): clean speech has a
# PESQ of 4.27 against itself at 12 dB, of 2.2 without a limit; a jingle loses 52 dB without one.
LIMITS_DB = MappingProxyType({Strength.LIGHT: 12.0, Strength.STANDARD: 24.0, Strength.FULL: 100.0})


class EnhancerStream(Protocol):
    """One channel, from its beginning to its end. Not thread-safe.

    samples: float32 (n,), at the enhancer's rate, nominally [-1, 1], any n.
    """

    def push(self, samples: Samples) -> Samples:
        """Return what is done by now, in order; what is held back comes later."""
        ...

    def finish(self) -> Samples:
        """Return the rest: in all as many samples as were pushed, each at its place."""
        ...


class Enhancer(Protocol):
    """An engine; a `LoadedModel` where it has weights. Thread-safe, its streams are not."""

    @property
    def model_id(self) -> str: ...

    def rate_for(self, source_hz: int) -> int:
        """Return the rate of its streams for a source of that rate, in Hz."""
        ...

    def open(self, *, rate_hz: int, limit_db: float) -> EnhancerStream:
        """Begin a channel. limit_db: by how much it may lower anything; 100: no bound."""
        ...
