"""What two sequences have in common, in bounded time: whoever edits may send any text.

Myers' greedy algorithm (An O(ND) Difference Algorithm, Algorithmica 1986) up to a number of
differences; beyond it, what occurs once in both is matched, as far as it comes in the same order
(patience diff), which costs O(n log n). (`difflib` took 95 s over 2,400 repeated words.)
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

MAX_DIFFERENCES = 200


def match_sequences(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of what both have, (in `old`, in `new`), both rising."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    middle = _match_greedily(middle_old, middle_new)
    if middle is None:
        middle = _match_unique(middle_old, middle_new)
    return [
        *((at, at) for at in range(head)),
        *((head + i, head + j) for i, j in middle),
        *((len(old) - at, len(new) - at) for at in range(tail, 0, -1)),
    ]


def _match_greedily(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]] | None:
    """Return the longest match; None where more than MAX_DIFFERENCES differ."""
    furthest = {1: 0}  # on each diagonal (place in old - place in new), how far in old
    trail: list[dict[int, int]] = []
    for differences in range(min(MAX_DIFFERENCES, len(old) + len(new)) + 1):
        trail.append(dict(furthest))
        for diagonal in range(-differences, differences + 1, 2):
            i = _step(furthest, diagonal, differences)
            j = i - diagonal
            while i < len(old) and j < len(new) and old[i] == new[j]:
                i, j = i + 1, j + 1
            furthest[diagonal] = i
            if i >= len(old) and j >= len(new):
                return _walk_back(trail, len(old), len(new))
    return None


def _step(furthest: dict[int, int], diagonal: int, differences: int) -> int:
    """Return where a diagonal is entered: by an insertion from above, or a deletion."""
    is_insertion = diagonal == -differences or (
        diagonal != differences and furthest[diagonal - 1] < furthest[diagonal + 1]
    )
    return furthest[diagonal + 1] if is_insertion else furthest[diagonal - 1] + 1


def _walk_back(trail: list[dict[int, int]], i: int, j: int) -> list[tuple[int, int]]:
    pairs = []
    for differences in range(len(trail) - 1, -1, -1):
        furthest, diagonal = trail[differences], i - j
        entered = _step(furthest, diagonal, differences) if differences else 0
        while i > entered:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        if differences:
            is_insertion = diagonal == -differences or (
                diagonal != differences and furthest[diagonal - 1] < furthest[diagonal + 1]
            )
            i, j = (i, j - 1) if is_insertion else (i - 1, j)
    return pairs[::-1]


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
