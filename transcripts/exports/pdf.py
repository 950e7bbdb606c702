"""PDF: A4 pages with embedded fonts, page numbers and an outline.

What stands in scripts without shaping can be copied out anywhere. Where glyphs are shaped, the
text stands beside them (`ActualText`, ISO 32000-1, 14.9.4). For scripts that go from right to left
it is written as it stands on the paper: poppler turns it, and a copy is exact on pages that are
mostly in such a script; Chrome's reader gives the words right and their order from left to right.
Readers without `ActualText` (pypdf, pdfminer) read the glyphs: Arabic, Hindi and Thai in pieces.
The structure (`pdf_structure`) has such paragraphs in the order they are read, for screen readers.
"""

import io
import threading
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from stt_web.core.unicode import normalize
from transcripts.exports.document import Document
from transcripts.exports.font_coverage import load_font
from transcripts.exports.linebreaks import fill_lines
from transcripts.exports.notice import origin_of
from transcripts.exports.options import ExportOptions
from transcripts.exports.paragraphs import Paragraph
from transcripts.exports.pdf_structure import StructureTree
from transcripts.exports.plain import one_line, without_direction_marks
from transcripts.exports.sections import Front, make_front, make_sections
from transcripts.exports.shaping import ShapedRun, is_right_to_left, lay_out, measure
from transcripts.text.clock import format_timestamp

_WIDTH, _HEIGHT = A4
_MARGIN = 57.0  # points: 20 mm
_FOOT = 34.0
_COLUMN = 62.0  # for the times, where they have a column of their own
_BLACK, _GREY, _TEAL = (0.1, 0.1, 0.1), (0.4, 0.4, 0.4), (0.0, 0.36, 0.36)
_PRODUCER = "Open STT"
# The fonts are shared by all threads, and give glyphs private characters as they come.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Style:
    """Points. `before`: the space above. `language`: of the text, if not the document's."""

    size: float
    leading: float
    before: float = 0.0
    is_bold: bool = False
    color: tuple[float, float, float] = _BLACK
    language: str = ""


_TITLE = Style(20, 26, is_bold=True)
_FACTS = Style(9.5, 14, before=2, color=_GREY)
_HEADING = Style(13, 18, before=14, is_bold=True, color=_TEAL)
_SPEAKER = Style(10, 15, before=7, is_bold=True)
_TIME = Style(9, 15, before=7, color=_GREY)
_BODY = Style(10.5, 15.5)
_TRANSLATION = Style(10.5, 15.5, before=2, color=_TEAL)
_UNNAMED = Style(10.5, 15.5, before=7)
# A speaker and two lines: what must stand together, and under a heading.
_PARAGRAPH_START = _SPEAKER.before + _SPEAKER.leading + 2 * _BODY.leading


def render_pdf(document: Document, options: ExportOptions) -> bytes:
    """Return the file. One at a time in a process; an hour of speech takes about a second."""
    with _one_at_a_time:
        buffer = io.BytesIO()
        writer = _Writer(buffer, make_front(document, options), document, options)
        writer.write()
        return buffer.getvalue()


