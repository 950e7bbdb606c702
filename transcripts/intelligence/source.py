"""A text as the engines read it: sentences, each with its place, its time and its speaker.

    read_text        a text that came with a request; labels ("Anna: …") and times ("[12:03]") count
    read_document    a transcript

Nothing of the text is left out: where it has more sentences than `MOST_SENTENCES`, neighbours are
read as one.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import accumulate
from typing import Any

import py3langid

from transcripts.exports.document import Document
from transcripts.text.clock import format_clock
from transcripts.text.languages import LANGUAGE_NAMES
from transcripts.text.segments import Segment
from transcripts.text.sentences import group_segments, split_sentences
from transcripts.text.writing import ends_sentence, is_spaced

MOST_SENTENCES = 10_000
_LABEL = re.compile(r"\s*(?P<name>[^\W\d_][\w .'’-]{0,39}): +(?=\S)")
_TIME = re.compile(
    r"\s*[\[(]?(?P<time>\d{1,3}:\d{2}(?::\d{2})?)(?:\.\d+)?[\])]?[ \t]*(?:[-–][ \t]*)?"
)
_IDENTIFIED_CHARACTERS = 20_000
_UNSURE = 15.0  # of log probability, up to which a language may still be the right one


@dataclass(frozen=True, slots=True)
class Sentence:
    """Characters `start` to `end` of the text. `segment`, `last_segment`: the orders in the
    transcript, from 0, of those that it goes over."""

    text: str
    start: int
    end: int
    segment: int | None = None
    last_segment: int | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    speaker: str | None = None

    @property
    def words(self) -> int:
        return len(self.text.split())

    @property
    def is_question(self) -> bool:
        return self.text.rstrip("\"'”’»)] ").endswith(("?", "？", "؟", "⁇"))

    def as_evidence(self) -> dict[str, Any]:
        """Return where it stands: characters of the text; of a transcript segments and seconds."""
        evidence: dict[str, Any] = {"characters": [self.start, self.end]}
        if self.segment is not None:
            last = self.segment if self.last_segment is None else self.last_segment
            evidence["segments"] = list(range(self.segment, last + 1))
        if self.start_ms is not None:
            evidence["start"] = self.start_ms / 1000
        if self.end_ms is not None:
            evidence["end"] = self.end_ms / 1000
        return evidence

    @property
    def byline(self) -> str:
        """Return who says it and when, as far as that is known."""
        clock = "" if self.start_ms is None else format_clock(self.start_ms)
        return ", ".join(filter(None, (self.speaker, clock)))


@dataclass(frozen=True)
class SourceText:
    """`language`: ISO 639-1. `speakers`: in the order in which they first speak. `recorded_on`:
    the day of the recording, where it is known."""

    text: str
    language: str
    sentences: tuple[Sentence, ...]
    speakers: tuple[str, ...] = ()
    recorded_on: date | None = None

    @property
    def is_timed(self) -> bool:
        return any(sentence.start_ms is not None for sentence in self.sentences)

    def at(self, start: int) -> Sentence | None:
        """Return the sentence that holds the character."""
        low, high = 0, len(self.sentences)
        while low < high:
            middle = (low + high) // 2
            if self.sentences[middle].end <= start:
                low = middle + 1
            else:
                high = middle
        if low == len(self.sentences) or self.sentences[low].start > start:
            return None
        return self.sentences[low]


def read_text(text: str, *, language: str = "", recorded_on: date | None = None) -> SourceText:
    """Return the text's sentences; its language is recognised where none is given."""
    spoken = language or identify_language(text)
    lines = list(_read_lines(text, spoken))
    return replace(_make(text, spoken, lines), recorded_on=recorded_on)


def read_document(
    document: Document,
    *,
    language: str = "",
    is_chosen: Callable[[Segment], bool] = lambda segment: True,
) -> SourceText:
    """Return a transcript's sentences. Its text is that of its segments, a line each.

    is_chosen: of which segments sentences are read; the places of the others stay theirs.
    """
    segments = document.segments
    text = "\n".join(segment.text for segment in segments)
    spoken = language or document.language or identify_language(text)
    starts = list(accumulate((len(each.text) + 1 for each in segments), initial=0))
    sentences: list[Sentence] = []
    for orders in _divide(segments, spoken, is_chosen):
        begin = starts[orders[0]]
        # A line's end would end the sentence, too.
        joined = " ".join(segments[order].text for order in orders)
        for start, end in split_sentences(joined, segments[orders[0]].language or spoken):
            first = bisect_right(starts, begin + start) - 1
            last = bisect_right(starts, begin + end - 1) - 1
            sentence = Sentence(
                text[begin + start : begin + end],
                begin + start,
                begin + end,
                segment=first,
                last_segment=last,
                start_ms=segments[first].start_ms,
                end_ms=segments[last].end_ms,
                speaker=segments[first].speaker_name,
            )
            sentences.append(sentence)
    return _make(text, spoken, sentences)


