"""Words as running text, with and without marks, over the borders of segments."""

from dataclasses import dataclass
from typing import Any, cast

import pytest

from transcripts.dialects.words import find_phrase, join_bare, running_words
from transcripts.text.words import Word, join_words


@dataclass
class Spoken:
    words: tuple[Word, ...]


def segment(*texts: str) -> Any:
    """A text that begins with a space has one; the first of a segment never has."""
    return Spoken(
        tuple(Word(text.strip(), 0, 100, 1.0, space_before=text.startswith(" ")) for text in texts)
    )


def words_of(*segments: Any) -> list[Word]:
    return [word for word, _ in running_words(cast("Any", segments))]


def test_the_first_word_of_a_segment_has_its_space() -> None:
    words = words_of(segment("Our", " service."), segment("You", " can."))
    assert join_words(words) == "Our service. You can."
    assert join_bare(words) == "our service you can"


def test_a_writing_without_spaces_has_none_between_segments() -> None:
    words = words_of(segment("你", "好，"), segment("世", "界。"))
    assert join_words(words) == "你好，世界。"
    assert join_bare(words) == "你好世界"


@pytest.mark.parametrize(
    ("texts", "bare"),
    [
        (("a", " speech", "-to", "-text", " service."), "a speech-to-text service"),
        (("D'", "accord,", " oui"), "d'accord oui"),
        (("“Don't!”", " he", " said…"), "don't he said"),
        (("Pi", " is", " 3", ".14."), "pi is 3.14"),
        (("now", "—then"), "now then"),
        (("Mr.", " John", " -", " yes"), "mr john yes"),
        ((), ""),
    ],
)
def test_marks_within_a_word_stay(texts: tuple[str, ...], bare: str) -> None:
    assert join_bare(words_of(segment(*texts))) == bare


def test_a_phrase_is_found_whole() -> None:
    words = ["ask", "what", "you", "can", "do", "for", "your", "country"]
    assert list(find_phrase(words, "You can")) == [(2, 4)]
    assert list(find_phrase(words, "what you can do for your zebra")) == []
    assert list(find_phrase(words, "")) == []
