"""Word documents: python-docx for the styles and the frame, the paragraphs as XML of our own.

Paragraph by paragraph python-docx takes 40 s for ten hours of speech, for it resolves each style
again. Structure for those who listen to a document: a title, headings, a language, styles with
names, and in the table of times a heading row that repeats.
"""

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

import docx as python_docx
from docx.document import Document as Docx
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor
from docx.styles.styles import Styles

from transcripts.exports.document import Document
from transcripts.exports.notice import origin_of
from transcripts.exports.options import ExportOptions
from transcripts.exports.paragraphs import Paragraph
from transcripts.exports.plain import one_line
from transcripts.exports.sections import Front, Section, make_front, make_sections
from transcripts.exports.shaping import is_right_to_left
from transcripts.text.clock import format_timestamp

_FONT = "Calibri"
_GREY = RGBColor(0x59, 0x59, 0x59)
_TEAL = RGBColor(0x00, 0x5C, 0x5C)
_COLUMN_TWIPS = (1300, 8300)  # of the times, of the text; twentieths of a point
_BILINGUAL_TWIPS = (1300, 4150, 4150)


def render_docx(document: Document, options: ExportOptions) -> bytes:
    """Return the file; ten hours of speech take about two seconds."""
    front = make_front(document, options)
    docx = python_docx.Document()
    _define_styles(docx, language=document.language or "en")
    _describe(docx, document, front)
    _number_pages(docx)
    body = _Body(docx, document, options)
    body.add_front(front)
    for section in make_sections(document, options):
        body.add_section(section, front)
    buffer = io.BytesIO()
    docx.save(buffer)
    return buffer.getvalue()


def _define_styles(docx: Docx, *, language: str) -> None:
    styles = docx.styles
    normal = styles["Normal"]
    normal.font.name, normal.font.size = _FONT, Pt(11)
    normal.paragraph_format.space_after = Pt(8)
    _set_language(normal.element.get_or_add_rPr(), language)
    for name, size in (("Title", 24), ("Heading 1", 14)):
        styles[name].font.name, styles[name].font.size = _FONT, Pt(size)
        styles[name].font.color.rgb = _TEAL
    _add_character_style(styles, "Speaker", is_bold=True)
    _add_character_style(styles, "Time", color=_GREY)
    _add_character_style(styles, "Notice", color=_GREY)
    _add_character_style(styles, "Translation", color=_TEAL)
    section = docx.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(22)


def _add_character_style(
    styles: Styles, name: str, *, is_bold: bool = False, color: RGBColor | None = None
) -> None:
    style = styles.add_style(name, WD_STYLE_TYPE.CHARACTER)  # type: ignore[no-untyped-call]
    style.font.bold = is_bold or None
    if color is not None:
        style.font.color.rgb = color


def _set_language(properties: object, language: str) -> None:
    """Declare the text's language: spelling, hyphens and voices go by it."""
    value = quoteattr(language)
    element = parse_xml(f"<w:lang {nsdecls('w')} w:val={value} w:eastAsia={value} w:bidi={value}/>")
    properties.append(element)  # type: ignore[attr-defined]  # an lxml element, without stubs


def _describe(docx: Docx, document: Document, front: Front) -> None:
    core = docx.core_properties
    core.title = front.title[:255]
    core.author = ""
    core.last_modified_by = ""
    core.language = document.language
    core.created = core.modified = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    core.comments = front.notice[:255]
    core.keywords = origin_of(document) if front.notice else ""


def _number_pages(docx: Docx) -> None:
    paragraph = docx.sections[0].footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    for field, between in (("PAGE", " / "), ("NUMPAGES", "")):
        field_xml = (
            f'<w:fldSimple {nsdecls("w")} w:instr="{field}"><w:r><w:t>1</w:t></w:r></w:fldSimple>'
        )
        paragraph._p.append(parse_xml(field_xml))
        if between:
            paragraph.add_run(between)


