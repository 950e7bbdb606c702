"""Where long speech is cut off, and which texts are waited for."""

import pytest

from inference_service.sessions.events import OutputWord
from inference_service.sessions.hypothesis import LocalAgreement
from inference_service.sessions.live_cuts import choose_cut, is_unfinished

WORD_MS = 500
PAUSES_MS = [(1_900, 2_100), (400, 560)]


def make_words(*texts: str) -> tuple[OutputWord, ...]:
    """Words without a pause between them, as an alignment gives them."""
    return tuple(
        OutputWord(text, index * WORD_MS, (index + 1) * WORD_MS, 0.9, True)
        for index, text in enumerate(texts)
    )


def cut(
    *texts: str, length_s: float, compute_s: float = 0.1, pauses_ms: list[tuple[int, int]]
) -> tuple[int, int]:
    agreement = LocalAgreement(make_words(*texts))
    agreement.pending = make_words("and", "so")
    return choose_cut(agreement, length_s=length_s, compute_s=compute_s, pauses_ms=pauses_ms)


def test_speech_is_cut_at_the_end_of_a_sentence_after_ten_seconds() -> None:
    words = ("We", "know", "it.", "They", "may", "not")
    assert cut(*words, length_s=9.9, pauses_ms=PAUSES_MS) == (0, 0)
    assert cut(*words, length_s=10, pauses_ms=PAUSES_MS) == (3, 1_500)


@pytest.mark.parametrize(("length_s", "compute_s"), [(22, 0.1), (6, 2.0)])
def test_without_a_sentence_speech_is_cut_in_the_longest_pause_of_the_voice(
    length_s: float, compute_s: float
) -> None:
    words = ("law", "enforcement", "officers", "who", "guard", "us")
    assert cut(*words, length_s=length_s, compute_s=compute_s, pauses_ms=PAUSES_MS) == (4, 2_000)


@pytest.mark.parametrize(("length_s", "compute_s"), [(25.9, 0.1), (6, 2.0)])
def test_a_word_is_never_cut_off_by_itself(length_s: float, compute_s: float) -> None:
    words = ("law", "enforcement", "officers")
    assert cut(*words, length_s=length_s, compute_s=compute_s, pauses_ms=[(400, 560)]) == (0, 0)


def test_speech_without_any_pause_is_cut_between_words_before_the_window_is_full() -> None:
    count, cut_ms = cut("one", "two", "three", "four", "five", length_s=26, pauses_ms=[])
    assert count >= 3
    assert cut_ms == count * WORD_MS


@pytest.mark.parametrize(
    ("text", "spoken_s", "expected"),
    [
        ("We are done.", 3.0, False),
        ("Are you?”", 3.0, False),
        ("Yes.", 0.6, True),
        ("We are...", 3.0, True),
        ("Homeland Security", 3.0, True),
        ("", 3.0, False),
    ],
)
def test_what_is_short_or_no_whole_sentence_is_unfinished(
    text: str, spoken_s: float, expected: bool
) -> None:
    assert is_unfinished(make_words(*text.split()), spoken_s=spoken_s) is expected
