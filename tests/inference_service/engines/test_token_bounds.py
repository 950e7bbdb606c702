"""How long a decoder that loops may go on."""

import itertools

import pytest

from inference_service.engines.token_bounds import MAX_TOKENS, bound_tokens


@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 30.0])
def test_the_bound_lies_above_the_densest_speech_and_near_it(seconds: float) -> None:
    bound = bound_tokens(seconds, is_tight=True)
    assert bound >= min(MAX_TOKENS, 10 * seconds + 8)
    assert bound <= 28 * seconds + 40


def test_longer_speech_may_have_more_tokens() -> None:
    bounds = [bound_tokens(tenths / 10, is_tight=True) for tenths in range(1, 301)]
    assert all(one <= other for one, other in itertools.pairwise(bounds))
    assert bounds[-1] == MAX_TOKENS
    assert len(set(bounds)) <= 5  # windows of different bounds share no batch


def test_what_is_decoded_again_has_the_wide_bound() -> None:
    """The densest text there is gets through at the second decoding."""
    assert bound_tokens(1.0, is_tight=False) == 112
    assert bound_tokens(7.0, is_tight=False) == MAX_TOKENS