class _Body:
    """The paragraphs, in the end of the document's body."""

    def __init__(self, docx: Docx, document: Document, options: ExportOptions) -> None:
        self._body = docx.element.body
        self._target = ""
        if document.translation is not None and document.is_bilingual:
            self._target = document.translation.language
        self._timestamps = options.timestamps or "inline"
        self._ids = {style.name: style.style_id for style in docx.styles}

    def add_front(self, front: Front) -> None:
        parts = [self._paragraph(front.title, style="Title")]
        parts += [
            self._paragraph(line, run_style="Notice")
            for line in (front.facts, front.notice)
            if line
        ]
        self._append(parts)

    def add_section(self, section: Section, front: Front) -> None:
        if section.heading:
            self._append([self._paragraph(section.heading, style="Heading 1")])
        if self._timestamps == "column":
            self._append([self._table(section, front)])
        else:
            self._append(list(self._spoken(section)))

    def _spoken(self, section: Section) -> Iterator[str]:
        for paragraph in section.paragraphs:
            time = format_timestamp(paragraph.start_ms) if self._timestamps == "inline" else ""
            yield self._spoken_paragraph(paragraph, time=time)
            if paragraph.translation:
                yield self._translated_paragraph(paragraph)

    def _translated_paragraph(self, paragraph: Paragraph) -> str:
        text = one_line(paragraph.translation)
        is_rtl = is_right_to_left(text)
        run = self._run(text, "Translation", is_rtl=is_rtl, language=self._target)
        return f"<w:p>{_paragraph_properties(is_rtl=is_rtl)}{run}</w:p>"

    def _spoken_paragraph(self, paragraph: Paragraph, *, time: str) -> str:
        runs = []
        is_rtl = is_right_to_left(f"{paragraph.text} {paragraph.speaker or ''}")
        if time:
            runs.append(self._run(f"[{time}] ", "Time"))
        if paragraph.speaker is not None:
            name = f"{one_line(paragraph.speaker)}: "
            runs.append(self._run(name, "Speaker", is_rtl=is_rtl and is_right_to_left(name)))
        runs.append(self._run(one_line(paragraph.text), is_rtl=is_rtl))
        return f"<w:p>{_paragraph_properties(is_rtl=is_rtl)}{''.join(runs)}</w:p>"

    def _table(self, section: Section, front: Front) -> str:
        headings = [front.time_heading, front.text_heading]
        widths = _BILINGUAL_TWIPS if self._target else _COLUMN_TWIPS
        if self._target:
            headings.append(front.translation_heading)
        cells = [self._paragraph(heading, run_style="Speaker") for heading in headings]
        rows = [f"<w:tr><w:trPr><w:tblHeader/></w:trPr>{_cells(cells, widths)}</w:tr>"]
        for paragraph in section.paragraphs:
            cells = [
                self._paragraph(format_timestamp(paragraph.start_ms), run_style="Time"),
                self._spoken_paragraph(paragraph, time=""),
            ]
            if self._target:
                cells.append(self._translated_paragraph(paragraph))
            rows.append(f"<w:tr>{_cells(cells, widths)}</w:tr>")
        grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
        return (
            '<w:tbl><w:tblPr><w:tblW w:w="0" w:type="auto"/><w:tblLayout w:type="fixed"/></w:tblPr>'
            f"<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl><w:p/>"
        )

    def _paragraph(self, text: str, *, style: str = "", run_style: str = "") -> str:
        is_rtl = is_right_to_left(text)
        style_id = self._ids[style] if style else ""
        properties = _paragraph_properties(style_id=style_id, is_rtl=is_rtl)
        return f"<w:p>{properties}{self._run(text, run_style, is_rtl=is_rtl)}</w:p>"

    def _run(self, text: str, style: str = "", *, is_rtl: bool = False, language: str = "") -> str:
        properties = f'<w:rStyle w:val="{self._ids[style]}"/>' if style else ""
        properties += "<w:rtl/>" if is_rtl else ""
        if language:
            value = quoteattr(language)
            properties += f"<w:lang w:val={value} w:eastAsia={value} w:bidi={value}/>"
        return (
            f"<w:r>{f'<w:rPr>{properties}</w:rPr>' if properties else ''}"
            f'<w:t xml:space="preserve">{escape(one_line(text))}</w:t></w:r>'
        )

    def _append(self, parts: list[str]) -> None:
        """Put the XML before the body's last element, which is the page's set-up."""
        wrapped = parse_xml(f"<w:body {nsdecls('w')}>{''.join(parts)}</w:body>")
        last = self._body.find(qn("w:sectPr"))
        for element in list(wrapped):
            last.addprevious(element)


def _paragraph_properties(*, style_id: str = "", is_rtl: bool) -> str:
    properties = f'<w:pStyle w:val="{style_id}"/>' if style_id else ""
    properties += "<w:bidi/>" if is_rtl else ""
    return f"<w:pPr>{properties}</w:pPr>" if properties else ""


def _cells(paragraphs: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(
        f"<w:tc>{_cell_width(width)}{paragraph}</w:tc>"
        for width, paragraph in zip(widths, paragraphs, strict=True)
    )


def _cell_width(width: int) -> str:
    return f'<w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>'
