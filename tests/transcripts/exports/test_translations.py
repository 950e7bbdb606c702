"""A translation as a file: in place of the text, or beside it, in every format."""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
import webvtt

from tests.transcripts.exports.documents import document, segment
from tests.transcripts.exports.test_options import read_file
from transcripts.exports.cues import make_cues
from transcripts.exports.divisions import divide_text, follow_units
from transcripts.exports.document import Document
from transcripts.exports.lint import ERROR, lint_cues
from transcripts.exports.options import ExportOptions
from transcripts.exports.profiles import PROFILES
from transcripts.exports.redaction import KINDS
from transcripts.exports.render import EXPORTS, export
from transcripts.exports.translations import add_translation, parts_beside, translate_document
from transcripts.text.segments import Segment
from transcripts.text.translated import TranslatedPart, TranslatedSegment, TranslatedTranscript

SPOKEN = (
    ("Anna", "When the meeting is over, we will send the notes to everyone who was there."),
    ("Anna", "It costs 1 250 000 crowns, which is 5 % more than we had planned last year."),
    ("Petr", "Write to eve@b.cz, please."),
)
CZECH = (
    "Až schůze skončí, pošleme zápis všem, kdo na ní byli a kdo o něj požádali předem.",
    "Stojí to 1 250 000 korun, což je o 5 % víc, než jsme na minulý rok plánovali.",
    "Napište prosím na eve@b.cz.",
)
ARABIC = (
    "عندما ينتهي الاجتماع، سنرسل الملاحظات إلى كل من كان هناك في ذلك اليوم.",
    "التكلفة هي 1 250 000 كرونة، وهذا أكثر بنسبة 5 % مما خططنا له في العام الماضي.",
    "اكتب إلى eve@b.cz من فضلك.",
)
CHINESE = (
    "会议结束后，我们会把会议记录发给每一个当时在场的人。",
    "费用是1250000克朗，比我们去年的计划多百分之五。",
    "请写信给eve@b.cz。",
)
TEXTS = {"cs": CZECH, "ar": ARABIC, "zh": CHINESE}


def spoken() -> Document:
    segments = (
        segment(n * 6000, n * 6000 + 5500, text, speaker=name, is_timed=True)
        for n, (name, text) in enumerate(SPOKEN)
    )
    made = document(*segments)
    keyed = tuple(replace(each, key=f"k{order}") for order, each in enumerate(made.segments))
    return replace(made, segments=keyed)


def translation(language: str, texts: Sequence[str] | None = None) -> TranslatedTranscript:
    segments = tuple(
        TranslatedSegment(
            order,
            each.key,
            each.start_ms,
            each.end_ms,
            each.speaker_name,
            text,
            order == 2,
            (TranslatedPart(each.start_ms, each.end_ms, text),),
        )
        for order, (each, text) in enumerate(
            zip(spoken().segments, texts or TEXTS[language], strict=True)
        )
    )
    return TranslatedTranscript(language, "en", "en-xx", segments)


def alone(language: str) -> Document:
    return translate_document(spoken(), translation(language))


def both(language: str) -> Document:
    return add_translation(spoken(), translation(language))


def bare(text: str) -> str:
    return re.sub(r"\W+", "", text)


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("format_name", EXPORTS)
def test_a_translation_stands_in_place_of_the_text(format_name: str, language: str) -> None:
    content = export(alone(language), format_name, ExportOptions(language=language))
    text = read_file(format_name, content)

    assert "Anna" in text
    assert "meeting" not in text
    if format_name != "pdf" or language == "cs":  # whose glyphs are in visual order
        assert bare(TEXTS[language][2].replace("eve@b.cz", "")) in bare(
            text.replace("eve@b.cz", "")
        )


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("format_name", EXPORTS)
def test_a_translation_stands_beside_the_text(format_name: str, language: str) -> None:
    content = export(both(language), format_name, ExportOptions(bilingual=language))
    text = read_file(format_name, content)

    assert "meeting" in text
    if format_name in ("srt", "vtt", "pdf"):  # cut into cues, into lines
        assert len(bare(text)) > len(bare("".join(each for _, each in SPOKEN))) + 60
    else:
        assert all(each in text for each in TEXTS[language])


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("language", TEXTS)
def test_subtitles_in_two_languages_fit_their_profile_and_lose_nothing(
    language: str, profile: str
) -> None:
    chosen = PROFILES[profile]
    cues = make_cues(both(language), chosen)

    assert bare("".join("".join(cue.lines) for cue in cues)) == bare(
        "".join(text for _, text in SPOKEN)
    )
    assert bare("".join("".join(cue.below) for cue in cues)) == bare("".join(TEXTS[language]))
    assert all(cue.below for cue in cues)
    findings = lint_cues(cues, chosen, language="en", below_language=language)
    assert [each for each in findings if each.severity == ERROR] == []


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("language", TEXTS)
def test_subtitles_of_a_translation_fit_their_profile(language: str, profile: str) -> None:
    cues = make_cues(alone(language), PROFILES[profile])

    assert bare("".join("".join(cue.lines) for cue in cues)) == bare("".join(TEXTS[language]))
    findings = lint_cues(cues, PROFILES[profile], language=language)
    assert [each for each in findings if each.severity == ERROR] == []
    assert cues[0].start_ms == 0
    assert 6000 in [cue.start_ms for cue in cues]


