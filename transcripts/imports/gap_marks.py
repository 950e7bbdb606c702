"""The marks by which our own exports name a gap in its place, "[3 s not transcribed]": no speech.

They are `exports.phrases` in every language. That module is plain data: it brings no Django into
the process that reads files.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from transcripts.exports.phrases import PHRASES
from transcripts.imports.segments import Remark
from transcripts.text.clock import format_timestamp
from transcripts.text.segments import Segment

# Bounded, so that many openers that are never closed take linear time; the longest mark has 35.
_BRACKETED = re.compile(r"\[[^\[\]]{1,100}\]")
_SECONDS = re.compile(r"[0-9]{1,9}(?:[.,][0-9])?")
# Without spaces: a line of a narrow subtitle may be broken at any of them.
_KNOWN = frozenset("".join(phrases.gap.split()) for phrases in PHRASES.values())
_PLACES_NAMED = 10


@dataclass
class GapMarks:
    """Collects the marks of one file. `places`: where each stands, and its length."""

    places: list[str] = field(default_factory=list)

    def add(self, start_ms: int, seconds: str) -> None:
        self.places.append(f"{format_timestamp(start_ms)} ({seconds} s)")

    def take_from(self, segments: Sequence[Segment]) -> list[Segment]:
        """Return the segments without their marks; what was nothing else is left out."""
        return [rest for each in segments if (rest := self._take_from(each)) is not None]

    def remarks(self) -> list[Remark]:
        if not self.places:
            return []
        count = len(self.places)
        what = "1 place is" if count == 1 else f"{count} places are"
        more = f" and {count - _PLACES_NAMED} more" if count > _PLACES_NAMED else ""
        named = ", ".join(self.places[:_PLACES_NAMED])
        message = f"{what} marked as not transcribed in this file: {named}{more}."
        return [Remark("gaps_marked", message, is_loss=True)]

    def _take_from(self, segment: Segment) -> Segment | None:
        marks = [match[0] for match in _BRACKETED.finditer(segment.text) if _is_mark(match[0])]
        if not marks:
            return segment
        text = segment.text
        for mark in marks:
            found = _SECONDS.search(mark)
            self.add(segment.start_ms, found[0] if found is not None else "")
            text = text.replace(mark, " ", 1)
        spoken = " ".join(text.split())
        return replace(segment, text=spoken, words=()) if spoken else None


def _is_mark(text: str) -> bool:
    return _SECONDS.sub("{seconds}", "".join(text.split()), count=1) in _KNOWN
