"""Masking of personal data in a document: what `transcripts.pii` finds, by rules.

Rules know forms, cues and frequent names, not meanings: a name or a street without any of these
stays. The texts of neighbouring segments are searched as one, so that what a segment's end cuts in
two is found, and a number whose name stands in the sentence before is known by it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from transcripts.exports.document import Document
from transcripts.pii.find import mask
from transcripts.pii.kinds import PLACEHOLDERS, PiiItem, PiiKind
from transcripts.pii.redactor import Redactor
from transcripts.pii.traces import Traces
from transcripts.text.segments import Segment
from transcripts.text.translated import TranslatedTranscript
from transcripts.text.words import Word

KINDS = tuple(kind.value.lower() for kind in PiiKind)


@dataclass(frozen=True)
class RedactedDocument:
    """`traces`: what was masked in it, to search what is made of it for. `items`: what was masked
    of each segment's text."""

    document: Document
    traces: Traces
    items: list[list[PiiItem]]


class _Masks:
    """What is masked in this document, wherever in it."""

    def __init__(self, document: Document, kinds: frozenset[PiiKind]) -> None:
        self._names = frozenset(_given_names(document.speakers))
        self._numbers = {name: number for number, name in enumerate(document.speakers, 1)}
        self._has_names = PiiKind.PERSON in kinds
        self.text, self.starts = _join_segments(document.segments)
        self._redactor = Redactor(
            [self.text, document.title, *document.speakers, *(gap.text for gap in document.gaps)],
            language=document.language,
            kinds=kinds,
            names=self._names,
        )
        self.traces = self._redactor.traces

    def find(self, text: str) -> list[PiiItem]:
        return self._redactor.find(text)

    def redact(self, text: str) -> str:
        return mask(text, self.find(text))

    def redact_speaker(self, name: str) -> str:
        """A name that a person gave is one, whatever it looks like; "Speaker 1" is none.

        Where several speak they keep a number, or two of them would be taken for one.
        """
        redacted = self.redact(name)
        is_name = self._has_names and name in self._names
        if is_name and redacted not in PLACEHOLDERS.values():
            redacted = PLACEHOLDERS[PiiKind.PERSON]
        if redacted in PLACEHOLDERS.values() and len(self._numbers) > 1:
            return f"{redacted} {self._numbers.get(name, 0)}"
        return redacted


def redact_document(document: Document, *, kinds: Collection[str]) -> Document:
    """Return the document with what is found masked in texts, words, names and title.

    kinds: of `KINDS`. Raises StillFoundError.
    """
    return redact(document, kinds=kinds).document


def redact(document: Document, *, kinds: Collection[str]) -> RedactedDocument:
    """Return the document masked, and what was masked. As `redact_document`."""
    wanted = frozenset(PiiKind(kind.upper()) for kind in kinds)
    masks = _Masks(document, wanted)
    translation = document.translation
    if translation is not None and document.is_bilingual:
        parts = _parts_of(translation)
        beside = _Masks(replace(document, segments=parts, language=translation.language), wanted)
        # What is found in one of the two is masked in both.
        masks.traces.include(beside.traces)
        beside.traces.include(masks.traces)
        translation = _redact_translation(translation, beside)
    items = _find_in_segments(document.segments, masks)
    redacted = replace(
        document,
        title=masks.redact(document.title),
        translation=translation,
        speakers=tuple(map(masks.redact_speaker, document.speakers)),
        segments=tuple(
            _redact_segment(segment, inside, masks)
            for segment, inside in zip(document.segments, items, strict=True)
        ),
        gaps=tuple(replace(gap, text=masks.redact(gap.text), words=()) for gap in document.gaps),
    )
    return RedactedDocument(redacted, masks.traces, items)


def _redact_translation(translation: TranslatedTranscript, masks: _Masks) -> TranslatedTranscript:
    """Return what stands beside the text, masked by the rules of its own language."""
    parts = _parts_of(translation)
    masked = iter(
        mask(part.text, inside)
        for part, inside in zip(parts, _find_in_segments(parts, masks), strict=True)
    )
    segments = tuple(
        replace(each, parts=tuple(replace(part, text=next(masked)) for part in each.parts))
        for each in translation.segments
    )
    return replace(translation, segments=segments)


def _parts_of(translation: TranslatedTranscript) -> tuple[Segment, ...]:
    return tuple(
        Segment(part.start_ms, part.end_ms, part.text, speaker=translated.order)
        for translated in translation.segments
        for part in translated.parts
    )


def _given_names(speakers: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in speakers if not any(map(str.isdigit, name)))


def _join_segments(segments: Sequence[Segment]) -> tuple[str, list[int]]:
    """Return their texts as one, and where in it each begins."""
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
    return "".join(parts), starts


def _find_in_segments(segments: Sequence[Segment], masks: _Masks) -> list[list[PiiItem]]:
    """Return for each segment what is to be masked of it. Linear."""
    starts = masks.starts
    inside: list[list[PiiItem]] = [[] for _ in segments]
    for item in masks.find(masks.text):
        first = bisect_right(starts, item.start) - 1
        for number in range(first, bisect_left(starts, item.end)):
            start = max(0, item.start - starts[number])
            end = min(len(segments[number].text), item.end - starts[number])
            if start < end:
                inside[number].append(PiiItem(item.kind, start, end))
    return inside


def _redact_segment(segment: Segment, items: list[PiiItem], masks: _Masks) -> Segment:
    name = segment.speaker_name
    return replace(
        segment,
        text=mask(segment.text, items),
        words=tuple(_redact_words(segment, items)) if items else segment.words,
        speaker_name=masks.redact_speaker(name) if name is not None else None,
    )


def _redact_words(segment: Segment, items: list[PiiItem]) -> Iterator[Word]:
    """Yield the words; those that one masked item touches become one, with all their time.

    Words that don't join to their text can't be located in it: they give way to one for it all.
    """
    placed = _place_words(segment)
    if placed is None:
        yield Word(
            mask(segment.text, items),
            segment.start_ms,
            segment.end_ms,
            segment.confidence,
            False,
        )
        return
    group: list[tuple[int, Word]] = []
    for start, word in placed:
        if group and not _is_joined(group[-1], start, items):
            yield _join(group, segment.text, items)
            group = []
        group.append((start, word))
    if group:
        yield _join(group, segment.text, items)


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


def _is_joined(last: tuple[int, Word], start: int, items: list[PiiItem]) -> bool:
    """Whether an item covers the end of the last word and the beginning of the next."""
    end = last[0] + len(last[1].text)
    number = bisect_right(items, start, key=lambda item: item.end)
    return number < len(items) and items[number].start < end


def _join(group: list[tuple[int, Word]], text: str, items: list[PiiItem]) -> Word:
    start = group[0][0]
    end = group[-1][0] + len(group[-1][1].text)
    first = bisect_left(items, start, key=lambda item: item.start)
    after = bisect_right(items, end, key=lambda item: item.end)
    inside = [_moved(item, by=-start) for item in items[first:after]]
    words = [word for _, word in group]
    measured = [word.confidence for word in words if word.confidence is not None]
    return replace(
        words[0],
        text=mask(text[start:end], inside),
        end_ms=max(word.end_ms for word in words),
        confidence=min(measured, default=None),
    )


def _moved(item: PiiItem, *, by: int) -> PiiItem:
    return PiiItem(item.kind, item.start + by, item.end + by)
