"""Words distributed over an interval, each as long as its share of the characters."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from inference_service.engines.asr import TimedWord, Timing


def interpolate_between(
    words: Sequence[TimedWord], start_s: float, end_s: float
) -> list[TimedWord]:
    """Return the words side by side from `start_s` to `end_s`, which is not before it."""
    ends = list(accumulate(max(1, sum(map(str.isalnum, word.text))) for word in words))
    edges = [start_s + (end_s - start_s) * end / ends[-1] for end in (0, *ends)]
    return [
        replace(word, start_s=begin_s, end_s=finish_s, timing=Timing.INTERPOLATED)
        for word, (begin_s, finish_s) in zip(words, pairwise(edges), strict=True)
    ]
