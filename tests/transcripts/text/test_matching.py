"""What two sequences have in common: rising, true, and found soon whatever they are."""

from difflib import SequenceMatcher

from hypothesis import given
from hypothesis import strategies as st

from transcripts.text.matching import match_sequences

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


def test_of_texts_that_differ_everywhere_what_is_unique_is_matched() -> None:
    old = [part for at in range(600) for part in (f"word{at}", "a", "b")]
    new = [part for at in range(600) for part in (f"word{at}", "c")]

    pairs = match_sequences(old, new)

    check(old, new, pairs)
    assert len(pairs) == 600


def test_repeated_words_are_compared_too() -> None:
    old, new = ["a", "b"] * 1200, ["b", "a", "c"] * 800

    check(old, new, match_sequences(old, new))
