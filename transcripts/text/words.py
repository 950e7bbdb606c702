"""One word of a transcript, as pure functions take it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """Times are milliseconds from the start of the recording; `start_ms` ≤ `end_ms`.

    `text` has no spaces around it. `confidence`: 0..1. `speaker`: 1-based, 0 where speakers were
    not told apart. `language`: empty where it is the transcript's. `source`: the index of the
    recogniser's segment that the word is from.
    """

    text: str
    start_ms: int
    end_ms: int
    confidence: float
    space_before: bool = True
    timing: str = "attention"
    speaker: int = 0
    language: str = ""
    source: int = 0


def join_words(words: Sequence[Word]) -> str:
    """Return the words joined by their own spacing, without the space before the first."""
    return "".join(
        (" " if word.space_before and number else "") + word.text
        for number, word in enumerate(words)
    )
