"""A stored result as a file to take along: Markdown, Word, PDF, a table, or tasks for a calendar.

What was made by the machine is written from its data, with the times and speakers that bear it out;
what a person edited is that person's text. Each says where the text has changed since.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from django.conf import settings
from django.utils.translation import gettext as _

from stt_web.core.errors import ApiError
from transcripts.exports.csv import BYTE_ORDER_MARK, neutralise
from transcripts.exports.document import Document, load_document
from transcripts.exports.docx import render_docx_sections
from transcripts.exports.options import ExportOptions
from transcripts.exports.paragraphs import Paragraph
from transcripts.exports.pdf import render_pdf_sections
from transcripts.exports.plain import one_line
from transcripts.exports.sections import Front, Section
from transcripts.intelligence.calendar_file import TASKS, render_calendar
from transcripts.intelligence.documents import escape
from transcripts.intelligence.made_items import MadeItem, MadeSection, list_sections, list_tasks
from transcripts.intelligence.made_names import MADE_NAMES, SECTION_NAMES
from transcripts.intelligence.models import StoredResult
from transcripts.intelligence.speaker_names import put_names, read_names
from transcripts.models import Transcript
from transcripts.text.clock import format_clock, format_timestamp
from transcripts.text.languages import LANGUAGE_NAMES

_PART = " (part)"
_HEADING = re.compile(r"#{1,6} +(.*)")
_MARKS = re.compile(r"\\([\\`*_{}\[\]<>#|~])|\*\*|^> ?|^ *[-*] (?:\[[ x]\] )?", re.MULTILINE)
_COLUMNS = (
    "section", "text", "speaker", "owner", "due", "due_date", "start", "choices", "answer", "stale",
)  # fmt: skip


class NoSuchFileError(ApiError):
    """A result of this kind has no file of this format."""

    code = "unknown_format"


class EditedResultError(ApiError):
    """A person's text has no table any more, and no dates."""

    status = 409
    code = "result_edited"

    def __init__(self) -> None:
        super().__init__(
            "This result was edited as a text, so there is no table of it. Ask for md, docx or pdf,"
            " or make it again."
        )


@dataclass(frozen=True)
class ResultFile:
    """A result with what its files begin with."""

    result: StoredResult
    transcript: Transcript
    document: Document  # without its segments
    title: str
    facts: str
    stale: str  # a sentence; empty where the text is as it was
    notice: str  # that a machine made it; empty where a person edited it, or it is switched off

    @property
    def name(self) -> str:
        return f"{self.transcript.title} – {self.title}" if self.transcript.title else self.title

    @property
    def text(self) -> str:
        """Return what there is of a result that has no sections."""
        if self.result.name == "pii_redact" and not self.result.is_edited:
            return str(self.result.body.get("result", {}).get("text", ""))
        return self.result.text

    @property
    def sections(self) -> list[MadeSection]:
        return [] if self.result.is_edited else list_sections(self.result)


def open_result_file(result: StoredResult, transcript: Transcript) -> ResultFile:
    """Return what files are made of, in the language of the request. Four queries.

    `result` is changed to say the speakers' names; it isn't for storing any more.
    """
    if not result.is_edited:
        names = read_names(transcript)
        result.text, result.body = put_names(result.text, names), put_names(result.body, names)
    document = replace(load_document(transcript, has_words=False), segments=(), gaps=())
    is_part = result.name.endswith(_PART)
    name = result.name.removesuffix(_PART)
    named = result.body.get("template")  # a template's results are called as it is
    named = named.get("name", name) if isinstance(named, dict) else name
    title = str(MADE_NAMES.get(result.kind, {}).get(name, named))
    facts = [
        document.title,
        LANGUAGE_NAMES.get(document.language, document.language).title(),
        result.model,
        _("edited by a person") if result.is_edited else "",
    ]
    is_stale = result.revision < transcript.text_revision
    stale = _("The text of the transcript has changed since this was made.") if is_stale else ""
    return ResultFile(
        result=result,
        transcript=transcript,
        document=document,
        title=_("{name} (part)").format(name=title) if is_part else title,
        facts=" · ".join(one_line(fact) for fact in facts if fact),
        stale=stale,
        notice=_("Made by a machine from this transcript. Check it against the recording.")
        if settings.EXPORT_NOTICE and not result.is_edited
        else "",
    )


def list_formats(result: StoredResult) -> list[str]:
    """Return which files there are of a result."""
    formats = ["md", "docx", "pdf"]
    if not result.is_edited and list_sections(result):
        formats.append("csv")
    if not result.is_edited and list_tasks(result):
        formats.append("ics")
    return formats


def render_result(file: ResultFile, format_name: str, *, form: str = TASKS) -> bytes:
    """Return the file. form: of an ics, see `calendar_file`.

    Raises NoSuchFileError, EditedResultError.
    """
    if format_name not in CONTENT_TYPES:
        raise NoSuchFileError(
            f"There is no format {format_name[:20]!r}: ask for one of {', '.join(CONTENT_TYPES)}."
        )
    if format_name == "ics":
        return _render_ics(file, form)
    return _RENDERERS[format_name](file)


def _render_markdown(file: ResultFile) -> bytes:
    parts = [f"# {escape(file.title)}", escape(file.facts)]
    if file.stale:
        parts.append(f"> {file.stale}")
    if file.sections:
        for section in file.sections:
            heading = _heading_of(section)
            lines = [f"- {_describe(item)}" for item in section.items]
            parts.append("\n".join([*([f"## {escape(heading)}", ""] if heading else []), *lines]))
    else:
        parts.append(file.text.strip())
    if file.notice:
        parts.append(f"---\n\n{file.notice}")
    return ("\n\n".join(parts) + "\n").encode("utf-8", "replace")


