"""A text in parts: as many lines as a page shows at once, however long the transcript is.

Thirty thousand lines in one answer occupy a web process for seconds, and a browser for longer. A
part is named by how many segments are before it (`?line=`), or by a segment in it (`?segment=`).
"""

from dataclasses import dataclass

from django.db.models import F
from django.http import HttpRequest

from transcripts.models import Transcript
from transcripts.pages.paragraphs import Line, SegmentLine
from transcripts.pages.remarks import list_gaps
from transcripts.services.shown_gaps import ShownGap

LINES_A_PART = 2_000
_MOST_DIGITS = 9


@dataclass(frozen=True)
class TranscriptPart:
    """Segments and gaps by time. `first`, `following`: segments before this part and before the
    next; `following` is None where there is none."""

    lines: list[Line]
    first: int
    following: int | None

    @property
    def previous(self) -> int:
        return max(0, self.first - LINES_A_PART)

    @property
    def is_whole(self) -> bool:
        return self.first == 0 and self.following is None


def read_first(request: HttpRequest, transcript: Transcript) -> int:
    """Return how many segments are before the part that is asked for; 0 if there is no such part.

    Two queries for a segment, none for a line.
    """
    key = request.GET.get("segment", "")
    if key:
        return _first_with(transcript, key)
    asked = request.GET.get("line", "")
    is_number = asked.isascii() and asked.isdigit() and len(asked) <= _MOST_DIGITS
    return int(asked) if is_number else 0


def _first_with(transcript: Transcript, key: str) -> int:
    position = transcript.segments.filter(key=key).values_list("position", flat=True).first()
    if position is None:
        return 0
    before = transcript.segments.filter(position__lt=position).count()
    return before - before % LINES_A_PART


def load_part(transcript: Transcript, gaps: tuple[ShownGap, ...], *, first: int) -> TranscriptPart:
    """Return the lines of a part, without words, and the gaps among them. One query."""
    segments = _load_lines(transcript, first, LINES_A_PART + 1)
    following = segments[LINES_A_PART:]
    begins_ms = segments[0].start_ms if first and segments else 0
    shown = [
        gap
        for gap in list_gaps(gaps)
        if begins_ms <= gap.start_ms and (not following or gap.start_ms < following[0].start_ms)
    ]
    lines = sorted([*segments[:LINES_A_PART], *shown], key=lambda line: line.start_ms)
    return TranscriptPart(lines, first, first + LINES_A_PART if following else None)


def _load_lines(transcript: Transcript, first: int, count: int) -> list[SegmentLine]:
    rows = transcript.segments.order_by("position").values(
        "key",
        "start_ms",
        "end_ms",
        "text",
        number=F("speaker__position"),
        label=F("speaker__label"),
        name=F("speaker__display_name"),
    )
    before = None
    lines: list[SegmentLine] = []
    for row in rows[first : first + count]:
        number = row["number"]
        line = SegmentLine(
            row["start_ms"],
            row["end_ms"],
            row["text"],
            speaker=row["name"] or row["label"] or "",
            key=row["key"],
            number=number,
            is_same=number == before,
        )
        lines.append(line)
        before = number
    return lines
