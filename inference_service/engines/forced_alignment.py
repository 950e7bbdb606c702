"""What a forced aligner is: given words are placed in the sound, independently of what recognised
them.

An aligner is no recogniser: it has no queue on the accelerator, and works on CPU stages beside it.
It is exact where the words were spoken, and wrong or silent where they weren't; the one who asks
judges (`sessions/word_times`). Times are float seconds from the start of the samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from inference_service.engines.asr import Samples


@dataclass(frozen=True, slots=True)
class WordInterval:
    start_s: float
    end_s: float  # > start_s


class ForcedAligner(Protocol):
    """Thread-safe; a call blocks its thread, and lets the others run."""

    name: str

    @property
    def languages(self) -> frozenset[str]:
        """ISO 639-1; those of a process of its own come and go with it."""
        ...

    def align(
        self, samples: Samples, words: Sequence[str], *, language: str
    ) -> list[WordInterval | None]:
        """Place the words of one window, in one of its languages: an answer each, in order, rising.

        samples: float32 (n_samples,), mono, 16 kHz, [-1, 1], ≤ 30 s. None for a word that isn't
        spoken (a dash), and for all where the words don't fit the sound. A word that no dictionary
        has is placed by its letters; it never costs the others their times.
        Raises AlignerDiedError where the engine ended or didn't answer in time.
        """
        ...

    def close(self) -> None:
        """Free its processes. Nothing is called afterwards."""
        ...


class AlignerDiedError(RuntimeError):
    """The engine ended, or didn't answer in time. The next call starts it again."""