def _render_docx(file: ResultFile) -> bytes:
    options = ExportOptions(timestamps="none")
    return render_docx_sections(file.document, options, _front(file), _paper_sections(file))


def _render_pdf(file: ResultFile) -> bytes:
    options = ExportOptions(timestamps="none")
    return render_pdf_sections(file.document, options, _front(file), _paper_sections(file))


def _render_csv(file: ResultFile) -> bytes:
    if file.result.is_edited:
        raise EditedResultError
    if not file.sections:
        raise _no_file(file, "csv")
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_MINIMAL)
    writer.writerow(_COLUMNS)
    for section in file.sections:
        for item in section.items:
            start = (
                format_timestamp(round(1000 * item.starts_s[0]), separator=".")
                if item.starts_s
                else ""
            )
            cells = (
                _heading_of(section), item.text, item.speaker, item.owner, item.due,
            )  # fmt: skip
            writer.writerow(
                [
                    *map(neutralise, cells),
                    item.due_date,
                    start,
                    neutralise(" | ".join(item.choices)),
                    neutralise(item.answer),
                    "true" if file.stale else "false",
                ]
            )
    return (BYTE_ORDER_MARK + buffer.getvalue()).encode("utf-8", "replace")


def _render_ics(file: ResultFile, form: str) -> bytes:
    if file.result.is_edited:
        raise EditedResultError
    tasks = list_tasks(file.result)
    if not tasks:
        raise _no_file(file, "ics")
    notes = ["\n".join(filter(None, (_note_of(task), file.name, file.stale))) for task in tasks]
    text = render_calendar(
        tasks, notes, result_id=file.result.pk, made_at=file.result.updated_at, form=form
    )
    return text.encode("utf-8", "replace")


def _no_file(file: ResultFile, format_name: str) -> NoSuchFileError:
    formats = ", ".join(list_formats(file.result))
    return NoSuchFileError(f"There is no {format_name} of this result: ask for {formats}.")


def _front(file: ResultFile) -> Front:
    facts = " · ".join(filter(None, (file.facts, file.stale)))
    return Front(
        title=file.title,
        facts=facts,
        notice=file.notice,
        time_heading="",
        text_heading="",
        translation_heading="",
    )


def _paper_sections(file: ResultFile) -> Iterator[Section]:
    if not file.sections:
        yield from _read_markdown(file.text)
        return
    for section in file.sections:
        paragraphs = [
            Paragraph(
                start_ms=0, end_ms=0, speaker=_byline(item) or None, text=_describe_plain(item)
            )
            for item in section.items
        ]
        yield Section(_heading_of(section), tuple(paragraphs))


def _read_markdown(text: str) -> Iterator[Section]:
    """Yield a text's headings with their lines, without the marks."""
    heading, lines = "", list[str]()
    for line in text.splitlines():
        found = _HEADING.match(line)
        if found is not None:
            if heading or lines:
                yield _lines_section(heading, lines)
            heading, lines = _bare(found[1]), []
        elif line.strip():
            is_item = re.match(r" *[-*] ", line) is not None
            lines.append(f"• {_bare(line)}" if is_item else _bare(line))
    if heading or lines:
        yield _lines_section(heading, lines)


def _lines_section(heading: str, lines: list[str]) -> Section:
    paragraphs = [Paragraph(start_ms=0, end_ms=0, speaker=None, text=line) for line in lines]
    return Section(heading, tuple(paragraphs))


def _bare(text: str) -> str:
    return _MARKS.sub(lambda match: match[1] or "", text).strip()


def _heading_of(section: MadeSection) -> str:
    return section.title or str(SECTION_NAMES.get(section.name, section.name))


def _byline(item: MadeItem) -> str:
    """Return who says it and when: "Anna, 0:12, 3:40"."""
    clocks = (format_clock(round(1000 * start)) for start in item.starts_s[:_MOST_PLACES])
    return ", ".join(filter(None, (item.speaker, *clocks)))


def _note_of(item: MadeItem) -> str:
    """Return what is known of it, for people."""
    due = item.due if item.due_date in ("", item.due) else f"{item.due} ({item.due_date})"
    parts = [
        _("Owner: {name}").format(name=item.owner) if item.owner else "",
        _("When: {due}").format(due=due) if due else "",
        _byline(item),
    ]
    return " · ".join(filter(None, parts))


def _describe_plain(item: MadeItem) -> str:
    note = _note_of(replace(item, starts_s=(), speaker=""))
    parts = [item.text, f"({note})" if note else "", *_choices_of(item)]
    if item.answer:
        parts.append(f"— {_('Answer')}: {item.answer}")
    return " ".join(filter(None, parts))


def _describe(item: MadeItem) -> str:
    byline, text = _byline(item), escape(_describe_plain(item))
    return f"**{escape(byline)}** {text}" if byline else text


def _choices_of(item: MadeItem) -> Iterator[str]:
    for number, choice in enumerate(item.choices):
        yield f"{chr(97 + number)}) {choice}"


_MOST_PLACES = 5
_RENDERERS: dict[str, Callable[[ResultFile], bytes]] = {
    "md": _render_markdown,
    "docx": _render_docx,
    "pdf": _render_pdf,
    "csv": _render_csv,
}
CONTENT_TYPES = {
    "md": "text/markdown; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "ics": "text/calendar; charset=utf-8",
}
