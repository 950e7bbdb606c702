"""What the diarizer is to the rest of the service.

A diarizer cuts a window of the recording into turns, each of one voice, and describes each voice by
a vector; it knows nothing of the rest of the recording. `clustering` groups the vectors afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from inference_service.engines.diarization.description import Description

Samples = npt.NDArray[np.float32]
Embedding = npt.NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True, eq=False)
class VoiceTurn:
    """An interval in which, as far as is known, one person speaks; turns may overlap."""

    start_s: float  # from the start of the recording
    end_s: float  # > start_s
    embedding: Embedding  # float32 (dimension of its embedder,)
    overlap: float = 0.0  # 0..1, the share in which another voice speaks too


class EmbedderError(Exception):
    """A speaker model that is installed can't be used; its message names the file and the
    reason."""


class DiarizationTask(Protocol):
    """The work on one window, in steps of some 30 ms, so that no thread is blocked for long."""

    @property
    def is_done(self) -> bool: ...

    def step(self) -> None:
        """Do the next bit; calls may come from different threads, one after the other."""
        ...

    @property
    def turns(self) -> list[VoiceTurn]:
        """In time order, once it is done."""
        ...


class Embedder(Protocol):
    """Finds the turns of windows. Stateless between them, hence thread-safe."""

    description: Description  # its name is stored with the embeddings

    def start_task(
        self, samples: Samples, *, offset_s: float, speech: Sequence[tuple[float, float]]
    ) -> DiarizationTask:
        """Begin on contiguous audio, silence included.

        samples: float32 (n_samples,), mono, 16 kHz, [-1, 1], any length.
        offset_s: where in the recording the first sample lies.
        speech: start and end in seconds from the first sample of what voice activity detection
        took for speech; intervals without any are not examined.
        """
        ...
