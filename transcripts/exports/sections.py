"""What a document for people begins with, and the headings that long ones are divided by."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from django.utils.translation import gettext, override

from transcripts.exports.document import Document
from transcripts.exports.notice import notice_of
from transcripts.exports.options import ExportOptions
from transcripts.exports.paragraphs import Paragraph, make_paragraphs
from transcripts.exports.plain import one_line
from transcripts.text.clock import format_timestamp
from transcripts.text.languages import LANGUAGE_NAMES

SECTION_MS = 600_000  # ten minutes
_SHORT_MS = 2 * SECTION_MS  # what is shorter needs no headings


@dataclass(frozen=True)
class Front:
    """`facts`: one line of what the recording is. `notice` is empty where it is switched off."""

    title: str
    facts: str
    notice: str
    time_heading: str
    text_heading: str
    translation_heading: str


@dataclass(frozen=True)
class Section:
    """`heading` is empty in a short document, which is one section."""

    heading: str
    paragraphs: tuple[Paragraph, ...]


def make_front(document: Document, options: ExportOptions) -> Front:
    with override(options.locale):
        facts = [
            LANGUAGE_NAMES.get(document.language, document.language).title(),
            format_timestamp(document.duration_ms),
            document.model,
        ]
        return Front(
            title=one_line(document.title).strip() or gettext("Transcript"),
            facts=" · ".join(one_line(fact) for fact in facts if fact),
            notice=notice_of(document, options),
            time_heading=gettext("Time"),
            text_heading=gettext("Text"),
            translation_heading=gettext("Translation"),
        )


def make_sections(document: Document, options: ExportOptions) -> Iterator[Section]:
    """Yield the document's paragraphs under headings."""
    paragraphs = make_paragraphs(document, is_gathered=options.paragraphs)
    if document.duration_ms < _SHORT_MS:
        yield Section("", tuple(paragraphs))
        return
    for number, group in groupby(paragraphs, key=lambda each: each.start_ms // SECTION_MS):
        yield Section(format_timestamp(number * SECTION_MS), tuple(group))
