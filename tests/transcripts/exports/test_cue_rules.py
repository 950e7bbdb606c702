"""What holds of all subtitles, for any words at any speed: by made-up transcripts."""

from itertools import pairwise

from hypothesis import given, settings

from tests.transcripts.exports.documents import document, segment
from tests.transcripts.exports.strategies import documents, profiles
from transcripts.exports.cues import make_cues
from transcripts.exports.document import Document
from transcripts.exports.lint import lint_cues
from transcripts.exports.profiles import PROFILES, Profile

GLANCE_MS = 250


@settings(max_examples=100, deadline=None)
@given(spoken=documents(), profile=profiles())
def test_every_word_is_shown_once_and_in_order(spoken: Document, profile: Profile) -> None:
    cues = make_cues(spoken, profile)

    shown = "".join("".join(line.split()) for cue in cues for line in cue.lines)
    assert shown == "".join("".join(part.text.split()) for part in spoken.segments)
    assert all(line.strip() == line and line for cue in cues for line in cue.lines)


@settings(max_examples=100, deadline=None)
@given(spoken=documents(), profile=profiles())
def test_cues_follow_each_other_and_none_flashes_by(spoken: Document, profile: Profile) -> None:
    cues = make_cues(spoken, profile)

    shortest_ms = min(GLANCE_MS, profile.min_duration_ms)
    for cue in cues:
        assert shortest_ms <= cue.end_ms - cue.start_ms <= profile.max_duration_ms
    for before, after in pairwise(cues):
        pause_ms = after.start_ms - before.end_ms
        assert pause_ms >= 0
        if before.end_ms - before.start_ms < profile.min_duration_ms:
            assert pause_ms <= profile.gap_ms  # it has taken all the time that there was


@settings(max_examples=100, deadline=None)
@given(spoken=documents(), profile=profiles())
def test_lines_hold_their_number_and_length(spoken: Document, profile: Profile) -> None:
    findings = lint_cues(make_cues(spoken, profile), profile, language=spoken.language)

    rules = {finding.rule for finding in findings}
    assert rules <= {"duration", "gap", "reading_speed", "break"}


def test_a_burst_of_words_is_shown_for_long_enough_where_silence_follows() -> None:
    words = " ".join(f"and number {n} of it" for n in range(30))
    spoken = document(segment(1_000, 1_031, words, is_timed=True), segment(60_000, 61_000, "End."))

    cues = make_cues(spoken)

    assert min(cue.end_ms - cue.start_ms for cue in cues) >= PROFILES["default"].min_duration_ms
    assert cues[-1].start_ms == 60_000
    assert not [f for f in lint_cues(cues, PROFILES["default"]) if f.rule in ("duration", "gap")]


def test_hurried_speech_under_a_tight_profile_is_never_a_second_late() -> None:
    tight = Profile("custom", line_characters=8, lines=1, min_duration_ms=2_000, gap_ms=500)
    spoken = document(segment(0, 60_000, " ".join(["hurried"] * 120), is_timed=True))

    cues = make_cues(spoken, tight)

    assert max(cue.start_ms - 500 * number for number, cue in enumerate(cues)) <= 1_000
    rules = {finding.rule for finding in lint_cues(cues, tight)}
    assert "duration" in rules  # and it is reported
