"""Any old words and any new text: what an edit makes of them spells the text, in rising times."""

import random
import secrets
from itertools import pairwise

import pytest

from transcripts.text.retokenize import retokenize
from transcripts.text.words import Word, join_words

_ALPHABET = [
    "a", "b", "-", "'", "1", "30", "a-b", "it's", "don't", "10:30", "x.y", "ž",
    "é", "_", "(a", "a)", "中", "文", "中文", "中a", "a中", "中-文", "中.", "กข",
    "日本", "...", "—", "–", "¿", "’", "’s", "«", "a—b", ",", "۱",
]  # fmt: skip
_TRIES = 10_000


def _spoken(*texts: str) -> list[Word]:
    return [
        Word(text, 400 * at, 400 * at + 390, 0.5, at > 0, "aligned")
        for at, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("中a", "中 (a"),
        ("10:30", "10 :30"),
        ("it's", "it ’s"),
        ("wait—what", "wait ...what"),
    ],
)
def test_a_word_that_a_sign_takes_apart_is_placed_again(old: str, new: str) -> None:
    words = retokenize(_spoken(old, "now"), f"{new} now", start_ms=0, end_ms=800)

    assert join_words(words) == f"{new} now"
    assert [word.timing for word in words] == ["interpolated", "interpolated", "aligned"]


@pytest.mark.parametrize("new", ["10:30,", "(10:30)", "10.30", "10 30"])
def test_a_word_that_is_only_punctuated_retains_its_times(new: str) -> None:
    words = retokenize(_spoken("10:30", "now"), f"{new} now", start_ms=0, end_ms=800)

    is_one_word = " " not in new
    assert (words[0].timing == "aligned") is is_one_word
    assert join_words(words) == f"{new} now"


@pytest.mark.parametrize("seed", [1, secrets.randbits(32)], ids=["fixed", "fresh"])
def test_random_edits_are_retokenized_in_rising_times(seed: int) -> None:
    draw = random.Random(seed)  # no secret
    for _ in range(_TRIES):
        old = [draw.choice(_ALPHABET) for _ in range(draw.randint(0, 5))]
        parts = [
            draw.choice(_ALPHABET) + draw.choice(["", "", " "]) for _ in range(draw.randint(1, 6))
        ]
        text = " ".join("".join(parts).split())
        end_ms = max(100, 400 * len(old))
        story = f"seed {seed}: {old} → {text!r}"

        words = retokenize(_spoken(*old), text, start_ms=0, end_ms=end_ms)

        assert join_words(words) == text, story
        assert all(0 <= word.start_ms < word.end_ms <= end_ms for word in words), story
        assert all(one.start_ms <= other.start_ms for one, other in pairwise(words)), story
