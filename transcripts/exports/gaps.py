"""Gaps in their places in a document, for exports that ask for them (`include_gaps`).

A gap becomes a segment with a mark in brackets, in the transcript's language; a segment that
reaches over it is cut there. So every format shows it like speech.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from transcripts.exports.document import Document, GapSegment
from transcripts.exports.phrases import Phrases, phrases_for
from transcripts.services.shown_gaps import ShownGap, seconds_of
from transcripts.text.clock import format_timestamp
from transcripts.text.segments import Segment
from transcripts.text.words import Word, join_words, with_first_space

# As a subtitle it stands this long at most, however long the gap is.
_STANDS_MS = 3_000
_MOST_NOTED = 100
_LEAST_WHOLE_MS = 950  # what is shorter rounds to less than 1.0 s


def include_gaps(document: Document, *, locale: str) -> Document:
    """Return the document with a segment for each gap, in order of time."""
    if not document.gaps:
        return document
    phrases = phrases_for(document.language, locale=locale)
    cut = [chunk for segment in document.segments for chunk in _cut(segment, document.gaps)]
    stand_ins = [_stand_in(gap, phrases) for gap in document.gaps]
    in_order = sorted([*cut, *stand_ins], key=lambda segment: segment.start_ms)
    return replace(document, segments=tuple(in_order))


def write_note(gaps: Sequence[ShownGap]) -> str:
    """Return WebVTT's NOTE that names the gaps; empty for none."""
    if not gaps:
        return ""
    lines = [f"NOTE gaps: {len(gaps)}, {seconds_of(gaps):.3f} s of speech are not in the text"]
    for gap in gaps[:_MOST_NOTED]:
        start, end = (format_timestamp(ms, separator=".") for ms in (gap.start_ms, gap.end_ms))
        lines.append(f"{start} to {end}: {gap.reason}")
    if len(gaps) > _MOST_NOTED:
        lines.append(f"and {len(gaps) - _MOST_NOTED} more")
    return "\n".join(lines) + "\n"


def _stand_in(gap: ShownGap, phrases: Phrases) -> GapSegment:
    text = phrases.gap.format(seconds=_short_seconds(gap.length_ms, phrases.decimal))
    stands_ms = min(gap.length_ms, _STANDS_MS)
    parts = text.split()
    words = tuple(
        Word(
            part,
            gap.start_ms + stands_ms * number // len(parts),
            gap.start_ms + stands_ms * (number + 1) // len(parts),
            None,
            number > 0,
        )
        for number, part in enumerate(parts)
    )
    return GapSegment(gap.start_ms, gap.end_ms, text, words, gap=gap.id)


def _short_seconds(length_ms: int, decimal: str) -> str:
    """Return whole seconds, as a mark must be short; tenths where these would be 0."""
    if length_ms >= _LEAST_WHOLE_MS:
        return str(round(length_ms / 1000))
    return f"{length_ms / 1000:.1f}".replace(".", decimal)


def _cut(segment: Segment, gaps: Sequence[ShownGap]) -> Iterator[Segment]:
    """Yield the segment, in pieces where a gap lies between two of its words."""
    rest = segment
    for gap in gaps:
        if not rest.start_ms < gap.start_ms < rest.end_ms:
            continue
        middle_ms = (gap.start_ms + gap.end_ms) // 2
        place = sum(1 for word in rest.words if word.start_ms + word.end_ms < 2 * middle_ms)
        if 0 < place < len(rest.words):
            first, rest = _halves(rest, place)
            yield first
    yield rest


def _halves(segment: Segment, place: int) -> tuple[Segment, Segment]:
    first, second = segment.words[:place], segment.words[place:]
    second = with_first_space(second, has_space=False)
    begin_ms = max(segment.start_ms + 1, min(second[0].start_ms, segment.end_ms - 1))
    end_ms = max(segment.start_ms + 1, min(first[-1].end_ms, begin_ms))
    return (
        replace(segment, end_ms=end_ms, words=first, text=join_words(first)),
        replace(segment, start_ms=begin_ms, words=second, text=join_words(second)),
    )
