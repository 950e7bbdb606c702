"""Word documents and PDFs, opened again by other programs."""

import io
import shutil
import subprocess
import unicodedata
from dataclasses import replace
from typing import Any, cast

import docx as python_docx
import pypdf
import pypdfium2
import pytest

from tests.transcripts.exports.documents import (
    DOCUMENTS,
    HOSTILE,
    LONG_WORD,
    SENTENCES,
    document,
    segment,
)
from transcripts.exports.document import Document
from transcripts.exports.options import ExportOptions
from transcripts.exports.render import export

UNSHAPED = ("cs", "el", "ru", "zh", "ja", "ko")
SHAPED = ("ar", "he", "hi", "th")
POPPLER = shutil.which("pdftotext")


def make_pdf(made_of: Document, **options: object) -> bytes:
    return export(made_of, "pdf", ExportOptions(**options))  # type: ignore[arg-type]


def open_docx(made_of: Document, **options: object) -> "python_docx.document.Document":
    content = export(made_of, "docx", ExportOptions(**options))  # type: ignore[arg-type]
    return python_docx.Document(io.BytesIO(content))


def squeezed(text: str) -> str:
    """Return text without what lines are broken and laid out with."""
    normal = unicodedata.normalize("NFC", text)
    marks = "\u200e\u200f\u202a\u202b\u202c\u200b"
    return "".join(
        character for character in normal if not character.isspace() and character not in marks
    )


def spoken_by(language: str) -> Document:
    return document(segment(0, 3000, SENTENCES[language]), language=language)


@pytest.mark.parametrize("language", UNSHAPED)
def test_the_text_of_a_pdf_comes_out_again_as_it_was(language: str) -> None:
    reader = pypdf.PdfReader(io.BytesIO(make_pdf(spoken_by(language))))

    assert squeezed(SENTENCES[language]) in squeezed(reader.pages[0].extract_text())


@pytest.mark.parametrize("language", ["hi", "th"])
def test_shaped_text_comes_out_again_in_chromes_reader(language: str) -> None:
    page = pypdfium2.PdfDocument(make_pdf(spoken_by(language)))[0]

    assert squeezed(SENTENCES[language]) in squeezed(page.get_textpage().get_text_range())


@pytest.mark.skipif(POPPLER is None, reason="poppler's pdftotext is not installed")
@pytest.mark.parametrize("language", [*UNSHAPED, *SHAPED])
def test_all_text_comes_out_again_in_popplers_reader(language: str) -> None:
    # Poppler orders a page by the direction that most of it has.
    speech = document(segment(0, 9000, " ".join([SENTENCES[language]] * 12)), language=language)
    answer = subprocess.run(
        [str(POPPLER), "-", "-"],
        input=make_pdf(speech),
        capture_output=True,
        check=True,
    )

    assert squeezed(SENTENCES[language]) in squeezed(answer.stdout.decode())


@pytest.mark.parametrize("language", ["ar", "he"])
def test_text_from_right_to_left_begins_at_the_right(language: str) -> None:
    image = pypdfium2.PdfDocument(make_pdf(spoken_by(language), notice=False))[0].render(scale=2)
    pixels = image.to_numpy()[:, :, 0]
    lines = list(pixels[int(pixels.shape[0] * 0.1) : int(pixels.shape[0] * 0.3)])
    inked = [(row < 128).nonzero()[0] for row in lines if (row < 128).any()]

    last_line = inked[-3]
    assert last_line.max() > pixels.shape[1] * 0.8
    assert last_line.min() > pixels.shape[1] * 0.4


def test_a_pdf_embeds_its_fonts_and_names_its_language_and_origin() -> None:
    reader = pypdf.PdfReader(io.BytesIO(make_pdf(DOCUMENTS["scripts"])))

    fonts = [
        font.get_object()
        for page in reader.pages
        for name, font in cast("Any", page)["/Resources"]["/Font"].items()
    ]
    assert len(fonts) >= 8
    assert all("/FontFile2" in font["/FontDescriptor"].get_object() for font in fonts)
    assert cast("Any", reader.trailer["/Root"])["/Lang"] == "en"
    metadata = reader.metadata
    assert metadata is not None
    assert metadata.title == "Všechna písma"
    assert "machine" in str(metadata.subject)
    assert str(metadata["/Keywords"]) == "machine-generated"


