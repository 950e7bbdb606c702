"""A transcript's text in another language, as a result stores it and as exports read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class TranslatedPart:
    """A sentence, or what of one stands in a segment. Whole milliseconds; `start_ms` ≤ `end_ms`."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class TranslatedSegment:
    """What a segment says in the other language. `order`: its place, from 0; `key`: its id.

    `text`: its parts, joined. `is_untranslated`: something of it came back as it was.
    """

    order: int
    key: str
    start_ms: int
    end_ms: int
    speaker: str | None
    text: str
    is_untranslated: bool = False
    parts: tuple[TranslatedPart, ...] = ()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return a segment of a result, which may be older than a field."""
        start_ms, end_ms = _read_ms(stored["start"]), _read_ms(stored["end"])
        text = stored["text"]
        parts = tuple(
            TranslatedPart(_read_ms(each["start"]), _read_ms(each["end"]), each["text"])
            for each in stored.get("sentences", ())
        )
        return cls(
            order=stored["segment_order"],
            key=stored.get("segment", ""),
            start_ms=start_ms,
            end_ms=end_ms,
            speaker=stored["speaker"],
            text=text,
            is_untranslated=stored["untranslated"],
            parts=parts or (TranslatedPart(start_ms, end_ms, text),),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "segment_order": self.order,
            "segment": self.key,
            "start": self.start_ms / 1000,
            "end": self.end_ms / 1000,
            "speaker": self.speaker,
            "text": self.text,
            "untranslated": self.is_untranslated,
            "sentences": [
                {"start": part.start_ms / 1000, "end": part.end_ms / 1000, "text": part.text}
                for part in self.parts
            ],
        }


def _read_ms(seconds: float) -> int:
    return round(1000 * seconds)


@dataclass(frozen=True)
class TranslatedTranscript:
    """A whole text in another language. `is_stale`: the original was changed since."""

    language: str
    source_language: str
    model: str
    segments: tuple[TranslatedSegment, ...]
    is_stale: bool = False
    is_edited: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return what programs get of it beside its text."""
        return {
            "language": self.language,
            "source_language": self.source_language,
            "model": self.model,
            "is_stale": self.is_stale,
            "is_edited": self.is_edited,
        }
