"""What a forced aligner is: given words are placed in time, nothing is recognised.

A recogniser that can do it implements the Protocol `Aligner` too; the scheduler is its only caller.
Times are float seconds from the start of the window's samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from inference_service.engines.asr import TimedWord


@dataclass(frozen=True, slots=True)
class GivenWord:
    text: str  # without spaces around it
    space_before: bool


@dataclass(frozen=True, slots=True, eq=False)
class AlignmentRequest:
    """One window and what is spoken in it; `features` as in `WindowRequest`."""

    features: object
    duration_s: float  # of the window's samples, ≤ 30
    language: str  # ISO 639-1
    words: tuple[GivenWord, ...]


class UnalignableError(ValueError):
    """These words can't be placed by this engine. The sentence is for the client."""


@runtime_checkable
class Aligner(Protocol):
    """What an engine has beside `Recogniser` if it can place given words."""

    def check_words(self, words: Sequence[GivenWord], *, language: str) -> None:
        """Raise UnalignableError where `align` could not place them. Thread-safe, quick."""
        ...

    def align(self, batch: Sequence[AlignmentRequest]) -> list[tuple[TimedWord, ...]]:
        """Place the words of each request; all have one language. One answer each, in order.

        Each answer holds the request's words, with times inside the window that never go back,
        and the model's own probability of the word there as its confidence.
        """
        ...
