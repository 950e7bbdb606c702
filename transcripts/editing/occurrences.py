"""Where a text occurs in a transcript's segments, and the segments with another one in its place.

Plain text, no patterns: what is typed is what is found. A whole word is one that no letter, digit
or underscore touches; scripts without spaces have no such border, so there it finds nothing less.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from transcripts.models import Segment, Transcript
from transcripts.text.writing import SPACELESS_LETTERS

_WORD = rf"[^\W{SPACELESS_LETTERS}]"


@dataclass(frozen=True)
class Occurrences:
    """What is looked for. `segments`: in these only, by their keys; empty: in all."""

    text: str
    matches_case: bool = False
    is_whole_word: bool = False
    segments: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        found = re.escape(self.text)
        if self.is_whole_word:
            found = rf"(?<!{_WORD}){found}(?!{_WORD})"
        return re.compile(found, 0 if self.matches_case else re.IGNORECASE)

    def places_in(self, text: str) -> list[tuple[int, int]]:
        """Return from which character to which it stands there; none overlap."""
        return [(found.start(), found.end()) for found in self._pattern.finditer(text)]

    def replace_in(self, text: str, replacement: str) -> str:
        return self._pattern.sub(lambda _: replacement, text)


def list_occurrences(
    transcript: Transcript, wanted: Occurrences
) -> Iterator[tuple[str, int, str, list[tuple[int, int]]]]:
    """Yield each segment that has it: key, start_ms, text, and the places. One query."""
    rows = Segment.objects.filter(transcript=transcript).order_by("position")
    if wanted.segments:
        rows = rows.filter(key__in=wanted.segments)
    for key, start_ms, text in rows.values_list("key", "start_ms", "text").iterator():
        places = wanted.places_in(text)
        if places:
            yield key, start_ms, text, places


def find_segments(transcript: Transcript, wanted: Occurrences) -> list[str]:
    """Return the keys of the segments that have it, in order. One query."""
    return [key for key, *_ in list_occurrences(transcript, wanted)]
