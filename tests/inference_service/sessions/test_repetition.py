"""Repeated text: what can be spoken, what its parts confirm, where it is cut; pure functions."""

import numpy as np
import pytest

from inference_service.engines.asr import TextSegment, TimedWord
from inference_service.sessions.regions import FRAME_S
from inference_service.sessions.repetition import (
    cut_into_parts,
    find_pause,
    is_confirmed,
    is_speakable,
)


def make_text(text: str) -> list[TextSegment]:
    words = tuple(TimedWord(word, 0.0, 1.0, 0.9) for word in text.split())
    return [TextSegment(0.0, 1.0, text, words)]


@pytest.mark.parametrize(
    ("text", "speech_s", "is_possible"),
    [
        ("one two three four " * 8, 12.0, True),
        ("hail mary full of grace " * 6, 8.0, True),
        ("thank you very much " * 40, 6.0, False),
        ("donaudampfschifffahrt " * 20, 8.0, False),
        ("no no no", 0.4, True),
    ],
)
def test_only_so_much_can_be_spoken_in_a_time(
    text: str, speech_s: float, is_possible: bool
) -> None:
    assert is_speakable(make_text(text), speech_s=speech_s) is is_possible


def test_a_repetition_is_confirmed_by_as_much_text_in_its_parts() -> None:
    whole = make_text("one two three four " * 8)
    assert is_confirmed(
        whole, [*make_text("one two three four " * 4), *make_text("one two three four " * 4)]
    )
    assert not is_confirmed(whole, make_text("one two three four " * 5))
    assert not is_confirmed(whole, [])


def test_parts_with_a_gap_confirm_a_repetition_by_what_they_hold() -> None:
    whole, parts = make_text("one two three four " * 8), make_text("one two three four " * 7)
    assert is_confirmed(whole, parts, share=7 / 8)
    assert not is_confirmed(make_text("one two three four " * 16), parts, share=7 / 8)


def test_parts_are_cut_in_pauses_and_cover_the_window() -> None:
    voiced = np.ones(round(30 / FRAME_S), np.bool_)
    pauses = [round(each / FRAME_S) for each in (8.0, 14.5, 23.0)]
    for pause in pauses:
        voiced[pause : pause + 10] = False
    parts = cut_into_parts(voiced)
    assert len(parts) == 4
    assert parts[0].start == 0
    assert parts[-1].end == len(voiced)
    for part, following, pause in zip(parts, parts[1:], pauses, strict=False):
        assert part.end == following.start
        assert pause <= part.end <= pause + 10


def test_what_is_too_short_is_not_cut() -> None:
    assert cut_into_parts(np.ones(round(3 / FRAME_S), np.bool_)) == []


def test_the_longest_pause_nearby_is_taken() -> None:
    voiced = np.ones(100, np.bool_)
    voiced[40:42] = voiced[55:60] = voiced[90:99] = False
    assert 55 <= find_pause(voiced, 50, reach=20) <= 60
    assert find_pause(voiced, 20, reach=5) == 20


def test_a_pause_further_away_has_to_be_longer() -> None:
    """Of two sentences' pauses, a change of language is at the one beside it."""
    voiced = np.ones(100, np.bool_)
    voiced[20:27] = voiced[51:57] = False
    assert 51 <= find_pause(voiced, 45, reach=30) <= 57
    voiced[15:40] = False
    assert 15 <= find_pause(voiced, 45, reach=30) <= 40