def _divide(
    segments: Sequence[Segment], language: str, is_chosen: Callable[[Segment], bool]
) -> Iterator[list[int]]:
    """Yield the chosen segments by their orders: those that a sentence goes on over together, if it
    ends there and the language puts spaces between words; without marks each stands for itself."""
    for orders in group_segments(segments, language=language):
        chosen = [order for order in orders if is_chosen(segments[order])]
        last = segments[orders[-1]]
        spoken = last.language or language
        is_whole = chosen == orders and ends_sentence(last.text.rstrip(), language=spoken)
        if is_whole and is_spaced(spoken):
            yield orders
        else:
            yield from ([order] for order in chosen)


def identify_language(text: str) -> str:
    """Return the ISO 639-1 code that the text is most probably in. Single words are a guess."""
    if not any(map(str.isalpha, text)):
        return "en"
    code: str = py3langid.classify(text[:_IDENTIFIED_CHARACTERS])[0]
    return code if code in LANGUAGE_NAMES else "en"


def is_in_language(text: str, language: str) -> bool:
    """Whether the text may be in the language: sure only of what is clearly in another one.

    Of 80 questions of six and more words in English and Czech none was judged wrongly.
    """
    scores: dict[str, float] = dict(py3langid.rank(text[:_IDENTIFIED_CHARACTERS]))
    return language not in scores or max(scores.values()) - scores[language] <= _UNSURE


def _make(text: str, language: str, sentences: list[Sentence]) -> SourceText:
    speakers = dict.fromkeys(sentence.speaker for sentence in sentences if sentence.speaker)
    return SourceText(text, language, tuple(_join_most(text, sentences)), tuple(speakers))


def _join_most(text: str, sentences: list[Sentence]) -> list[Sentence]:
    """Return at most `MOST_SENTENCES`: so many neighbours as one as are needed for that."""
    size = -(-len(sentences) // MOST_SENTENCES)
    if size <= 1:
        return sentences
    groups = [sentences[at : at + size] for at in range(0, len(sentences), size)]
    return [
        replace(
            group[0],
            text=text[group[0].start : group[-1].end],
            end=group[-1].end,
            end_ms=group[-1].end_ms,
            last_segment=group[-1].last_segment,
        )
        for group in groups
    ]


def _read_lines(text: str, language: str) -> Iterator[Sentence]:
    names = _find_labels(text)
    speaker: str | None = None
    start_ms: int | None = None
    offset = 0
    for line in text.splitlines(keepends=True):
        position = 0
        if (time := _TIME.match(line)) and time.end() < len(line.rstrip()):
            start_ms = _read_clock(time["time"])
            position = time.end()
        label = _LABEL.match(line, position)
        if label and label["name"].strip() in names:
            speaker = label["name"].strip()
            position = label.end()
        for start, end in split_sentences(line[position:], language):
            at = offset + position
            yield Sentence(
                line[position + start : position + end],
                at + start,
                at + end,
                start_ms=start_ms,
                speaker=speaker,
            )
        offset += len(line)


def _find_labels(text: str) -> set[str]:
    """Return what stands before a colon at the beginning of lines again and again: speakers."""
    counted: Counter[str] = Counter()
    lines = 0
    for line in text.splitlines():
        if not line.strip():
            continue
        lines += 1
        time = _TIME.match(line)
        label = _LABEL.match(line, time.end() if time else 0)
        if label and label["name"][0].isupper() and len(label["name"].split()) <= 4:
            counted[label["name"].strip()] += 1
    is_dialogue = lines > 1 and 2 * sum(counted.values()) >= lines
    return set(counted) if is_dialogue else set()


def _read_clock(clock: str) -> int:
    seconds = 0
    for part in clock.split(":"):
        seconds = 60 * seconds + int(part)
    return 1000 * seconds
