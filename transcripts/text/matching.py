"""What two sequences have in common, in bounded time: an editor may send any text.

rapidfuzz's bit-parallel longest common subsequence (Hyyrö, Bit-Parallel LCS-length Computation
Revisited, 2004) takes `len(old) * len(new) / 64` steps. Beyond `MAX_PAIRS`, which no edit reaches,
what occurs once in both is matched, as far as it comes in the same order (patience diff), which
costs O(n log n). (`difflib` took 95 s over 2,400 repeated words.)
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from rapidfuzz.distance import LCSseq

MAX_PAIRS = 25_000_000  # 10 ms, 3 MB; an edited segment has at most 5,000 units


def match_sequences(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of what both have, (in `old`, in `new`), both rising."""
    head = _common_head(old, new)
    tail = _common_head(old[head:][::-1], new[head:][::-1])
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    is_bounded = len(middle_old) * len(middle_new) <= MAX_PAIRS
    middle = (_match_longest if is_bounded else _match_unique)(middle_old, middle_new)
    return [
        *((at, at) for at in range(head)),
        *((head + i, head + j) for i, j in middle),
        *((len(old) - at, len(new) - at) for at in range(tail, 0, -1)),
    ]


def _common_head(old: Sequence[str], new: Sequence[str]) -> int:
    pairs = zip(old, new, strict=False)
    return next(
        (at for at, (one, other) in enumerate(pairs) if one != other), min(len(old), len(new))
    )


def _match_longest(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    # As numbers: rapidfuzz compares strings by their hashes, of which two may be equal.
    numbers: dict[str, int] = {}
    first = [numbers.setdefault(item, len(numbers)) for item in old]
    second = [numbers.setdefault(item, len(numbers)) for item in new]
    return [
        (block.src_start + at, block.dest_start + at)
        for block in LCSseq.opcodes(first, second)
        if block.tag == "equal"
        for at in range(block.src_end - block.src_start)
    ]


def _match_unique(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    counts_old, counts_new = Counter(old), Counter(new)
    places = {item: j for j, item in enumerate(new) if counts_new[item] == 1}
    pairs = [
        (i, places[item]) for i, item in enumerate(old) if counts_old[item] == 1 and item in places
    ]
    return _longest_rising(pairs)


def _longest_rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest run of pairs whose second places rise (patience sorting)."""
    ends: list[int] = []  # the least last place of a run of each length
    last: list[int] = []  # which pair that is
    before: list[int | None] = []
    for number, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        before.append(last[length - 1] if length else None)
        ends[length : length + 1] = [j]
        last[length : length + 1] = [number]
    run, at = [], last[-1] if last else None
    while at is not None:
        run.append(pairs[at])
        at = before[at]
    return run[::-1]
