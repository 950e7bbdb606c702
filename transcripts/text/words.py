"""The one shape of a word in the web tier, from the inference service to the exports.

A field is added here, in `protos/stt/v1/speech.proto` and, where clients see it, in
`exports/json.word_as_json`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NotRequired, Self, TypedDict

from protos.stt.v1 import speech_pb2

ATTENTION, ALIGNED, INTERPOLATED, IMPORTED = "attention", "aligned", "interpolated", "imported"
TIMINGS = (ATTENTION, ALIGNED, INTERPOLATED, IMPORTED)
_PROTO_TIMINGS = {
    speech_pb2.TIMING_ALIGNED: ALIGNED,
    speech_pb2.TIMING_INTERPOLATED: INTERPOLATED,
}
_CONFIDENCE_DIGITS = 4


class WordJson(TypedDict):
    """A word as `models.Segment.words`, `models.Gap.words` and revisions store it."""

    word: str
    start_ms: int
    end_ms: int
    confidence: float | None
    space_before: bool
    timing: NotRequired[str]


@dataclass(frozen=True, slots=True)
class Word:
    """`text` has no spaces around it. Times are integer milliseconds from the start of the
    recording, `start_ms` ≤ `end_ms`. `confidence`: 0..1; None where nothing measured one: imports.

    `timing`: how the word got its times. "attention" (the recogniser's), "aligned" (with the
    sound), "interpolated" (by its share of the characters), "imported" (as the file of an import
    of unknown origin has it), or empty: not known.
    """

    text: str
    start_ms: int
    end_ms: int
    confidence: float | None
    space_before: bool = True
    timing: str = ""

    @classmethod
    def from_json(cls, stored: WordJson) -> Self:
        return cls(
            text=stored["word"],
            start_ms=stored["start_ms"],
            end_ms=stored["end_ms"],
            confidence=stored["confidence"],
            space_before=stored["space_before"],
            timing=stored.get("timing", ""),
        )

    @classmethod
    def from_proto(cls, message: speech_pb2.Word) -> Self:
        """Return the recogniser's word. Its confidence is rounded to the digits that are stored, so
        that a live client receives what it reads again later."""
        return cls(
            text=message.text,
            start_ms=message.start_ms,
            end_ms=message.end_ms,
            confidence=round(message.confidence, _CONFIDENCE_DIGITS),
            space_before=message.space_before,
            timing=_PROTO_TIMINGS.get(message.timing, ATTENTION),
        )

    def as_json(self) -> WordJson:
        stored: WordJson = {
            "word": self.text,
            "start_ms": self.start_ms,
            "end_ms": self.end_ms,
            "confidence": self.confidence,
            "space_before": self.space_before,
        }
        if self.timing:
            stored["timing"] = self.timing
        return stored

    def as_proto(self) -> speech_pb2.Word:
        """Return what an inference server is given of a word: all but how it got its times."""
        return speech_pb2.Word(
            text=self.text,
            start_ms=self.start_ms,
            end_ms=self.end_ms,
            confidence=self.confidence or 0.0,
            space_before=self.space_before,
        )


def join_words(words: Iterable[Word]) -> str:
    """Return the words joined by their own spacing, without the space before the first."""
    return "".join(" " * word.space_before + word.text for word in words).removeprefix(" ")


def with_first_space(words: Sequence[Word], *, has_space: bool) -> tuple[Word, ...]:
    """Return the words, the first with a space before it or without."""
    return (replace(words[0], space_before=has_space), *words[1:]) if words else ()


def mean_confidence(words: Sequence[Word]) -> float | None:
    """Return the mean of the words'; None where there are none, or one of them has none."""
    measured = [word.confidence for word in words if word.confidence is not None]
    return sum(measured) / len(words) if words and len(measured) == len(words) else None
