"""A masked file, searched again before it is handed out for what was masked.

It is read as its readers read it (a document by its paragraphs, a PDF by its pages, subtitles by
their cues), and its text is compared without spaces, hyphens and line breaks (`pii.traces`), so
that nothing passes because the end of a line, a cue or a page lies in it. What a format writes of
its own (a language's name, a notice) is counted in a file without any text, and subtracted.
"""

import csv
import html
import io
import json
import logging
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import docx as python_docx
import pypdfium2
from docx.oxml.ns import qn

from stt_web.core.errors import ApiError
from transcripts.exports.document import Document
from transcripts.pii.kinds import PiiKind
from transcripts.pii.redactor import StillFoundError
from transcripts.pii.traces import Traces

logger = logging.getLogger(__name__)

# Parts of a text that are read one behind the other.
Stream = Iterator[str]
Render = Callable[[Document], bytes]

_STAMP = re.compile(r"\[?\d{1,3}(?::\d{2}){1,2}(?:[.,]\d{3})?\]?")
_LEADING_STAMP = re.compile(rf"\A\s*{_STAMP.pattern}\s*")
_CUE_TIMES = re.compile(r"-->")
_VOICE = re.compile(r"<v ([^>]*)>")
# What a program reads, not a person: it is the same whatever the text is.
_MACHINE_KEYS = frozenset({"language", "timing", "reason", "id", "gap", "status", "code", "origin"})
# pdfium is no library for threads.
_one_at_a_time = threading.Lock()


class RedactionFailedError(ApiError):
    """What was masked was found again in the finished file, which is not handed out."""

    status = 500
    code = "redaction_failed"

    def __init__(self, kinds: Sequence[str]) -> None:
        named = ", ".join(kinds)
        super().__init__(
            f"This file still showed personal data after it was masked ({named}), so it is not"
            " handed out. The fault is ours, and is in the log; another format may work.",
            extra={"types": list(kinds)},
        )
        self.kinds = tuple(kinds)


def check_redacted(
    content: bytes, format_name: str, document: Document, traces: Traces, *, render: Render
) -> None:
    """Raise RedactionFailedError where the file shows what was masked.

    document: masked, as it was rendered; render: how. Renders an empty document for comparison
    where something is found at first.
    """
    found = _count(content, format_name, document, traces)
    if found:
        blank = replace(document, segments=(), speakers=(), title="", gaps=(), warnings=())
        found -= _count(render(blank), format_name, blank, traces)
    if found:
        raise fail_redaction({kind for kind, _ in found}, document.id, format_name)


def fail_redaction(
    kinds: set[PiiKind], transcript_id: str, format_name: str
) -> RedactionFailedError:
    """Log which kinds were found, never the text, and return the error."""
    names = sorted(kind.value for kind in kinds)
    logger.error(
        "event=redaction_failed transcript_id=%s format=%s types=%s",
        transcript_id,
        format_name,
        ",".join(names),
    )
    return RedactionFailedError(names)


def still_found(
    error: StillFoundError, transcript_id: str, format_name: str
) -> RedactionFailedError:
    return fail_redaction(set(error.kinds), transcript_id, format_name)


def _count(
    content: bytes, format_name: str, document: Document, traces: Traces
) -> Counter[tuple[PiiKind, str]]:
    """Return what is found, the most often in any one way of reading the file."""
    found: Counter[tuple[PiiKind, str]] = Counter()
    for stream in READERS[format_name](content, document):
        found |= traces.count(stream)
    return found


def _read_txt(content: bytes, document: Document) -> Iterator[str]:
    text = content.decode()
    yield text
    yield _spoken(text.splitlines(), document)


def _read_cues(content: bytes, document: Document) -> Iterator[str]:
    """Read SRT and VTT: what is between a time line and the next blank one, of all cues; and what
    stands beside them."""
    text = content.decode()
    lines: list[str] = []
    beside: list[str] = []
    is_cue = False
    for line in text.splitlines():
        if _CUE_TIMES.search(line):
            is_cue = True
        elif not line.strip():
            is_cue = False
        elif is_cue:
            lines.append(html.unescape(_VOICE.sub("", line)))
        elif not line.strip().isdigit():
            beside.append(line)
    yield "\n".join(beside)
    yield "\n".join(lines)
    yield _spoken(lines, document)
    yield html.unescape("\n".join(_VOICE.findall(text)))


