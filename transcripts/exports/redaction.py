"""Masking of personal data in a document: what `transcripts.pii` finds, by rules.

Rules know forms, cues and frequent names, not meanings: a name or a street without any of these
stays. The texts of neighbouring segments are searched as one, so that what a segment's end cuts in
two is found, and a number whose name stands in the sentence before is known by it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from transcripts.exports.document import Document
from transcripts.pii.find import find_personal_data
from transcripts.pii.kinds import PLACEHOLDERS, PiiKind
from transcripts.text.segments import Segment
from transcripts.text.translated import TranslatedTranscript
from transcripts.text.words import Word

KINDS = tuple(kind.value.lower() for kind in PiiKind)


@dataclass(frozen=True)
class _Interval:
    start: int
    end: int
    mask: str


@dataclass(frozen=True)
class _Rules:
    """What is looked for in this document."""

    language: str
    kinds: frozenset[PiiKind]
    names: tuple[str, ...]

    def find(self, text: str) -> list[_Interval]:
        """Return them in the text's order; none overlaps another."""
        findings = find_personal_data(
            text, language=self.language, kinds=self.kinds, names=self.names
        )
        return [
            _Interval(finding.start, finding.end, PLACEHOLDERS[finding.kind])
            for finding in findings
        ]

    def redact(self, text: str) -> str:
        return _mask(text, self.find(text))

    def redact_speaker(self, name: str) -> str:
        """A name that a person gave is one, whatever it looks like; "Speaker 1" is none."""
        redacted = self.redact(name)
        is_name = PiiKind.PERSON in self.kinds and name in self.names
        return PLACEHOLDERS[PiiKind.PERSON] if is_name and redacted == name else redacted


def redact_document(document: Document, *, kinds: Collection[str]) -> Document:
    """Return the document with what is found masked in texts, words, names and title.

    kinds: of `KINDS`.
    """
    wanted = frozenset(PiiKind(kind.upper()) for kind in kinds)
    rules = _Rules(document.language, wanted, _given_names(document.speakers))
    intervals = _find_in_segments(document.segments, rules)
    return replace(
        document,
        title=rules.redact(document.title),
        translation=_redact_translation(document, wanted),
        speakers=tuple(map(rules.redact_speaker, document.speakers)),
        segments=tuple(
            _redact_segment(segment, inside, rules)
            for segment, inside in zip(document.segments, intervals, strict=True)
        ),
        gaps=tuple(replace(gap, text=rules.redact(gap.text), words=()) for gap in document.gaps),
    )


def _redact_translation(
    document: Document, kinds: frozenset[PiiKind]
) -> TranslatedTranscript | None:
    """Return what stands beside the text, masked by the rules of its own language."""
    translation = document.translation
    if translation is None or not document.is_bilingual:
        return translation
    rules = _Rules(translation.language, kinds, _given_names(document.speakers))
    parts = [
        Segment(part.start_ms, part.end_ms, part.text, speaker=translated.order)
        for translated in translation.segments
        for part in translated.parts
    ]
    masked = iter(
        _mask(part.text, inside)
        for part, inside in zip(parts, _find_in_segments(parts, rules), strict=True)
    )
    segments = tuple(
        replace(each, parts=tuple(replace(part, text=next(masked)) for part in each.parts))
        for each in translation.segments
    )
    return replace(translation, segments=segments)


def _given_names(speakers: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in speakers if not any(map(str.isdigit, name)))


def _find_in_segments(segments: Sequence[Segment], rules: _Rules) -> list[list[_Interval]]:
    """Return for each segment what is to be masked of it. Linear."""
    starts: list[int] = []
    parts: list[str] = []
    length = 0
    for number, segment in enumerate(segments):
        if number:
            is_same = segment.speaker == segments[number - 1].speaker
            parts.append(" " if is_same else "\n")
            length += 1
        starts.append(length)
        parts.append(segment.text)
        length += len(segment.text)
    inside: list[list[_Interval]] = [[] for _ in segments]
    for interval in rules.find("".join(parts)):
        first = bisect_right(starts, interval.start) - 1
        for number in range(first, bisect_left(starts, interval.end)):
            start = max(0, interval.start - starts[number])
            end = min(len(segments[number].text), interval.end - starts[number])
            if start < end:
                inside[number].append(_Interval(start, end, interval.mask))
    return inside


def _redact_segment(segment: Segment, intervals: list[_Interval], rules: _Rules) -> Segment:
    name = segment.speaker_name
    return replace(
        segment,
        text=_mask(segment.text, intervals),
        words=tuple(_redact_words(segment, intervals)) if intervals else segment.words,
        speaker_name=rules.redact_speaker(name) if name is not None else None,
    )


def _mask(text: str, intervals: list[_Interval]) -> str:
    masked = []
    position = 0
    for interval in intervals:
        masked += [text[position : interval.start], interval.mask]
        position = interval.end
    return "".join([*masked, text[position:]])


def _redact_words(segment: Segment, intervals: list[_Interval]) -> Iterator[Word]:
    """Yield the words; those that one masked interval touches become one, with all their time.

    Words that don't join to their text can't be located in it: they give way to one for it all.
    """
    placed = _place_words(segment)
    if placed is None:
        yield Word(
            _mask(segment.text, intervals),
            segment.start_ms,
            segment.end_ms,
            segment.confidence,
            False,
        )
        return
    group: list[tuple[int, Word]] = []
    for start, word in placed:
        if group and not _is_joined(group[-1], start, intervals):
            yield _join(group, segment.text, intervals)
            group = []
        group.append((start, word))
    if group:
        yield _join(group, segment.text, intervals)


def _place_words(segment: Segment) -> list[tuple[int, Word]] | None:
    """Return where in the text each word begins; None where the two don't fit together."""
    placed: list[tuple[int, Word]] = []
    position = 0
    for word in segment.words:
        start = segment.text.find(word.text, position)
        if start < 0 or segment.text[position:start].strip():
            return None
        placed.append((start, word))
        position = start + len(word.text)
    return None if segment.text[position:].strip() else placed


def _is_joined(last: tuple[int, Word], start: int, intervals: list[_Interval]) -> bool:
    """Whether an interval covers the end of the last word and the beginning of the next."""
    end = last[0] + len(last[1].text)
    number = bisect_right(intervals, start, key=lambda interval: interval.end)
    return number < len(intervals) and intervals[number].start < end


def _join(group: list[tuple[int, Word]], text: str, intervals: list[_Interval]) -> Word:
    start = group[0][0]
    end = group[-1][0] + len(group[-1][1].text)
    first = bisect_left(intervals, start, key=lambda interval: interval.start)
    after = bisect_right(intervals, end, key=lambda interval: interval.end)
    inside = [_moved(interval, by=-start) for interval in intervals[first:after]]
    words = [word for _, word in group]
    measured = [word.confidence for word in words if word.confidence is not None]
    return replace(
        words[0],
        text=_mask(text[start:end], inside),
        end_ms=max(word.end_ms for word in words),
        confidence=min(measured, default=None),
    )


def _moved(interval: _Interval, *, by: int) -> _Interval:
    return _Interval(interval.start + by, interval.end + by, interval.mask)
