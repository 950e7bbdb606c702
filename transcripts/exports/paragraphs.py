"""A document as people read it: segments of one speaker gathered into paragraphs."""

from collections.abc import Iterator
from dataclasses import dataclass

from transcripts.exports.document import Document, DocumentSegment
from transcripts.text.writing import SPACELESS_LANGUAGES, ends_sentence

PAUSE_MS = 2_000  # silence that begins a new paragraph
FULL_CHARACTERS = 700  # a paragraph this long ends with its sentence


@dataclass(frozen=True)
class Paragraph:
    start_ms: int
    end_ms: int
    speaker: str | None
    text: str


def make_paragraphs(document: Document, *, is_gathered: bool) -> Iterator[Paragraph]:
    """Yield paragraphs in order; one for each segment unless `is_gathered`."""
    joint = "" if document.language in SPACELESS_LANGUAGES else " "
    group: list[DocumentSegment] = []
    for segment in document.segments:
        if group and not (is_gathered and _belongs(segment, group)):
            yield _join(group, joint)
            group = []
        group.append(segment)
    if group:
        yield _join(group, joint)


def _belongs(segment: DocumentSegment, group: list[DocumentSegment]) -> bool:
    if segment.speaker != group[-1].speaker:
        return False
    if segment.start_ms - group[-1].end_ms >= PAUSE_MS:
        return False
    is_full = sum(len(part.text) for part in group) >= FULL_CHARACTERS
    return not (is_full and ends_sentence(group[-1].text.rstrip()))


def _join(group: list[DocumentSegment], joint: str) -> Paragraph:
    return Paragraph(
        start_ms=group[0].start_ms,
        end_ms=max(segment.end_ms for segment in group),
        speaker=group[0].speaker,
        text=joint.join(segment.text for segment in group),
    )
