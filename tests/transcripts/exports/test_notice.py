"""The notice at the end of a file: in which language, in how many lines, and found again."""

import re
from dataclasses import replace

import pytest

from tests.transcripts.exports.documents import document, segment
from transcripts.exports.document import Document
from transcripts.exports.lint import lint_cues
from transcripts.exports.notice import all_notices, notice_cues, notice_of
from transcripts.exports.options import ExportOptions
from transcripts.exports.phrases import PHRASES
from transcripts.exports.profiles import PROFILES
from transcripts.exports.render import export
from transcripts.imports.subtitles import read_subtitles

SPOKEN = document(segment(0, 3000, "Good morning to everybody here.", is_timed=True))
ORIGINS = [(machine, corrected) for machine in (True, False) for corrected in (True, False)]


def made(language: str, *, is_machine: bool, is_corrected: bool) -> Document:
    return replace(SPOKEN, language=language, is_machine_made=is_machine, is_corrected=is_corrected)


def test_the_notice_is_in_the_transcripts_language_where_it_is_one_of_ours() -> None:
    def notice_in(language: str, locale: str) -> str:
        return notice_of(replace(SPOKEN, language=language), ExportOptions(locale=locale))

    assert "maschinell" in notice_in("de", "en")
    assert "machine" in notice_in("en", "cs")
    assert "stroj" in notice_in("sw", "cs")
    assert "machine" in notice_in("", "en")
    assert "machine" in notice_in("sw", "xx")


@pytest.mark.parametrize("language", PHRASES)
@pytest.mark.parametrize(("is_machine", "is_corrected"), ORIGINS)
def test_as_a_subtitle_it_is_one_that_breaks_no_rule(
    language: str, is_machine: bool, is_corrected: bool
) -> None:
    spoken = made(language, is_machine=is_machine, is_corrected=is_corrected)

    cues = notice_cues(spoken, ExportOptions(), after_ms=3000)

    assert len(cues) == 1
    findings = lint_cues(cues, PROFILES["default"], language=language)
    assert [each for each in findings if each.rule != "break"] == []


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("language", PHRASES)
@pytest.mark.parametrize(("is_machine", "is_corrected"), ORIGINS)
def test_a_subtitle_file_is_imported_with_its_origin_and_without_the_notice(
    language: str, is_machine: bool, is_corrected: bool, profile: str
) -> None:
    spoken = made(language, is_machine=is_machine, is_corrected=is_corrected)
    options = ExportOptions(profile=PROFILES[profile])

    again = read_subtitles(export(spoken, "srt", options).decode(), notices=all_notices())

    assert (again.is_machine_made, again.is_corrected) == (is_machine, is_corrected)
    text = "".join(part.text for part in again.segments)
    assert re.sub(r"\s", "", text) == "Goodmorningtoeverybodyhere."


@pytest.mark.parametrize("profile", PROFILES)
def test_in_every_profile_lines_and_lengths_hold(profile: str) -> None:
    rules = PROFILES[profile]
    for is_machine, is_corrected in ORIGINS:
        spoken = made("en", is_machine=is_machine, is_corrected=is_corrected)
        for cue in notice_cues(spoken, ExportOptions(profile=rules), after_ms=0):
            assert len(cue.lines) <= rules.lines
            assert max(map(len, cue.lines)) <= rules.line_characters
            assert cue.end_ms - cue.start_ms <= rules.max_duration_ms
