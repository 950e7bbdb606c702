"""What two sequences have in common: rising, true, and found in linear time for any input."""

import random
from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcripts.text.matching import MAX_PAIRS, match_sequences

SEQUENCES = st.lists(st.sampled_from("abcd"), max_size=12)


def check(old: list[str], new: list[str], pairs: list[tuple[int, int]]) -> None:
    assert all(old[i] == new[j] for i, j in pairs)
    assert [i for i, _ in pairs] == sorted({i for i, _ in pairs})
    assert [j for _, j in pairs] == sorted({j for _, j in pairs})


@given(SEQUENCES, SEQUENCES)
def test_no_match_is_shorter_than_that_of_difflib(old: list[str], new: list[str]) -> None:
    pairs = match_sequences(old, new)

    check(old, new, pairs)
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    assert len(pairs) >= sum(block.size for block in blocks)


def test_of_texts_that_differ_everywhere_what_both_have_is_matched() -> None:
    old = [part for at in range(600) for part in (f"word{at}", "a", "b")]
    new = [part for at in range(600) for part in (f"word{at}", "c")]

    pairs = match_sequences(old, new)

    check(old, new, pairs)
    assert len(pairs) == 600


def test_repeated_words_are_compared_too() -> None:
    old, new = ["a", "b"] * 1200, ["b", "a", "c"] * 800

    check(old, new, match_sequences(old, new))


@pytest.mark.parametrize("size", [150, 400])
def test_however_much_differs_the_match_is_a_longest_one(size: int) -> None:
    draw = random.Random(size)  # no secret
    old, new = ([draw.choice("abcdef") for _ in range(size)] for _ in range(2))

    pairs = match_sequences(old, new)

    check(old, new, pairs)
    assert len(pairs) == _longest(old, new)


def _longest(old: list[str], new: list[str]) -> int:
    """Return the length of a longest common subsequence, by the textbook."""
    row = [0] * (len(new) + 1)
    for item in old:
        before = row
        row = [0]
        for at, other in enumerate(new):
            row.append(before[at] + 1 if item == other else max(row[at], before[at + 1]))
    return row[-1]


def test_beyond_the_bound_what_is_unique_is_matched_and_what_is_equal_at_both_ends() -> None:
    old = ["same"] * 50 + [part for at in range(2_500) for part in (f"word{at}", "a")] + ["end"]
    new = ["same"] * 50 + [part for at in range(2_500) for part in (f"word{at}", "b")] + ["end"]
    assert len(old) * len(new) > MAX_PAIRS

    pairs = match_sequences(old, new)

    check(old, new, pairs)
    assert len(pairs) == 50 + 2_500 + 1