class _Writer:
    """One document on its way: the canvas, and where on the page the next line goes."""

    def __init__(
        self, buffer: io.BytesIO, front: Front, document: Document, options: ExportOptions
    ) -> None:
        self._front = front
        self._document = document
        self._options = options
        self._timestamps = options.timestamps or "inline"
        self._left = _MARGIN + (_COLUMN if self._timestamps == "column" else 0)
        # Its first font is named on every page: reportlab's own would not be embedded.
        first_font = load_font("NotoSans-Regular").fontName
        self._canvas = Canvas(
            buffer, pagesize=A4, lang=document.language or None, initialFontName=first_font
        )
        target = document.translation.language if document.translation else ""
        self._translated = replace(_TRANSLATION, language=target)
        self._structure = StructureTree(self._canvas)
        self._y = _HEIGHT - _MARGIN

    def write(self) -> None:
        self._describe()
        self._write_front()
        for number, section in enumerate(make_sections(self._document, self._options)):
            if section.heading:
                self._write_heading(section.heading, number)
            for paragraph in section.paragraphs:
                self._write_paragraph(paragraph)
        self._end_page()
        self._structure.save()
        self._canvas.save()

    def _describe(self) -> None:
        canvas, front = self._canvas, self._front
        canvas.setTitle(front.title)
        canvas.setCreator(_PRODUCER)
        canvas.setProducer(_PRODUCER)
        canvas.setAuthor("")
        canvas.setViewerPreference("DisplayDocTitle", "true")
        if front.notice:
            canvas.setSubject(front.notice)
            canvas.setKeywords([origin_of(self._document)])

    def _write_front(self) -> None:
        front = self._front
        self._mark(front.title, "title", level=0)
        with self._structure.element("H1", actual_text=_read_aloud(front.title)):
            self._write_text(front.title, _TITLE, left=_MARGIN)
        for line in filter(None, (front.facts, front.notice)):
            with self._structure.element("P"):
                self._write_text(line, _FACTS, left=_MARGIN)
        self._y -= 8

    def _write_heading(self, heading: str, number: int) -> None:
        self._reserve(_HEADING.before + _HEADING.leading + _PARAGRAPH_START)
        self._mark(heading, f"section-{number}", level=1)
        with self._structure.element("H2"):
            self._write_text(heading, _HEADING, left=_MARGIN)

    def _write_paragraph(self, paragraph: Paragraph) -> None:
        """Write who speaks and when above the text, or the time beside it."""
        self._reserve(_PARAGRAPH_START)
        time = "" if self._timestamps == "none" else format_timestamp(paragraph.start_ms)
        is_column = self._timestamps == "column"
        speaker = paragraph.speaker or ""
        is_headed = paragraph.speaker is not None or (bool(time) and not is_column)
        if time or speaker:
            head = " ".join(filter(None, (time, speaker)))
            with self._structure.element("P", actual_text=_read_aloud(head)):
                if is_column:
                    y = self._y - _TIME.before - _TIME.leading
                    self._draw_line(time, _TIME, x=_MARGIN, y=y)
                if is_headed:
                    is_rtl = is_right_to_left(f"{paragraph.text} {speaker}")
                    self._write_head(speaker, "" if is_column else time, is_rtl=is_rtl)
        with self._structure.element("P", actual_text=_read_aloud(paragraph.text)):
            self._write_text(paragraph.text, _BODY if is_headed else _UNNAMED, left=self._left)
        if paragraph.translation:
            with self._structure.element("P", actual_text=_read_aloud(paragraph.translation)):
                self._write_text(paragraph.translation, self._translated, left=self._left)

    def _write_head(self, speaker: str, time: str, *, is_rtl: bool) -> None:
        """Write the time and the speaker from the side on which the text begins."""
        self._y -= _SPEAKER.before + _SPEAKER.leading
        taken = 0.0
        room = _WIDTH - _MARGIN - self._left
        if time:
            x = self._left + (room - self._width(time, _TIME) if is_rtl else 0)
            taken = self._draw_line(f"{time} ", _TIME, x=x, y=self._y) + 6
        name, *rest = [*self._lines(speaker, _SPEAKER, width=room - taken), ""]
        if any(rest):  # one line, for names of any length
            width = room - taken - self._width("…", _SPEAKER)
            name = f"{next(self._lines(speaker, _SPEAKER, width=width))}…"
        x = self._left + (0 if is_rtl else taken)
        width = room - taken
        self._draw_line(name, _SPEAKER, x=x, y=self._y, width=width, is_rtl=is_rtl)

    def _width(self, text: str, style: Style) -> float:
        return self._measure(style)(text) * style.size / 1000

    def _write_text(self, text: str, style: Style, *, left: float) -> None:
        width = _WIDTH - _MARGIN - left
        is_rtl = is_right_to_left(text)
        self._y -= style.before
        end = 0
        clean = _clean(text)
        for line in self._lines(text, style, width=width):
            end += len(line)
            if clean.startswith(" ", end) and not is_rtl:  # or words run together when read aloud
                line, end = f"{line} ", len(clean) - len(clean[end:].lstrip(" "))
            self._reserve(style.leading)
            self._y -= style.leading
            self._draw_line(line, style, x=left, y=self._y, width=width, is_rtl=is_rtl)

    def _lines(self, text: str, style: Style, *, width: float) -> Iterator[str]:
        yield from fill_lines(
            _clean(text), width=1000 * width / style.size, measure=self._measure(style)
        )

    def _measure(self, style: Style) -> Callable[[str], float]:
        return partial(measure, language=self._language_of(style), is_bold=style.is_bold)

    def _language_of(self, style: Style) -> str:
        return style.language or self._document.language

    def _draw_line(
        self, text: str, style: Style, *, x: float, y: float, width: float = 0, is_rtl: bool = False
    ) -> float:
        """Draw one line and return its width; in `width`, flush with the side it begins on."""
        chunks = lay_out(
            text, language=self._language_of(style), is_bold=style.is_bold, is_rtl=is_rtl
        )
        drawn = sum(chunk.width for chunk in chunks) * style.size / 1000
        if is_rtl and width:
            x += width - drawn
        self._canvas.setFillColorRGB(*style.color)
        for chunk in chunks:
            self._draw_run(chunk, style, x=x, y=y)
            x += chunk.width * style.size / 1000
        return drawn

    def _draw_run(self, chunk: ShapedRun, style: Style, *, x: float, y: float) -> None:
        with self._structure.marked(chunk.text if chunk.needs_actual_text else ""):
            self._canvas.setFont(chunk.font, style.size)
            self._canvas.drawString(x, y, chunk.glyphs)

    def _mark(self, heading: str, key: str, *, level: int) -> None:
        self._canvas.bookmarkPage(key)
        self._canvas.addOutlineEntry(heading, key, level=level)

    def _reserve(self, height: float) -> None:
        """Begin a new page unless `height` is left on this one."""
        if self._y - height < _MARGIN:
            self._end_page()

    def _end_page(self) -> None:
        with self._structure.page_end():
            self._write_foot()
        self._y = _HEIGHT - _MARGIN

    def _write_foot(self) -> None:
        number = str(self._canvas.getPageNumber())
        style = _FACTS
        width = measure(number, language="en") * style.size / 1000
        room = _WIDTH - 2 * _MARGIN - width - 12
        title = next(self._lines(self._front.title, style, width=room), "")
        self._draw_line(title, style, x=_MARGIN, y=_FOOT, is_rtl=is_right_to_left(title))
        self._draw_line(number, style, x=_WIDTH - _MARGIN - width, y=_FOOT)


def _clean(text: str) -> str:
    return normalize("NFC", without_direction_marks(one_line(text))).strip()


def _read_aloud(text: str) -> str:
    """Return what the structure must hold because the page has it in another order."""
    clean = _clean(text)
    return clean if any(unicodedata.bidirectional(each) in ("R", "AL") for each in clean) else ""
