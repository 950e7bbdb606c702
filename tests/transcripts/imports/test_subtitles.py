"""Subtitle files as they are found: each line of times is a segment, is empty, or is counted."""

import contextlib
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcripts.exports.phrases import PHRASES
from transcripts.imports.child import ImportJob, read_file
from transcripts.imports.segments import Imported, ImportFileError
from transcripts.imports.subtitles import read_subtitles

Row = tuple[int, int, str, str | None]


def _read(text: str) -> Imported:
    return read_subtitles(text, notices={})


def _rows(text: str) -> list[Row]:
    return [(s.start_ms, s.end_ms, s.text, s.speaker_name) for s in _read(text).segments]


def _texts(text: str) -> list[str]:
    return [segment.text for segment in _read(text).segments]


GOOD = "8\n00:01:00,000 --> 00:01:02,000\nA good one.\n\n"


@pytest.mark.parametrize(
    ("cue", "wanted"),
    [
        (
            "1\n00:00:01,000 --> 00:00:02,000\nFirst half,\n\nsecond half.\n\n",
            "First half, second half.",
        ),
        ("1\n00:00:01,000 --> 00:00:02,000\n\nA line\n\n", "A line"),
        ("1\n00:00:01,000 --> 00:00:02,000\n\n7\n\n", "7"),
        ("1\n00:00:01,000 --> 00:00:02,000\n1.567.202.\n\n", "1.567.202."),
        ("1\n1\n00:00:01,000 --> 00:00:02,000\nTwice numbered\n\n", "Twice numbered"),
        ("1\n\n00:00:01,000 --> 00:00:02,000\nApart\n\n", "Apart"),
        ("1\n00:00:01 --> 00:00:02\nWhole seconds\n\n", "Whole seconds"),
        ("1\n00:00:1,000 --> 00:00:2,00\nSingle digits\n\n", "Single digits"),
        ("1\n00:00:01, 000 --> 00:00:02, 000\nSpaces\n\n", "Spaces"),
        ("1\n00:00:01:000 --> 00:00:02:000\nColons\n\n", "Colons"),
        ("1\n00:00:01.000 --> 00:00:02.000\nDots\n\n", "Dots"),
        ("1\n00:00:01,000 --> 00:00:02,000 X1:5 Y1:7\nPlaced\n\n", "Placed"),
        ("00:00:01,000 --> 00:00:02,000 On its line\n\n", "On its line"),
        ("1 00:00:01,000 --> 00:00:02,000\nNumber before\n\n", "Number before"),
        ("1\n00:00:01,000 --> 00:00:02,000\na --> b\n\n", "a --> b"),
        ("1\n00:00:01,000-->00:00:02,000\nTight\n", "Tight"),
    ],
)
def test_a_cue_is_read_alone_and_beside_others(cue: str, wanted: str) -> None:
    alone, beside = _read(cue), _read(cue + GOOD)

    assert [(s.start_ms, s.end_ms, s.text) for s in alone.segments] == [(1000, 2000, wanted)]
    assert [s.text for s in beside.segments] == [wanted, "A good one."]
    assert alone.remarks == beside.remarks == ()


def test_cues_need_neither_numbers_nor_empty_lines() -> None:
    text = (
        "00:00:01,000 --> 00:00:02,000\nOne\n00:00:03,000 --> 00:00:04,000\n7\n"
        "00:00:05,000 --> 00:00:06,000\n42"
    )
    assert _texts(text) == ["One", "7", "42"]
    numbered = (
        "1\n00:00:01,000 --> 00:00:02,000\nOne\n2\n00:00:03,000 --> 00:00:04,000\nTwo\n3\n"
        "00:00:05,000 --> 00:00:06,000\n42"
    )
    assert _texts(numbered) == ["One", "Two", "42"]


def test_names_of_webvtt_are_no_text() -> None:
    text = (
        "WEBVTT\n\nname\nand more\n00:01.000 --> 00:02.000\nA\n\n2\n00:03.000 --> 00:04.000\nB\n\n"
        "intro\n00:05.000 --> 00:06.000\nC\n"
    )
    assert _texts(text) == ["A", "B", "C"]


def test_an_empty_line_inside_a_cue_of_webvtt_loses_nothing() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\nOne,\n\ntwo.\n\n00:03.000 --> 00:04.000\nB\n"
    assert _texts(text) == ["One, two.", "B"]


def test_two_voices_in_a_cue_are_two_segments() -> None:
    text = (
        "WEBVTT\n\n00:01.000 --> 00:02.000 align:start\n"
        "<v Ann>Hello &amp; <c.yellow>you</c>\n<v.loud Bob Lee>Yes<00:00:01.500> no\n"
    )
    first, second = _rows(text)
    assert (first[2:], second[2:]) == (("Hello & you", "Ann"), ("Yes no", "Bob Lee"))
    assert first[0] == 1000
    assert first[1] <= second[0] <= 1500
    assert second[1] == 2000