def test_clauses_stand_together_in_both_languages() -> None:
    cues = make_cues(both("cs"))

    first = next(cue for cue in cues if "over," in cue.lines[-1])
    assert first.lines[-1].endswith("over,")
    assert first.below[-1].endswith("skončí,")


@pytest.mark.parametrize("has_words", [True, False])
def test_a_speakers_name_before_the_words_moves_no_translation(*, has_words: bool) -> None:
    made = both("cs")
    if not has_words:
        wordless = tuple(replace(each, words=()) for each in made.segments)
        made = replace(made, segments=wordless)
    text = export(made, "srt", ExportOptions()).decode()

    lines = text.split("\n\n")[0].split("\n")[2:]
    assert lines == ["Anna: When the meeting is over,", "Až schůze skončí,"]


def test_no_number_is_divided() -> None:
    for made in (both("cs"), alone("cs")):
        for profile in PROFILES.values():
            lines = [line for cue in make_cues(made, profile) for line in cue.all_lines]
            assert any("1 250 000" in line for line in lines)
            assert any("5 %" in line for line in lines)


def test_programs_see_what_stayed_as_it_was() -> None:
    made = json.loads(export(both("cs"), "json", ExportOptions()))
    assert made["translation"]["language"] == "cs"
    assert [each["translation"] for each in made["segments"]] == list(CZECH)
    assert [each["untranslated"] for each in made["segments"]] == [False, False, True]
    single = json.loads(export(alone("cs"), "json", ExportOptions()))
    assert single["language"] == "cs"
    assert {word["timing"] for each in single["segments"] for word in each["words"]} == {
        "interpolated"
    }
    rows = list(csv.DictReader(io.StringIO(export(both("cs"), "csv", ExportOptions()).decode())))
    assert [row["translation"] for row in rows] == list(CZECH)
    assert [row["untranslated"] for row in rows] == ["", "", "yes"]


@pytest.mark.parametrize("format_name", EXPORTS)
def test_what_is_masked_is_masked_in_both(format_name: str) -> None:
    for made in (both("cs"), alone("cs")):
        content = export(made, format_name, ExportOptions(redact=KINDS))
        assert "eve@" not in read_file(format_name, content)


@pytest.mark.parametrize("format_name", ["docx", "pdf"])
def test_a_document_has_both_with_times_in_a_column(format_name: str) -> None:
    options = ExportOptions(timestamps="column", paragraphs=False)
    text = read_file(format_name, export(both("cs"), format_name, options))

    assert "00:00:06" in text
    assert "1 250 000 crowns" in text.replace("\n", " ")
    assert "1 250 000 korun" in text.replace("\n", " ")


def test_a_translation_of_a_text_that_has_changed_goes_by_time() -> None:
    made = both("cs")
    merged = Segment(0, 11_500, "Both in one.", key="new", speaker=1, speaker_name="Anna")
    changed = replace(made, segments=(merged, made.segments[2]))

    beside = [[part.text for part in parts] for parts in parts_beside(changed)]
    assert beside == [[CZECH[0], CZECH[1]], [CZECH[2]]]


def test_webvtt_has_one_voice_for_both_languages() -> None:
    text = export(both("cs"), "vtt", ExportOptions()).decode()
    captions = webvtt.from_string(text).captions

    assert captions[0].voice == "Anna"
    assert len(captions[0].text.split("\n")) == 2


@pytest.mark.parametrize(
    ("text", "shares", "parts"),
    [
        ("Stálo to 1 250 000 Kč, a to je moc.", [1, 1], ["Stálo to 1 250 000 Kč,", "a to je moc."]),
        ("Zaplatili 30 % předem hned.", [1, 2], ["Zaplatili", "30 % předem hned."]),
        ("Please open the door now.", [13, 12], ["Please open", "the door now."]),
        ("你好，世界。这是中文。", [1, 1], ["你好，世界。", "这是中文。"]),
        ("ano", [1, 1, 1], ["ano", "", ""]),
        ("", [1, 1], ["", ""]),
        ("jedna dva tři", [0, 0, 0], ["jedna", "dva", "tři"]),
    ],
)
def test_a_text_is_divided_between_words(text: str, shares: list[float], parts: list[str]) -> None:
    assert divide_text(text, shares) == parts


def test_followers_are_all_of_the_text_in_order() -> None:
    original = ["We", "agreed,", "after", "a", "long", "talk,", "that", "nobody", "would", "leave."]
    text = "Po dlouhém rozhovoru jsme se dohodli, že nikdo neodejde dřív."

    followers = follow_units(original, text)
    assert "".join("".join(each) for each in followers) == text
    assert len(followers) == len(original)