def structure_of(content: bytes) -> list[tuple[str, str]]:
    """Return each element's type, and how it is read where that isn't as it is drawn."""
    root = cast("Any", pypdf.PdfReader(io.BytesIO(content)).trailer["/Root"])
    assert root["/MarkInfo"]["/Marked"]
    body = root["/StructTreeRoot"]["/K"]
    elements = [reference.get_object() for reference in body["/K"]]
    return [(element["/S"], str(element.get("/ActualText", ""))) for element in elements]


def test_a_pdf_is_tagged_in_the_order_it_is_read() -> None:
    long = document(
        segment(0, 9000, SENTENCES["ar"] + " (one) 2", speaker="المتحدث"),
        *(segment(n * 5000, n * 5000 + 4000, "A sentence. " * 90) for n in range(2, 400, 40)),
        title="Talk",
    )
    content = make_pdf(long)

    structure = structure_of(content)

    assert [kind for kind, _ in structure][:7] == ["/H1", "/P", "/P", "/H2", "/P", "/P", "/P"]
    assert [text for _, text in structure][4:6] == [
        "00:00:00 المتحدث",
        SENTENCES["ar"] + " (one) 2",
    ]
    assert [kind for kind, _ in structure].count("/H2") == 4


def test_every_marked_passage_of_a_pdf_belongs_to_an_element() -> None:
    reader = pypdf.PdfReader(io.BytesIO(make_pdf(DOCUMENTS["scripts"])))

    parents = cast("Any", reader.trailer["/Root"])["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    for number, page in enumerate(reader.pages):
        drawn = page.get_contents().get_data()  # type: ignore[union-attr]  # it has some
        assert page["/StructParents"] == parents[2 * number] == number
        assert drawn.count(b"/MCID") == len(parents[2 * number + 1])
        assert drawn.count(b"BDC") == drawn.count(b"EMC")
        for place, reference in enumerate(parents[2 * number + 1]):
            kids = reference.get_object()["/K"]
            assert place in [kid["/MCID"] for kid in kids if kid["/Pg"].get_object() == page]


@pytest.mark.skipif(POPPLER is None, reason="poppler's pdftotext is not installed")
def test_emoji_are_drawn_and_copied_and_what_no_font_has_is_named() -> None:
    text = "Well 🎉 👩‍👩‍👧 1️⃣ and 𠮷野家 done."
    content = make_pdf(document(segment(0, 3000, text)))

    info = subprocess.run([str(POPPLER), "-", "-"], input=content, capture_output=True, check=True)
    fonts = pypdf.PdfReader(io.BytesIO(content)).pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    drawn = pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text()

    assert text in " ".join(info.stdout.decode().split())
    assert any("NotoEmoji" in font.get_object()["/BaseFont"] for font in fonts.values())
    assert "[U+20BB7]" in drawn
    assert "\ufffd" not in drawn


def inked_columns(content: bytes, *, line: int) -> tuple[float, float]:
    """Return where the ink of a line begins and ends, as shares of the page's width."""
    pixels = pypdfium2.PdfDocument(content)[0].render(scale=2).to_numpy()[:, :, 0]
    rows = [number for number, row in enumerate(pixels) if (row < 128).any()]
    starts = [row for before, row in zip([-9, *rows], rows, strict=False) if row - before > 6]
    start = starts[line]
    inked = (pixels[start : start + 8] < 128).any(axis=0).nonzero()[0]
    return inked.min() / pixels.shape[1], inked.max() / pixels.shape[1]


@pytest.mark.parametrize(
    ("speaker", "text"), [("المتحدث", SENTENCES["ar"]), ("Anna", SENTENCES["he"])]
)
def test_who_speaks_from_right_to_left_stands_at_the_right(speaker: str, text: str) -> None:
    content = make_pdf(document(segment(0, 3000, text, speaker=speaker)), notice=False)

    begins, ends = inked_columns(content, line=2)

    assert begins > 0.6
    assert ends > 0.85


def test_a_name_of_300_characters_is_cut_to_a_line() -> None:
    long = pypdf.PdfReader(
        io.BytesIO(make_pdf(document(segment(0, 900, "Hi.", speaker="X" * 300))))
    )

    line = next(line for line in long.pages[0].extract_text().splitlines() if "XX" in line)

    assert 20 < line.count("X") < 100
    assert line.endswith("…")


def test_a_long_pdf_has_numbered_pages_and_an_outline() -> None:
    long = document(
        *(segment(n * 5000, n * 5000 + 4000, f"Sentence {n}.", speaker="A") for n in range(600))
    )

    reader = pypdf.PdfReader(io.BytesIO(make_pdf(long, paragraphs=False)))

    assert len(reader.pages) > 10
    assert reader.pages[4].extract_text().rstrip().endswith("5")
    title, sections = cast("list[Any]", reader.outline)
    assert title.title == "A talk"
    assert [entry.title for entry in sections][:3] == ["00:00:00", "00:10:00", "00:20:00"]


def test_nothing_leaves_the_page_and_markup_is_text() -> None:
    reader = pypdf.PdfReader(io.BytesIO(make_pdf(DOCUMENTS["hostile"])))
    text = reader.pages[0].extract_text()
    wide = pypdf.PdfReader(io.BytesIO(make_pdf(document(segment(0, 900, LONG_WORD * 4)))))

    assert '</title><script>alert("x")</script>' in text
    assert "<b>&\ufffd --> {\\an8}" in text
    assert squeezed(LONG_WORD * 4) in squeezed(wide.pages[0].extract_text())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_word_document_has_all_the_text(name: str) -> None:
    opened = open_docx(DOCUMENTS[name])

    text = squeezed("".join(paragraph.text for paragraph in opened.paragraphs))
    for part in DOCUMENTS[name].segments:
        assert squeezed(part.text).replace("\x08", "\ufffd") in text


def test_a_word_document_is_built_of_styles_and_described() -> None:
    opened = open_docx(replace(DOCUMENTS["renamed"], is_corrected=True))

    assert cast("Any", opened.paragraphs[0]).style.name == "Title"
    spoken = opened.paragraphs[3]
    assert [(run.text, run.style.name) for run in spoken.runs][:2] == [
        ("[00:00:00] ", "Time"),
        ("Jiří Dvořák: ", "Speaker"),
    ]
    assert opened.core_properties.title == "A talk"
    assert opened.core_properties.language == "en"
    assert opened.core_properties.keywords == "machine-generated, corrected by a person"
    footer = opened.sections[0].footer.paragraphs[0]._p.xml
    assert 'w:instr="PAGE"' in footer
    assert 'w:instr="NUMPAGES"' in footer


def test_times_get_a_column_with_a_heading_row() -> None:
    opened = open_docx(DOCUMENTS["renamed"], timestamps="column")

    rows = [[cell.text for cell in row.cells] for row in opened.tables[0].rows]
    assert rows[0] == ["Time", "Text"]
    assert rows[1] == ["00:00:00", "Jiří Dvořák: Good morning to everybody here."]
    assert "w:tblHeader" in opened.tables[0].rows[0]._tr.xml


def test_text_from_right_to_left_is_marked_so_in_word() -> None:
    opened = open_docx(spoken_by("ar"))

    assert "<w:bidi/>" in opened.paragraphs[-1]._p.xml
    assert "<w:rtl/>" in opened.paragraphs[-1]._p.xml


def test_hostile_text_is_text_in_word() -> None:
    opened = open_docx(DOCUMENTS["hostile"])

    assert HOSTILE.replace("\x08", "\ufffd") in opened.paragraphs[3].text