def test_rolling_captions_have_each_word_once_at_its_own_time() -> None:
    text = (
        "WEBVTT\nKind: captions\nLanguage: en\n\n"
        "00:00:00.000 --> 00:00:02.000 align:start position:0%\n \n"
        "hello<00:00:00.500><c> big</c><00:00:01.000><c> world</c>\n\n"
        "00:00:02.000 --> 00:00:02.010 align:start position:0%\nhello big world\n \n\n"
        "00:00:02.010 --> 00:00:04.000 align:start position:0%\nhello big world\n"
        "this<00:00:02.500><c> is</c><00:00:03.000><c> next</c>\n"
    )
    segments = _read(text).segments

    words = [(word.text, word.start_ms, word.end_ms) for s in segments for word in s.words]
    assert words == [
        ("hello", 0, 500), ("big", 500, 1000), ("world", 1000, 2000),
        ("this", 2010, 2500), ("is", 2500, 3000), ("next", 3000, 4000),
    ]  # fmt: skip
    assert [segment.text for segment in segments] == ["hello big world", "this is next"]


def test_what_cannot_be_read_is_counted_with_its_lines() -> None:
    text = (
        "1\n00:00:01,000 -> 00:00:02,000\nA\n\n2\n00:00:03,000 --> 00:00:04,000\nB\n\n"
        "3\n00:00:05,000 --> later\nC\n"
    )
    imported = _read(text)

    assert [segment.text for segment in imported.segments] == ["B"]
    (remark,) = imported.remarks
    assert (remark.code, remark.is_loss) == ("cues_skipped", True)
    assert "2 cues" in remark.message
    assert "lines 2, 10" in remark.message


def test_a_cue_that_ends_before_it_begins_is_stored_and_reported() -> None:
    imported = _read("1\n00:00:05,000 --> 00:00:02,000\nA\n")

    assert [(s.start_ms, s.end_ms, s.text) for s in imported.segments] == [(5000, 5001, "A")]
    assert [(r.code, r.is_loss) for r in imported.remarks] == [("times_corrected", False)]


def test_times_inside_a_comment_are_counted() -> None:
    imported = _read("WEBVTT\n\nNOTE\n00:01.000 --> 00:02.000\nold\n\n00:03.000 --> 00:04.000\nB\n")
    assert [segment.text for segment in imported.segments] == ["B"]
    assert [remark.code for remark in imported.remarks] == ["comments_skipped"]


SBV = "0:00:01.000,0:00:02.000\nOne\nline\n\n0:00:03.000,0:00:04.500\nTwo\n"
ASS = """[Script Info]
Title: A talk

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,never shown
Dialogue: 0,0:00:01.00,0:00:02.50,Default,Ann,0,0,0,,{\\an8}Hello, you\\Nthere
Dialogue: 0,soon,0:00:02.50,Default,Ann,0,0,0,,lost
"""


def test_sbv_is_read() -> None:
    assert _rows(SBV) == [(1000, 2000, "One line", None), (3000, 4500, "Two", None)]


def test_substation_is_read_with_its_actors_and_what_it_loses_is_counted() -> None:
    assert _rows(ASS) == [(1000, 2500, "Hello, you there", "Ann")]
    broken, comments = _read(ASS).remarks
    assert "line 8" in broken.message
    assert (comments.code, comments.is_loss) == ("comments_skipped", True)
    assert "line 6" in comments.message


@pytest.mark.parametrize("stamp", ["99:99:99,000", "00:60:00,000", "00:00:60,000", "01:75.000"])
def test_times_of_more_than_59_minutes_or_seconds_are_counted_as_unreadable(stamp: str) -> None:
    imported = _read(f"1\n{stamp} --> 99:59:59,999\nNever\n\n{GOOD}")

    assert [segment.text for segment in imported.segments] == ["A good one."]
    (remark,) = imported.remarks
    assert (remark.code, "line 2" in remark.message) == ("cues_skipped", True)


def test_minutes_of_more_than_an_hour_are_read_where_no_hours_are_written() -> None:
    assert _rows("75:30.000 --> 75:31.000\nLate\n") == [(4_530_000, 4_531_000, "Late", None)]


def test_times_of_substation_beyond_59_are_counted_as_unreadable() -> None:
    imported = _read(ASS.replace("soon", "0:00:99.00"))
    assert "line 8" in imported.remarks[0].message


@pytest.mark.parametrize("phrase", [phrases.gap for phrases in PHRASES.values()])
@pytest.mark.parametrize("seconds", ["3", "0.5", "0,5", "3600"])
def test_the_marks_of_gaps_are_no_text_in_any_language(phrase: str, seconds: str) -> None:
    mark = phrase.format(seconds=seconds)
    broken = "\n".join(mark.split())
    imported = _read(
        f"1\n00:00:01,000 --> 00:00:02,000\n{broken}\n\n"
        f"2\n00:00:03,000 --> 00:00:04,000\nOne {mark} [two]\n\n{GOOD}"
    )

    assert [segment.text for segment in imported.segments] == ["One [two]", "A good one."]
    (remark,) = imported.remarks
    assert (remark.code, remark.is_loss) == ("gaps_marked", True)
    assert f"00:00:01 ({seconds} s), 00:00:03 ({seconds} s)" in remark.message


