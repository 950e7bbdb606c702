"""When the words of a finding are spoken: its characters in the text, as times of the recording."""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from transcripts.exports.document import Document
from transcripts.text.segments import Segment


class WordTimes:
    """Of a document whose text is that of its segments, a line each (`source.read_document`)."""

    def __init__(self, document: Document) -> None:
        self._segments = document.segments
        self._starts: list[int] = []
        offset = 0
        for segment in document.segments:
            self._starts.append(offset)
            offset += len(segment.text) + 1

    def locate(self, start: int, end: int) -> dict[str, Any]:
        """Return the segments and the seconds of characters `start` to `end`; of words where they
        have times of their own, else of their segments.
        """
        first = bisect_right(self._starts, start) - 1
        last = max(first, bisect_right(self._starts, end - 1) - 1)
        times_ms: list[tuple[int, int]] = []
        for order in range(first, last + 1):
            segment, offset = self._segments[order], self._starts[order]
            words = list(_find_words(segment, start=start - offset, end=end - offset))
            times_ms += words or [(segment.start_ms, segment.end_ms)]
        return {
            "segments": list(range(first, last + 1)),
            "start": min(each[0] for each in times_ms) / 1000,
            "end": max(each[1] for each in times_ms) / 1000,
        }


def _find_words(segment: Segment, *, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the times of the words that the characters touch."""
    position = 0
    for word in segment.words:
        place = segment.text.find(word.text, position)
        if place < 0:
            return
        position = place + len(word.text)
        if place < end and start < position:
            yield word.start_ms, word.end_ms


def add_word_times(result: dict[str, Any], document: Document) -> dict[str, Any]:
    """Return the result of `pii_redact` with the times at which each entity is spoken."""
    times = WordTimes(document)
    entities = [
        {
            **entity,
            "evidence": {**entity["evidence"], **times.locate(entity["start"], entity["end"])},
        }
        for entity in result["entities"]
    ]
    return {**result, "entities": entities}
