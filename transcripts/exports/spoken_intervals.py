"""When what is masked in a document is spoken: intervals of its recording, a little too long.

A word whose time is sure has a margin; one whose time isn't reaches to the nearest words beside it
whose are, or to the ends of its segment. Speech that is not in the text (gaps) was read by no one,
so all of it is an interval.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from transcripts.exports.document import Document
from transcripts.pii.kinds import PiiItem
from transcripts.text.segments import Segment
from transcripts.text.words import ALIGNED, ATTENTION, Word

# Larger than how far off words are: by forced alignment 15 ms in the mean, else 87.
_MARGINS_MS: Final = {ALIGNED: 120, ATTENTION: 250}
_UNSURE_MARGIN_MS: Final = 250
Interval = tuple[int, int]


def find_intervals(document: Document, items: Sequence[Sequence[PiiItem]]) -> list[Interval]:
    """Return the intervals in milliseconds, in order; none touches another.

    document: with its words; items: what is masked of each segment's text.
    """
    intervals = [(gap.start_ms, gap.end_ms) for gap in document.gaps]
    for segment, inside in zip(document.segments, items, strict=True):
        for item in inside:
            intervals.append(_interval_of(segment, item))
    return _join(intervals)


def _interval_of(segment: Segment, item: PiiItem) -> Interval:
    touched = _find_words(segment, item)
    if touched is None:
        return segment.start_ms - _UNSURE_MARGIN_MS, segment.end_ms + _UNSURE_MARGIN_MS
    first, last = touched
    words = segment.words
    start_ms, end_ms = words[first].start_ms, words[last].end_ms
    if not _is_sure(words[first]):
        before = next((each for each in reversed(words[:first]) if _is_sure(each)), None)
        start_ms = before.end_ms if before is not None else segment.start_ms
    if not _is_sure(words[last]):
        after = next((each for each in words[last + 1 :] if _is_sure(each)), None)
        end_ms = after.start_ms if after is not None else segment.end_ms
    # One in the middle may have been timed before or behind the others.
    start_ms = min(start_ms, *(word.start_ms for word in words[first : last + 1]))
    end_ms = max(end_ms, *(word.end_ms for word in words[first : last + 1]))
    return start_ms - _margin_of(words[first]), end_ms + _margin_of(words[last])


def _find_words(segment: Segment, item: PiiItem) -> tuple[int, int] | None:
    """Return the first and the last word that the item touches; None where words don't spell the
    text, or the item is in none."""
    position = 0
    touched: list[int] = []
    for number, word in enumerate(segment.words):
        start = segment.text.find(word.text, position)
        if start < 0 or segment.text[position:start].strip():
            return None
        position = start + len(word.text)
        if start < item.end and item.start < position:
            touched.append(number)
    return (touched[0], touched[-1]) if touched else None


def _is_sure(word: Word) -> bool:
    return word.timing in _MARGINS_MS and word.end_ms > word.start_ms


def _margin_of(word: Word) -> int:
    return _MARGINS_MS.get(word.timing, _UNSURE_MARGIN_MS)


def _join(intervals: Sequence[Interval]) -> list[Interval]:
    joined: list[Interval] = []
    for start_ms, end_ms in _in_order(intervals):
        if joined and start_ms <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end_ms)
        else:
            joined.append((start_ms, end_ms))
    return joined


def _in_order(intervals: Sequence[Interval]) -> Iterator[Interval]:
    for start_ms, end_ms in sorted(intervals):
        if end_ms > max(0, start_ms):
            yield max(0, start_ms), end_ms
