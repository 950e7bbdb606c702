"""Gaps in their places in files: cut between words, in every format, in the right language."""

import csv
import io
from dataclasses import replace

import pytest
import webvtt

from tests.transcripts.exports.documents import document, segment
from tests.transcripts.exports.test_options import read_file
from transcripts.exports.json import as_json
from transcripts.exports.options import ExportOptions, apply_options
from transcripts.exports.redaction import KINDS
from transcripts.exports.render import EXPORTS, export, render
from transcripts.gaps import ShownGap

GAPS = (
    ShownGap(("a",), 3_000, 7_000, "repetition", text="write to eve@b.cz"),
    ShownGap(("b",), 20_000, 80_000, "not_recognised"),
)
SPOKEN = replace(
    document(
        segment(0, 10_000, "one two three four five six seven eight", speaker="A", is_timed=True),
        segment(10_000, 20_000, "nine ten", speaker="A", is_timed=True),
    ),
    gaps=GAPS,
    duration_ms=80_000,
)


def test_a_segment_is_cut_where_the_gap_lies_between_its_words() -> None:
    asked = apply_options(SPOKEN, ExportOptions(include_gaps=True))

    texts = [part.text for part in asked.segments]
    assert texts == [
        "one two three four",
        "[4 s not transcribed]",
        "five six seven eight",
        "nine ten",
        "[60 s not transcribed]",
    ]
    assert all(part.start_ms < part.end_ms for part in asked.segments)
    assert [part.gap for part in asked.segments] == ["", "a", "", "", "b"]


@pytest.mark.parametrize("format_name", EXPORTS)
def test_every_format_names_them_where_it_is_asked_to_and_only_there(format_name: str) -> None:
    plain = read_file(format_name, export(SPOKEN, format_name, ExportOptions()))
    asked = read_file(format_name, export(SPOKEN, format_name, ExportOptions(include_gaps=True)))

    assert "not transcribed]" not in plain
    assert "[4 s not transcribed]" in " ".join(asked.split())
    assert "[60 s not transcribed]" in " ".join(asked.split())


def test_as_a_subtitle_a_gap_stands_for_a_moment() -> None:
    content = export(SPOKEN, "vtt", ExportOptions(include_gaps=True)).decode()

    [cue] = [cue for cue in webvtt.from_string(content).captions if "60 s" in cue.text]
    assert cue.text == "[60 s not transcribed]"
    assert (cue.start, cue.end) == ("00:00:20.000", "00:00:23.000")


def test_vtt_names_them_in_a_note_that_parsers_pass_over() -> None:
    body, _ = render(SPOKEN, "vtt")

    assert "NOTE gaps: 2, 64.000 s of speech are not in the text" in body.decode()
    spoken = " ".join(cue.text for cue in webvtt.from_string(body.decode()).captions)
    assert "gaps" not in spoken


def test_json_lists_them_in_any_case_with_their_text_masked_where_asked() -> None:
    plain = as_json(apply_options(SPOKEN, ExportOptions()))
    masked = as_json(apply_options(SPOKEN, ExportOptions(redact=KINDS, include_gaps=True)))

    assert plain["gaps"] == [
        {"id": "a", "start": 3.0, "end": 7.0, "reason": "repetition", "text": "write to eve@b.cz"},
        {"id": "b", "start": 20.0, "end": 80.0, "reason": "not_recognised"},
    ]
    assert masked["gaps"][0]["text"] == "write to [e-mail]"
    assert (masked["segments"][1]["gap"], masked["segments"][1]["words"]) == ("a", [])


def test_csv_has_a_row_for_each() -> None:
    content = export(SPOKEN, "csv", ExportOptions(include_gaps=True)).decode("utf-8-sig")

    row = list(csv.DictReader(io.StringIO(content)))[1]
    assert (row["start"], row["text"], row["confidence"]) == (
        "00:00:03.000",
        "[4 s not transcribed]",
        "",
    )


def test_a_language_without_words_of_ours_is_named_in_that_of_who_asks() -> None:
    def said(language: str, locale: str) -> str:
        spoken = replace(SPOKEN, language=language)
        return apply_options(spoken, ExportOptions(include_gaps=True, locale=locale)).text

    assert "[4 s nicht transkribiert]" in said("de", "cs")
    assert "[4 s nepřepsáno]" in said("sw", "cs")
    assert "[4秒未转写]" in said("zh", "en")
