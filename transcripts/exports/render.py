"""Every format by its name: a document in, bytes and their media type out."""

from collections.abc import Callable
from dataclasses import dataclass

from transcripts.exports.csv import render_csv
from transcripts.exports.document import Document, load_document
from transcripts.exports.docx import render_docx
from transcripts.exports.json import (
    export_json,
    render_json,
    render_segments,
    render_verbose_json,
)
from transcripts.exports.lint_report import render_lint
from transcripts.exports.options import ExportOptions, apply_options
from transcripts.exports.pdf import render_pdf
from transcripts.exports.srt import export_srt, render_srt
from transcripts.exports.translations import (
    add_translation,
    load_translation,
    translate_document,
)
from transcripts.exports.txt import export_txt, render_txt
from transcripts.exports.vtt import export_vtt, render_vtt
from transcripts.models import Transcript


@dataclass(frozen=True)
class ExportFormat:
    content_type: str
    render: Callable[[Document], str]


FORMATS: dict[str, ExportFormat] = {
    "json": ExportFormat("application/json", render_json),
    "verbose_json": ExportFormat("application/json", render_verbose_json),
    "txt": ExportFormat("text/plain; charset=utf-8", render_txt),
    "srt": ExportFormat("application/x-subrip", render_srt),
    "vtt": ExportFormat("text/vtt; charset=utf-8", render_vtt),
}


@dataclass(frozen=True)
class Export:
    """`is_slow`: too much for a web process; a worker makes it. `has_words`: the times of words are
    needed, so that the document must be loaded with them.
    """

    content_type: str
    render: Callable[[Document, ExportOptions], bytes]
    is_slow: bool = False
    has_words: bool = False


def _encoded(render_text: Callable[[Document, ExportOptions], str]) -> Callable[..., bytes]:
    # A lone surrogate in a text must not prevent the rest of it from being written.
    return lambda document, options: render_text(document, options).encode("utf-8", "replace")


# Files to download, in the order in which pages offer them.
EXPORTS: dict[str, Export] = {
    "txt": Export("text/plain; charset=utf-8", _encoded(export_txt)),
    "srt": Export("application/x-subrip; charset=utf-8", _encoded(export_srt), has_words=True),
    "vtt": Export("text/vtt; charset=utf-8", _encoded(export_vtt), has_words=True),
    "docx": Export(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        render_docx,
        is_slow=True,
    ),
    "pdf": Export("application/pdf", render_pdf, is_slow=True),
    "csv": Export("text/csv; charset=utf-8", _encoded(render_csv)),
    "json": Export("application/json", _encoded(export_json), has_words=True),
}
# Answers of the API that are made like exports where a transcript is large.
SEGMENTS, LINT = "segments", "lint"
_ANSWERS: dict[str, Export] = {
    SEGMENTS: Export("application/json", _encoded(render_segments), has_words=True),
    LINT: Export("application/json", _encoded(render_lint), has_words=True),
}
_ALL = EXPORTS | _ANSWERS


def render(document: Document, format_name: str) -> tuple[bytes, str]:
    """Return the file, in UTF-8, and its media type. Raises KeyError for an unknown format."""
    chosen = FORMATS[format_name]
    return chosen.render(document).encode("utf-8"), chosen.content_type


def load_for(format_name: str, transcript: Transcript, options: ExportOptions) -> Document:
    """Return as much of the transcript as the format needs, in the languages that are asked for.

    Four queries at most. Where gaps stand in their places, segments are cut between words. Raises
    NotTranslatedError.
    """
    document = load_document(transcript, has_words=needs_words(format_name, options))
    language = options.translation_language(document.language)
    if not language:
        return document
    translation = load_translation(transcript, language)
    put = add_translation if options.bilingual else translate_document
    return put(document, translation)


def needs_words(format_name: str, options: ExportOptions) -> bool:
    return _ALL[format_name].has_words or options.include_gaps


def export(document: Document, format_name: str, options: ExportOptions) -> bytes:
    """Return the file as it was asked for. Raises KeyError for an unknown format."""
    return _ALL[format_name].render(apply_options(document, options), options)
