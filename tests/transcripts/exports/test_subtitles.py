"""Profiles, and the faults that the lint finds."""

import pytest

from tests.transcripts.exports.documents import DOCUMENTS, SENTENCES, document, segment
from transcripts.exports.cues import Cue, make_cues
from transcripts.exports.lint import lint_cues
from transcripts.exports.options import ExportOptions
from transcripts.exports.profiles import PROFILES, Profile
from transcripts.exports.render import export
from transcripts.text.segments import Segment
from transcripts.text.words import Word, join_words

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
def test_what_we_cut_follows_the_rules_of_its_profile(profile: Profile) -> None:
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


@pytest.mark.parametrize(("character", "width"), [("世", 16), ("か", 13), ("안", 16)])
def test_lines_follow_the_script_in_any_declared_language(character: str, width: int) -> None:
    # What fills two lines, and needs no second cue.
    spoken = document(segment(0, 6_000, character * 2 * width), language="en")

    cues = make_cues(spoken)

    assert [len(line) for cue in cues for line in cue.lines] == [width, width]
    assert "line_length" not in {f.rule for f in lint_cues(cues, DEFAULT, language="en")}


def test_the_lint_measures_a_line_by_its_own_script() -> None:
    planted = [Cue(0, 7000, ("世" * 17,), None)]

    findings = lint_cues(planted, DEFAULT, language="en")

    assert [(f.rule, f.value, f.limit) for f in findings] == [("line_length", 17, 16)]
    fast = lint_cues([Cue(0, 1000, ("世" * 12,), None)], DEFAULT, language="en")
    assert [(f.rule, f.value, f.limit) for f in fast] == [("reading_speed", 12, 10.6)]


def test_latin_text_in_a_chinese_transcript_has_whole_lines() -> None:
    cues = make_cues(document(segment(0, 72_000, SPEECH, is_timed=True), language="zh"))

    assert max(len(line) for cue in cues for line in cue.lines) > 36


def test_no_line_begins_with_what_ends_a_sentence() -> None:
    chinese = document(
        segment(0, 60_000, "你好，世界。这是一句很长的中文句子，" * 4), language="zh"
    )

    lines = [line for cue in make_cues(chinese) for line in cue.lines]

    assert not [line for line in lines if line[0] in "，。"]


def test_a_speakers_name_takes_no_more_than_a_line_of_srt() -> None:
    made = export(
        document(segment(0, 3000, "Hi.", speaker="X " * 150), segment(3000, 6000, "Yes.")),
        "srt",
        ExportOptions(),
    ).decode()
    two = export(
        document(
            segment(0, 3000, "Hi.", speaker="X " * 150), segment(3000, 6000, "Yes.", speaker="B")
        ),
        "srt",
        ExportOptions(),
    ).decode()

    assert "X" not in made
    assert "…:\nHi." in two
    assert max(map(len, two.split("\n")[:-3])) <= 42


def test_the_cues_of_overlapping_segments_do_not_overlap() -> None:
    cues = make_cues(DOCUMENTS["overlapping"])

    assert not [f for f in lint_cues(cues, DEFAULT) if f.rule == "overlap"]


TALK = (
    "The savage gang MS -13, glaring loopholes in our laws, has been in this country for years and"
    " nobody at all has done anything about it, not one of them, in either party. It is so."
)


def _recognised(text: str, *, cut_every: int) -> list[Segment]:
    """Return it as a recogniser divides it: "MS" and "-13" are two words without a space, and a
    phrase ends after so many words."""
    words = [
        Word(part, n * 350, n * 350 + 330, 0.9, not part.startswith("-"))
        for n, part in enumerate(text.split())
    ]
    phrases = [words[start : start + cut_every] for start in range(0, len(words), cut_every)]
    return [
        Segment(part[0].start_ms, part[-1].end_ms, join_words(part), tuple(part), 0.9)
        for part in phrases
    ]


@pytest.mark.parametrize("cut_every", [3, 7, 11, 100])
def test_no_rest_of_a_phrase_stands_alone_however_the_recogniser_cut(cut_every: int) -> None:
    cues = make_cues(document(*_recognised(TALK, cut_every=cut_every)))

    assert min(len(" ".join(cue.lines).split()) for cue in cues) > 1
    assert not lint_cues(cues, DEFAULT)


@pytest.mark.parametrize("cut_every", [3, 7, 100])
@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_no_line_begins_inside_a_word(cut_every: int, profile: Profile) -> None:
    cues = make_cues(document(*_recognised(TALK, cut_every=cut_every)), profile)

    lines = [line for cue in cues for line in cue.lines]
    assert not [line for line in lines if line.startswith("-")]
    assert any("MS-13," in line for line in lines)


def test_a_word_that_is_spoken_alone_is_a_cue_of_its_own() -> None:
    cues = make_cues(
        document(
            segment(0, 400, "No.", speaker="A", is_timed=True),
            segment(500, 2500, "But that is what you said.", speaker="B", is_timed=True),
            segment(5000, 5400, "Yes.", speaker="A", is_timed=True),
        )
    )
    assert [cue.lines for cue in cues] == [("No.",), ("But that is what you said.",), ("Yes.",)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("هل ذهبت إلى المدرسة اليوم؟", "نعم ذهبت إلى هناك مع أخي."),
        ("कल हम सब नदी के किनारे गए।", "वहाँ कोई पुल नहीं था भाई।"),
    ],
)
def test_a_cue_ends_where_its_script_ends_a_sentence(first: str, second: str) -> None:
    spoken = document(segment(0, 5_000, f"{first} {second}", is_timed=True))

    assert [" ".join(cue.lines) for cue in make_cues(spoken)] == [first, second]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
@pytest.mark.parametrize("language", ["en", "cs"])
def test_the_notice_follows_the_rules_of_the_profile(profile: Profile, language: str) -> None:
    spoken = document(segment(0, 3_000, "A word or two.", is_timed=True), language=language)

    exported = export(spoken, "srt", ExportOptions(profile=profile)).decode()

    lines = [line for line in exported.split("\n") if "-->" not in line and not line.isdigit()]
    assert max(map(len, lines)) <= profile.line_characters
    written = " ".join(filter(None, lines))
    assert ("generated by a machine" if language == "en" else "vytvořil stroj") in written