def _read_csv(content: bytes, document: Document) -> Iterator[str]:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    heads = rows[0] if rows else []
    for column, head in enumerate(heads):
        if head in ("speaker", "text"):
            yield "\n".join(row[column] for row in rows)


def _read_json(content: bytes, document: Document) -> Iterator[str]:
    """Read the values of each key one behind the other: words as words, texts as texts."""
    values: dict[str, list[str]] = {}
    _gather(json.loads(content), "", values)
    for key, texts in values.items():
        if key not in _MACHINE_KEYS:
            yield "\n".join(texts)


def _gather(value: object, key: str, values: dict[str, list[str]]) -> None:
    if isinstance(value, str):
        values.setdefault(key, []).append(value)
    elif isinstance(value, list):
        for each in value:
            _gather(each, key, values)
    elif isinstance(value, dict):
        for name, each in value.items():
            _gather(each, name, values)


def _read_docx(content: bytes, document: Document) -> Iterator[str]:
    docx = python_docx.Document(io.BytesIO(content))
    paragraphs = ["".join(_texts_of(each)) for each in docx.element.body.iter(qn("w:p"))]
    yield "\n".join(paragraphs)
    yield "\n".join(_texts_of(docx.element.body, is_styled=False))
    core = docx.core_properties
    yield "\n".join((core.title, core.author, core.comments, core.keywords, core.subject))
    for section in docx.sections:
        yield "\n".join(_texts_of(section.footer._element))


def _texts_of(element: object, *, is_styled: bool | None = None) -> Iterator[str]:
    """Yield the runs' texts; is_styled False: of the runs without a style, which are speech."""
    for run in element.iter(qn("w:r")):  # type: ignore[attr-defined]  # an lxml element
        if is_styled is False and run.find(f"{qn('w:rPr')}/{qn('w:rStyle')}") is not None:
            continue
        yield "".join(each.text or "" for each in run.iter(qn("w:t")))


def _read_pdf(content: bytes, document: Document) -> Iterator[str]:
    with _one_at_a_time:
        pdf = pypdfium2.PdfDocument(content)
        try:
            pages = [page.get_textpage().get_text_range() for page in pdf]
            outline = [str(bookmark.get_title()) for bookmark in pdf.get_toc()]
            metadata = [str(value) for value in pdf.get_metadata_dict().values()]
        finally:
            pdf.close()
    lines = [line for page in pages for line in _without_foot(page, document)]
    yield "\n".join(pages)
    yield _spoken(lines, document)
    yield "\n".join(outline)
    yield "\n".join(metadata)


def _without_foot(page: str, document: Document) -> list[str]:
    """Return the page's lines without its number and the title above it."""
    lines = [line.strip() for line in page.splitlines()]
    while lines and (lines[-1].isdigit() or lines[-1] in document.title):
        lines.pop()
    return lines


def _spoken(lines: Sequence[str], document: Document) -> str:
    """Return the lines without the times and names that they begin with."""
    names = sorted(filter(None, document.speakers), key=len, reverse=True)
    label = re.compile(rf"\A(?:{'|'.join(map(re.escape, names))}):?(?: |\Z)") if names else None
    spoken = []
    for line in lines:
        bare = _LEADING_STAMP.sub("", line)
        spoken.append(label.sub("", bare) if label is not None else bare)
    return "\n".join(spoken)


READERS: dict[str, Callable[[bytes, Document], Iterator[str]]] = {
    "txt": _read_txt,
    "srt": _read_cues,
    "vtt": _read_cues,
    "csv": _read_csv,
    "json": _read_json,
    "segments": _read_json,
    "docx": _read_docx,
    "pdf": _read_pdf,
}