def test_a_file_of_marks_alone_shows_it_where_it_is_refused() -> None:
    with pytest.raises(ImportFileError, match="only marks"):
        _read("1\n00:00:01,000 --> 00:00:02,000\n[3 s not transcribed]\n")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("<?xml version='1.0'?><tt/>", "TTML"),
        ("<SAMI><BODY/></SAMI>", "SAMI"),
        ("{1}{25}Hello", "MicroDVD"),
        ("[00:12.00]La la", "LRC"),
    ],
)
def test_another_format_is_named_where_it_is_refused(text: str, name: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text(text)
    with pytest.raises(ImportFileError, match=re.escape(name)):
        read_file(ImportJob(file))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1250"])
def test_encodings_that_can_be_recognised(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "file.srt"
    spoken = "Příliš žluťoučký kůň úpěl ďábelské ódy."
    file.write_bytes(f"1\n00:00:01,000 --> 00:00:02,000\n{spoken}\n".encode(encoding))

    imported = read_file(ImportJob(file))

    assert [segment.text for segment in imported.segments] == [spoken]
    guessed = [remark.code for remark in imported.remarks]
    assert guessed == (["encoding_guessed"] if encoding == "cp1250" else [])


def test_an_encoding_that_is_declared_counts(tmp_path: Path) -> None:
    file = tmp_path / "file.srt"
    spoken = "Příliš žluťoučký kůň"
    file.write_bytes(f"1\n00:00:01,000 --> 00:00:02,000\n{spoken}\n".encode("iso-8859-2"))

    imported = read_file(ImportJob(file, encoding="ISO-8859-2"))

    assert [segment.text for segment in imported.segments] == [spoken]
    with pytest.raises(ImportFileError, match="cp1250") as refused:
        read_file(ImportJob(file, encoding="rot13"))
    assert refused.value.code == "invalid_value"


# What a file is put together of; every cue's text is a word that no other has.
_STAMPS = (
    "00:00:{n:02},000 --> 00:00:{n:02},900", "00:00:{n:02}.000 --> 00:00:{n:02}.900",
    "00:00:{n:02} --> 00:00:{m:02}", "0:0:{n},0 --> 0:0:{n},9",
    "00:00:{n:02}, 000 --> 00:00:{n:02}, 900",
    "00:{n:02},000 --> 00:{n:02},900 X1:5", "00:00:{n:02},000 -> 00:00:{n:02},900",
    "00:00:{n:02},000 -->", "00:00:{m:02},900 --> 00:00:{n:02},000",
)  # fmt: skip


@st.composite
def _files(draw: st.DrawFn) -> tuple[str, int, list[str]]:
    """Return a file, how many lines of times it has, and the words of its cues."""
    is_vtt = draw(st.booleans())
    has_numbers = draw(st.booleans())
    lines = ["WEBVTT", ""] if is_vtt else []
    words: list[str] = []
    count = draw(st.integers(1, 12))
    for number in range(1, count + 1):
        if has_numbers:
            lines += [str(number)] * draw(st.sampled_from((1, 1, 1, 2)))
        lines.append(draw(st.sampled_from(_STAMPS)).format(n=number, m=number + 1))
        lines += [""] * draw(st.integers(0, 2))
        for part in range(draw(st.integers(0, 3))):
            word = f"word{number}x{part}"
            words.append(word)
            lines += [word, *[""] * draw(st.sampled_from((0, 0, 1)))]
        lines += ["", ""]
    newline = draw(st.sampled_from(("\n", "\r\n", "\r")))
    return newline.join(lines), count, words


@settings(max_examples=300, deadline=None)
@given(_files())
def test_each_line_of_times_is_a_segment_or_an_empty_cue_or_counted(
    file: tuple[str, int, list[str]],
) -> None:
    text, count, words = file
    try:
        imported = _read(text)
    except ImportFileError:
        imported = Imported(())
    skipped = sum(
        int(match[1])
        for remark in imported.remarks
        if (match := re.match(r"(\d+) cues? w", remark.message)) is not None
    )
    assert len(imported.segments) + skipped <= count
    shown = " ".join(segment.text for segment in imported.segments)
    assert "-->" not in shown
    if not skipped and imported.segments:
        assert sorted(shown.split()) == sorted(words)
    numbers = {word for word in shown.split() if word.isdigit()}
    assert not numbers


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789:,.-> \n<>/vcb{}\\&;#xWEBTNO\u200b", max_size=300))
def test_any_input_is_read_or_refused(text: str) -> None:
    for start in ("", "WEBVTT\n\n", "1\n00:00:01,000 --> 00:00:02,000\n"):
        with contextlib.suppress(ImportFileError):
            segments = _read(start + text).segments
            assert all(s.start_ms < s.end_ms and s.text for s in segments)


def test_a_character_reference_of_thousands_of_digits_stays_text() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\n&#" + "9" * 6000 + ";\n"
    assert _texts(text)[0].startswith("&#999")
