"""Texts as sentences: nothing is lost, and each sentence knows its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcripts.exports.documents import document, segment
from tests.transcripts.intelligence.texts import CZECH_MEETING, MEETING
from transcripts.intelligence import source as source_module
from transcripts.intelligence.source import (
    identify_language,
    is_in_language,
    read_document,
    read_text,
)


@given(st.text(max_size=600))
def test_every_word_is_in_a_sentence_and_every_sentence_in_its_place(text: str) -> None:
    source = read_text(text, language="en")
    for sentence in source.sentences:
        assert text[sentence.start : sentence.end] == sentence.text
        assert sentence.text.strip() == sentence.text != ""
    if not source.speakers and ":" not in text:
        assert "".join("".join(each.text for each in source.sentences).split()) == "".join(
            text.split()
        )


def test_speakers_and_times_are_read_from_the_beginnings_of_lines() -> None:
    source = read_text("[0:05] Ann: Hello. All well?\n[1:02:03] Bob: Yes.\n", language="en")
    assert source.speakers == ("Ann", "Bob")
    assert [(each.text, each.speaker, each.start_ms) for each in source.sentences] == [
        ("Hello.", "Ann", 5_000),
        ("All well?", "Ann", 5_000),
        ("Yes.", "Bob", 3_723_000),
    ]
    assert source.sentences[2].byline == "Bob, 1:02:03"


def test_a_colon_in_prose_names_no_speaker() -> None:
    source = read_text("Note: bring a pen.\nThe rest is here.\nAnd there.", language="en")
    assert source.speakers == ()
    assert source.sentences[0].text == "Note: bring a pen."


def test_a_transcripts_sentences_have_its_segments_times_and_speakers() -> None:
    source = read_document(
        document(
            segment(0, 2000, "One. Two.", speaker="Ann"), segment(3000, 4000, "Three.", speaker="B")
        )
    )
    assert [each.segment for each in source.sentences] == [0, 0, 1]
    assert source.sentences[2].as_evidence() == {
        "characters": [10, 16],
        "segments": [1],
        "start": 3.0,
        "end": 4.0,
    }
    assert source.text[10:16] == "Three."


def test_a_sentence_goes_on_over_segments_of_one_speaker() -> None:
    source = read_document(
        document(
            segment(0, 7000, "Yesterday we shook hands with Mr.", speaker="Ann"),
            segment(7000, 9000, "Smith there. Then we left.", speaker="Ann"),
            segment(9000, 12_000, "It was late,", speaker="Ann"),
            segment(12_000, 13_000, "Was it?", speaker="Bob"),
        )
    )
    assert [" ".join(each.text.split()) for each in source.sentences] == [
        "Yesterday we shook hands with Mr. Smith there.",
        "Then we left.",
        "It was late,",
        "Was it?",
    ]
    first = source.sentences[0]
    assert source.text[first.start : first.end] == first.text
    assert first.as_evidence() == {
        "characters": [0, 46],
        "segments": [0, 1],
        "start": 0.0,
        "end": 9.0,
    }
    assert source.sentences[1].as_evidence()["segments"] == [1]


def test_of_a_sentence_only_the_chosen_segments_are_read() -> None:
    cut = document(segment(0, 2000, "We left"), segment(2000, 4000, "at nine. Then it rained."))
    source = read_document(cut, is_chosen=lambda part: part.start_ms >= 2000)
    assert [(each.text, each.segment) for each in source.sentences] == [
        ("at nine.", 1),
        ("Then it rained.", 1),
    ]


def test_segments_without_marks_are_sentences_of_their_own() -> None:
    unmarked = document(segment(0, 2000, "so we went"), segment(2000, 4000, "down to the river"))
    assert [each.text for each in read_document(unmarked).sentences] == [
        "so we went",
        "down to the river",
    ]


def test_what_has_no_stop_is_cut_at_spaces() -> None:
    text = "word " * 1000
    sentences = read_text(text, language="en").sentences
    assert len(sentences) > 10
    assert max(len(each.text) for each in sentences) <= 400
    assert sum(each.words for each in sentences) == 1000


def test_of_too_many_sentences_neighbours_are_read_as_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "\n".join(f"Sentence number {number}." for number in range(10_050))
    sentences = read_text(text, language="en").sentences
    assert len(sentences) <= source_module.MOST_SENTENCES
    assert sentences[-1].text.endswith("10049.")
    assert text[sentences[1].start : sentences[1].end] == sentences[1].text


def test_the_sentence_of_a_character_is_found() -> None:
    source = read_text("One. Two.", language="en")
    found = [source.at(place) for place in (0, 3, 4, 5, 8, 20)]
    assert [each and each.text for each in found] == ["One.", "One.", None, "Two.", "Two.", None]


@pytest.mark.parametrize(("text", "language"), [(MEETING, "en"), (CZECH_MEETING, "cs"), ("", "en")])
def test_the_language_of_a_text_is_recognised(text: str, language: str) -> None:
    assert identify_language(text) == language


def test_only_what_is_clearly_in_another_language_is_marked_so() -> None:
    assert is_in_language("Kdy se pekárna v Brně otevírá?", "cs")
    assert not is_in_language("Kdy se pekárna v Brně otevírá?", "en")
    assert not is_in_language("When does the bakery in Brno open?", "cs")
    assert is_in_language("Brno?", "en")


def test_right_to_left_and_spaceless_texts_have_sentences() -> None:
    assert len(read_text("مرحبا بكم. كيف حالك؟", language="ar").sentences) == 2
    assert len(read_text("今日は晴れです。明日は雨です。", language="ja").sentences) == 2
