"""Profiles, and the faults that the lint finds."""

import pytest

from tests.transcripts.exports.documents import DOCUMENTS, SENTENCES, document, segment
from transcripts.exports.cues import Cue, make_cues
from transcripts.exports.lint import lint_cues
from transcripts.exports.profiles import PROFILES, Profile

DEFAULT = PROFILES["default"]
GOOD = Cue(1_000, 4_000, ("Nothing is wrong with this,", "nothing at all."), None)
SPEECH = " ".join(
    f"This is the {n}th sentence, which is spoken at a good and steady speed." for n in range(12)
)


@pytest.mark.parametrize(
    ("cues", "rule"),
    [
        ([Cue(0, 5000, ("x" * 43,), None)], "line_length"),
        ([Cue(0, 5000, ("one", "two", "three"), None)], "lines"),
        ([Cue(0, 832, ("Yes.",), None)], "duration"),
        ([Cue(0, 7001, ("Yes.",), None)], "duration"),
        ([Cue(5000, 5000, ("Yes.",), None)], "duration"),
        ([Cue(0, 1000, ("Twenty-one characters",), None)], "reading_speed"),
        ([Cue(0, 1000, ("One.",), None), Cue(1082, 3000, ("Two.",), None)], "gap"),
        ([Cue(0, 2000, ("One.",), None), Cue(1999, 3000, ("Two.",), None)], "overlap"),
        ([Cue(0, 3000, ("He saw the", "house."), None)], "break"),
        ([Cue(0, 3000, (" ",), None)], "empty"),
    ],
)
def test_a_planted_fault_is_found_by_name(cues: list[Cue], rule: str) -> None:
    findings = lint_cues(cues, DEFAULT)

    assert [finding.rule for finding in findings] == [rule]
    assert findings[0].cue == len(cues)


def test_good_subtitles_have_no_findings() -> None:
    assert lint_cues([GOOD, Cue(4_083, 6_000, ("Nor with this.",), None)], DEFAULT) == []


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_what_we_cut_keeps_the_rules_of_its_profile(profile: Profile) -> None:
    spoken = document(segment(0, 72_000, SPEECH, is_timed=True))

    cues = make_cues(spoken, profile)

    hard = [f for f in lint_cues(cues, profile) if f.rule in ("line_length", "lines", "overlap")]
    assert hard == []
    assert {f.rule for f in lint_cues(cues, profile)} <= {"reading_speed", "break", "duration"}
    assert " ".join(line for cue in cues for line in cue.lines) == SPEECH


def test_profiles_differ_in_what_they_cut() -> None:
    spoken = document(segment(0, 72_000, SPEECH, is_timed=True))
    widest = {
        name: max(len(line) for cue in make_cues(spoken, profile) for line in cue.lines)
        for name, profile in PROFILES.items()
    }

    assert widest["default"] > widest["broadcast"] > widest["social"]


def test_east_asian_lines_are_shorter() -> None:
    chinese = document(segment(0, 20_000, SENTENCES["zh"] * 6), language="zh")

    cues = make_cues(chinese)

    assert max(len(line) for cue in cues for line in cue.lines) <= 16


def test_the_cues_of_overlapping_segments_do_not_overlap() -> None:
    cues = make_cues(DOCUMENTS["overlapping"])

    assert not [f for f in lint_cues(cues, DEFAULT) if f.rule == "overlap"]
