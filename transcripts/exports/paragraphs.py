"""A document as people read it: segments of one speaker gathered into paragraphs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from transcripts.exports.document import Document
from transcripts.exports.translations import texts_beside
from transcripts.text.segments import Segment
from transcripts.text.writing import ends_sentence, join_texts

PAUSE_MS = 2_000  # silence that begins a new paragraph
FULL_CHARACTERS = 700  # a paragraph this long ends with its sentence


@dataclass(frozen=True)
class Paragraph:
    start_ms: int
    end_ms: int
    speaker: str | None
    text: str
    translation: str = ""  # of a bilingual document


def make_paragraphs(document: Document, *, is_gathered: bool) -> Iterator[Paragraph]:
    """Yield paragraphs in order; one for each segment unless `is_gathered`."""
    group: list[Segment] = []
    beside: list[str] = []
    for segment, text in zip(document.segments, texts_beside(document), strict=True):
        if group and not (is_gathered and _belongs(segment, group)):
            yield _join(group, beside, document)
            group, beside = [], []
        group.append(segment)
        beside.append(text)
    if group:
        yield _join(group, beside, document)


def gather_segments(segments: Iterable[Segment]) -> Iterator[list[Segment]]:
    """Yield the segments of each paragraph."""
    group: list[Segment] = []
    for segment in segments:
        if group and not _belongs(segment, group):
            yield group
            group = []
        group.append(segment)
    if group:
        yield group


def _belongs(segment: Segment, group: list[Segment]) -> bool:
    if segment.speaker_name != group[-1].speaker_name:
        return False
    if segment.start_ms - group[-1].end_ms >= PAUSE_MS:
        return False
    is_full = sum(len(part.text) for part in group) >= FULL_CHARACTERS
    return not (is_full and ends_sentence(group[-1].text.rstrip()))


def _join(group: list[Segment], beside: list[str], document: Document) -> Paragraph:
    target = document.translation.language if document.translation else ""
    return Paragraph(
        start_ms=group[0].start_ms,
        end_ms=max(segment.end_ms for segment in group),
        speaker=group[0].speaker_name,
        text=join_texts((segment.text for segment in group), language=document.language),
        translation=join_texts(filter(None, beside), language=target),
    )
