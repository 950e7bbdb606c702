"""Every option, in every format that it is of."""

import io

import docx as python_docx
import pypdf
import pytest

from tests.transcripts.exports.documents import document, segment
from transcripts.exports.options import ExportOptions
from transcripts.exports.profiles import PROFILES
from transcripts.exports.redaction import KINDS
from transcripts.exports.render import EXPORTS, export

SPOKEN = document(
    segment(0, 3000, "Write to eve@b.cz, or call 601 123 456.", speaker="Anna", is_timed=True),
    segment(3000, 8000, "That is what I have done already.", speaker="Anna", is_timed=True),
    segment(61_000, 69_000, "One can't do so on any Sunday in May.", speaker="Petr", is_timed=True),
    title="For eve@b.cz",
)


def text_of(format_name: str, **options: object) -> str:
    """Return what a reader of the file sees, line by line."""
    content = export(SPOKEN, format_name, ExportOptions(**options))  # type: ignore[arg-type]
    return read_file(format_name, content)


def read_file(format_name: str, content: bytes) -> str:
    if format_name == "pdf":
        return pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text()
    if format_name == "docx":
        opened = python_docx.Document(io.BytesIO(content))
        cells = [cell.text for table in opened.tables for row in table.rows for cell in row.cells]
        return "\n".join([*(paragraph.text for paragraph in opened.paragraphs), *cells])
    return content.decode()


@pytest.mark.parametrize("format_name", EXPORTS)
def test_speakers_are_named_or_not(format_name: str) -> None:
    named, unnamed = text_of(format_name), text_of(format_name, speakers=False)

    assert "Anna" in named
    assert "Petr" in named
    assert "Anna" not in unnamed
    assert "Petr" not in unnamed
    assert "done" in unnamed


@pytest.mark.parametrize("format_name", EXPORTS)
def test_what_is_to_be_masked_is_nowhere(format_name: str) -> None:
    whole, masked = text_of(format_name), text_of(format_name, redact=KINDS)

    assert "eve@b.cz" in whole
    assert "eve" not in masked
    assert "601" not in masked
    assert "[e-mail]" in masked
    assert "601" in text_of(format_name, redact=("email",))


@pytest.mark.parametrize("format_name", ["txt", "docx", "pdf"])
def test_times_stand_where_they_were_asked_for(format_name: str) -> None:
    assert "00:01:01" not in text_of(format_name, timestamps="none")
    assert "00:01:01" in text_of(format_name, timestamps="inline")
    assert "00:01:01" in text_of(format_name, timestamps="column")


@pytest.mark.parametrize("format_name", ["txt", "docx", "pdf"])
def test_segments_of_one_speaker_are_gathered_or_not(format_name: str) -> None:
    gathered = text_of(format_name, timestamps="inline")
    single = text_of(format_name, timestamps="inline", paragraphs=False)

    assert "00:00:03" not in gathered
    assert "00:00:03" in single
    assert (gathered.count("Anna"), single.count("Anna")) == (1, 2)


@pytest.mark.parametrize("format_name", ["srt", "vtt"])
def test_subtitles_are_cut_as_their_profile_has_it(format_name: str) -> None:
    made = {name: text_of(format_name, profile=PROFILES[name]) for name in ("default", "social")}

    assert made["social"].count("-->") > made["default"].count("-->")
