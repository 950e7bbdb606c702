"""Gaps in their places in files: cut between words, in every format, in the right language."""

import csv
import io
from dataclasses import replace

import pytest
import webvtt

from tests.transcripts.exports.documents import document, segment
from tests.transcripts.exports.test_options import read_file
from transcripts.exports.cues import make_cues
from transcripts.exports.json import as_json
from transcripts.exports.options import ExportOptions, apply_options
from transcripts.exports.profiles import PROFILES, Profile
from transcripts.exports.redaction import KINDS
from transcripts.exports.render import EXPORTS, export, render
from transcripts.services.shown_gaps import ShownGap

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
    assert [getattr(part, "gap", "") for part in asked.segments] == ["", "a", "", "", "b"]


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


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
@pytest.mark.parametrize("speaker", ["A", None])
def test_each_mark_is_a_subtitle_of_its_own_in_one_line(
    profile: Profile, speaker: str | None
) -> None:
    gaps = (
        ShownGap(("a",), 3_000, 6_000, "not_recognised"),
        ShownGap(("b",), 6_500, 9_500, "not_recognised"),
    )
    spoken = replace(
        document(
            segment(0, 3_000, "one two", speaker=speaker, is_timed=True),
            segment(9_600, 12_000, "three four", speaker=speaker, is_timed=True),
        ),
        gaps=gaps,
        duration_ms=12_000,
    )

    cues = make_cues(apply_options(spoken, ExportOptions(include_gaps=True)), profile)

    mark = ("[3 s not transcribed]",)
    assert [cue.lines for cue in cues] == [("one two",), mark, mark, ("three four",)]


def test_a_mark_that_no_line_has_room_for_is_one_subtitle_all_the_same() -> None:
    narrow = Profile("custom", line_characters=8, lines=1, is_literal=True)

    cues = make_cues(apply_options(SPOKEN, ExportOptions(include_gaps=True)), narrow)

    joined = ["".join("".join(cue.lines).split()) for cue in cues]
    assert joined.count("[4snottranscribed]") == joined.count("[60snottranscribed]") == 1


@pytest.mark.parametrize(("language", "mark"), [("en", "[0.5 s not"), ("cs", "[0,5 s nepřepsáno]")])
def test_less_than_a_second_is_written_in_tenths(language: str, mark: str) -> None:
    brief = (ShownGap(("a",), 3_000, 3_500, "repetition", text="so"),)
    spoken = replace(SPOKEN, gaps=brief, language=language)
    assert mark in apply_options(spoken, ExportOptions(include_gaps=True)).text


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
    def notice_in(language: str, locale: str) -> str:
        spoken = replace(SPOKEN, language=language)
        return apply_options(spoken, ExportOptions(include_gaps=True, locale=locale)).text

    assert "[4 s nicht transkribiert]" in notice_in("de", "cs")
    assert "[4 s nepřepsáno]" in notice_in("sw", "cs")
    assert "[4秒未转写]" in notice_in("zh", "en")
