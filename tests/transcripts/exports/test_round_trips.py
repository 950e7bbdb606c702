"""What we export is read again by ourselves and by others, for any text."""

import csv
import io
import json
from itertools import pairwise

import docx as python_docx
import pypdf
import pysrt
import pytest
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transcripts.exports.documents import document, segment
from tests.transcripts.exports.strategies import documents
from transcripts.exports.cues import make_cues
from transcripts.exports.document import Document
from transcripts.exports.options import ExportOptions
from transcripts.exports.render import EXPORTS, export
from transcripts.imports.own_json import read_json
from transcripts.imports.subtitles import read_subtitles

SILENT = ExportOptions(notice=False)
HOSTILE_PARTS = (
    "<b>&\x08", "=cmd()|' /C calc'!A0", "-->", "00:00:01,000 --> 00:00:02,000", "<v ", "</v>",
    "<v Eve>", "\x00", "\ud800", "\u2028", "\u2029", "\x85", "\u202e", "\u2066", "\u200f",
    "WEBVTT", "\n\nWEBVTT\n\n", "\n\n1\n", "NOTE", "STYLE", "{\\an8}", "&lt;", "&amp;lt;", "]]>",
    "\r", "\t", "\ufffe", "</w:t>", "(", ")", "\\", "%PDF", "1", "word", "ž", "世", "\U0001f600",
)  # fmt: skip


def hostile_texts() -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(HOSTILE_PARTS), min_size=1, max_size=8).map(" ".join)


@st.composite
def hostile_documents(draw: st.DrawFn) -> Document:
    names = st.one_of(st.none(), hostile_texts())
    return document(
        *(
            segment(n * 9000, n * 9000 + 8000, draw(hostile_texts()), speaker=draw(names))
            for n in range(draw(st.integers(1, 4)))
        ),
        title=draw(hostile_texts()),
    )


def visible(text: str) -> str:
    """Return text as a format of lines can hold it: blanks aside, with � for what acts."""
    shown = "".join(text.split())
    acting = {chr(code) for code in (*range(32), *range(0x7F, 0xA0))} | {"\ud800", "\ufffe"}
    return "".join("\ufffd" if character in acting else character for character in shown)


@settings(max_examples=100, deadline=None)
@given(spoken=st.one_of(documents(), hostile_documents()))
def test_our_subtitles_are_read_again_with_the_same_text_and_times(spoken: Document) -> None:
    wanted = "".join(visible(part.text) for part in spoken.segments)
    cues = make_cues(spoken)
    unnamed = ExportOptions(notice=False, speakers=False)
    for format_name in ("srt", "vtt") if cues else ():
        text = export(spoken, format_name, unnamed).decode()

        read = read_subtitles(text, notices={}).segments

        arrow = "→" if format_name == "srt" else "-->"
        assert "".join(visible(part.text) for part in read) == wanted.replace("-->", arrow)
        assert [(p.start_ms, p.end_ms) for p in read] == [(c.start_ms, c.end_ms) for c in cues]


@settings(max_examples=100, deadline=None)
@given(spoken=st.one_of(documents(), hostile_documents()))
def test_other_libraries_find_the_same_cues_and_none_that_a_text_forged(spoken: Document) -> None:
    cues = make_cues(spoken)
    times = [(cue.start_ms, cue.end_ms) for cue in cues]

    srt = pysrt.from_string(
        export(spoken, "srt", ExportOptions(notice=False, speakers=False)).decode()
    )
    vtt = webvtt.from_string(export(spoken, "vtt", SILENT).decode()).captions

    assert [(cue.start.ordinal, cue.end.ordinal) for cue in srt] == times
    assert [(in_ms(cue.start), in_ms(cue.end)) for cue in vtt] == times
    assert all(end <= start for (_, end), (start, _) in pairwise(times))


def in_ms(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return round(1000 * (int(hours) * 3600 + int(minutes) * 60 + float(seconds)))


@settings(max_examples=100, deadline=None)
@given(spoken=st.one_of(documents(), hostile_documents()))
def test_our_json_is_read_again_exactly(spoken: Document) -> None:
    read = read_json(export(spoken, "json", ExportOptions()).decode())

    wanted = sorted(spoken.segments, key=lambda part: part.start_ms)
    assert [(p.start_ms, p.end_ms, p.text.replace("?", "")) for p in read.segments] == [
        (p.start_ms, p.end_ms, p.text.replace("\ud800", "").replace("?", "")) for p in wanted
    ]
    for part, old in zip(read.segments, wanted, strict=True):
        assert [word.text for word in part.words] == [word.text for word in old.words]


@settings(max_examples=40, deadline=None)
@given(spoken=hostile_documents())
def test_for_any_text_each_format_is_a_whole_file_of_its_kind(spoken: Document) -> None:
    rows = list(csv.reader(io.StringIO(export(spoken, "csv", SILENT).decode("utf-8-sig"))))
    opened = python_docx.Document(io.BytesIO(export(spoken, "docx", SILENT)))
    pages = pypdf.PdfReader(io.BytesIO(export(spoken, "pdf", SILENT)), strict=True).pages

    assert len(rows) == 1 + len(spoken.segments)
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "@", "\t", "\r")]
    assert json.loads(export(spoken, "json", SILENT))["title"] is not None
    shown_text = visible("".join(paragraph.text for paragraph in opened.paragraphs))
    assert all(visible(part.text) in shown_text for part in spoken.segments)
    assert len(pages) >= 1
    text = export(spoken, "txt", SILENT).decode()
    assert all(visible(part.text) in visible(text) for part in spoken.segments)


@pytest.mark.timeout(120)  # far above: what grows with the square takes hours
@pytest.mark.parametrize("format_name", EXPORTS)
def test_a_megabyte_in_one_segment_is_exported(format_name: str) -> None:
    text = "word " * 60_000 + "x" * 300_000 + "<b>" * 60_000 + "e" + "\u0301" * 120_000

    content = export(document(segment(0, 60_000, text, speaker="A")), format_name, SILENT)

    assert len(content) > 10_000
