"""An utterance's words as they are delivered: each apart from the one before it."""

import pytest

from inference_service.engines.asr import DecodeOptions, Verdict, WindowRequest, WindowText
from inference_service.sessions.events import OutputSegment, OutputWord
from inference_service.sessions.hypothesis import LocalAgreement
from inference_service.sessions.utterance import (
    LanguageChange,
    Utterance,
    collect_words,
    make_segments,
    strip_leading_space,
)


@pytest.mark.parametrize(("language", "text"), [("en", "Tým Peter can"), ("zh", "TýmPeter can")])
def test_words_stay_apart_where_a_hypothesis_begins_behind_what_is_committed(
    language: str, text: str
) -> None:
    agreement = LocalAgreement()
    first = collect_words([_segment("Tým", at_ms=0, language=language)])
    later = collect_words([_segment("Peter can", at_ms=400, language=language)])
    agreement.committed = first
    agreement.update(later)
    words = agreement.finish(later)
    (segment,) = make_segments(words, recognised=None, end_ms=9000)
    assert segment.text == text
    assert [word.text for word in words] == ["Tým", "Peter", "can"]


def test_a_text_in_two_languages_is_cut_where_the_language_changes() -> None:
    parts = [
        _segment("We agree", at_ms=0),
        _segment("einverstanden also", at_ms=900, language="de"),
    ]
    segments = make_segments(collect_words(parts), recognised=None, end_ms=9000)
    assert [(each.text, each.language) for each in segments] == [
        ("We agree", "en"),
        ("einverstanden also", "de"),
    ]


def test_one_hypothesis_alone_finds_no_other_language() -> None:
    utterance = Utterance(0, "en")
    request = WindowRequest(None, 5.0, DecodeOptions("en"))
    for language, is_confirmed in [("de", False), ("fr", False), ("fr", True)]:
        utterance.apply_change(request, LanguageChange("en", 48_000, language), covered=80_000)
        assert utterance.change
        assert utterance.change.is_confirmed == is_confirmed
    utterance.note(WindowText(Verdict.EMPTY), covered=90_000, words=())
    assert utterance.change is None


def test_nothing_stands_before_the_first_word_that_is_delivered() -> None:
    words = collect_words([_segment("We agree", at_ms=0)])
    assert [word.space_before for word in strip_leading_space(words)] == [False, True]
    assert strip_leading_space(()) == ()


def _segment(text: str, *, at_ms: int, language: str = "en") -> OutputSegment:
    words = tuple(
        OutputWord(word, at_ms + 400 * index, at_ms + 400 * index + 300, 0.9, index > 0)
        for index, word in enumerate(text.split())
    )
    return OutputSegment(at_ms, words[-1].end_ms, text, words, 0.9, 0.0, 0.0, 0.0, 0.0, language)


def test_a_segment_ends_with_a_sentence_and_not_with_an_abbreviation() -> None:
    texts = ("Ask", "Mr.", "Novak", "at", "8", "p.m.", "sharp.", "Then", "go.")
    words = tuple(
        OutputWord(text, 200 * at, 200 * at + 150, 0.9, space_before=True, language="en")
        for at, text in enumerate(texts)
    )
    segments = make_segments(words, recognised=None, end_ms=9000)
    assert [segment.text for segment in segments] == ["Ask Mr. Novak at 8 p.m. sharp.", "Then go."]
