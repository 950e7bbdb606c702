"""An utterance's words as they are told: each apart from the one before it."""

import pytest

from inference_service.sessions.events import RestoredSegment, RestoredWord
from inference_service.sessions.hypothesis import Agreement
from inference_service.sessions.utterance import join_words, make_segments, unindent


@pytest.mark.parametrize(("language", "text"), [("en", "Tým Peter can"), ("zh", "TýmPeter can")])
def test_words_stay_apart_where_a_hypothesis_begins_behind_what_is_committed(
    language: str, text: str
) -> None:
    agreement = Agreement()
    first = join_words([_segment("Tým", at_ms=0)], language=language)
    later = join_words([_segment("Peter can", at_ms=400)], language=language)
    agreement.committed = first
    agreement.update(later)
    words = agreement.finish(later)
    (segment,) = make_segments(words, heard=None, end_ms=9000)
    assert segment.text == text
    assert [word.text for word in words] == ["Tým", "Peter", "can"]


def test_nothing_stands_before_the_first_word_that_is_told() -> None:
    words = join_words([_segment("We agree", at_ms=0)], language="en")
    assert [word.space_before for word in unindent(words)] == [False, True]
    assert unindent(()) == ()


def _segment(text: str, *, at_ms: int) -> RestoredSegment:
    words = tuple(
        RestoredWord(word, at_ms + 400 * index, at_ms + 400 * index + 300, 0.9, index > 0)
        for index, word in enumerate(text.split())
    )
    return RestoredSegment(at_ms, words[-1].end_ms, text, words, 0.9, 0.0, 0.0, 0.0, 0.0)
