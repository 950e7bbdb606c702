"""Average linkage of unit vectors: exact, deterministic, and bounded in memory.

The mean similarity of all pairs of two groups is the dot product of the groups' means of unit
vectors, not normalised. So a group is known by its sum and its count, groups can be joined in
stages, and no table of all pairs of a long recording is ever made.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]

# Groups that are compared all with all: 2,000² similarities are 32 MB.
MAX_GROUPS = 2000
# Of a longer list, so many neighbours in time are joined at first, at a cut so tight that only
# what is certainly one voice joins. Both grow with each round (measured on 34 min of 63 people:
# the same labels as all at once; 81,700 chunks, some 37 h, in 15 s).
_FIRST_STAGE = 1000
_FIRST_CUT = 0.40
_CUT_STEP = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    sums: Array  # (n, d): of the unit vectors of its members
    counts: Array  # (n,)

    def __len__(self) -> int:
        return len(self.counts)

    def pick(self, rows: slice) -> "Groups":
        return Groups(self.sums[rows], self.counts[rows])

    def merge(self, labels: Labels) -> "Groups":
        """The groups that `labels` (0-based, none left out) puts together."""
        count = int(labels.max()) + 1
        sums = np.zeros((count, self.sums.shape[1]))
        np.add.at(sums, labels, self.sums)
        return Groups(sums, np.bincount(labels, self.counts, count).astype(np.float64))


@dataclass(frozen=True, slots=True)
class Dendrogram:
    """The joins of `leaves` groups, closest first; average linkage has no inversions."""

    leaves: int
    joins: Sequence[tuple[float, int, int]]  # distance, and a leaf of each side

    def cut(self, distance: float) -> Labels:
        """(leaves,): the groups that are joined up to this distance, 0-based by first member."""
        return self.join(sum(1 for each, _, _ in self.joins if each <= distance))

    def join(self, count: int) -> Labels:
        """(leaves,): the groups after the closest `count` joins."""
        forest = _Forest(self.leaves)
        for _, one, other in self.joins[:count]:
            forest.join(one, other)
        roots = np.array([forest.find(leaf) for leaf in range(self.leaves)])
        return np.unique(roots, return_inverse=True)[1]

    def count_large(self, sizes: Array, least: float) -> Labels:
        """(leaves,): how many groups are at least so large after 0, 1, 2, … joins."""
        forest = _Forest(self.leaves)
        held = sizes.tolist()
        counts = [sum(1 for size in held if size >= least)]
        for _, one, other in self.joins:
            parts = [held[forest.find(leaf)] for leaf in (one, other)]
            held[forest.join(one, other)] = sum(parts)
            fewer = sum(1 for part in parts if part >= least)
            counts.append(counts[-1] + (sum(parts) >= least) - fewer)
        return np.array(counts)


class _Forest:
    """Union-find; the root of a group is its lowest leaf."""

    def __init__(self, leaves: int) -> None:
        self._parents = list(range(leaves))

    def find(self, leaf: int) -> int:
        parents = self._parents
        while parents[leaf] != leaf:
            parents[leaf] = parents[parents[leaf]]
            leaf = parents[leaf]
        return leaf

    def join(self, one: int, other: int) -> int:
        """Returns the root of both."""
        low, high = sorted((self.find(one), self.find(other)))
        self._parents[high] = low
        return low


def reduce_groups(vectors: Array, *, final_cut: float) -> tuple[Groups, Labels]:
    """Join what is certainly one voice until at most `MAX_GROUPS` groups are left.

    vectors: (n, d) of length 1, in time order. final_cut: no stage joins beyond this distance.
    Returns the groups and the group of each vector.
    """
    groups = Groups(vectors, np.ones(len(vectors)))
    labels = np.arange(len(vectors))
    size, cut = _FIRST_STAGE, _FIRST_CUT
    while len(groups) > MAX_GROUPS and cut <= final_cut:
        joined = _join_neighbours(groups, size, cut)
        labels, groups = joined[labels], groups.merge(joined)
        size, cut = min(2 * size, MAX_GROUPS), cut + _CUT_STEP
    return groups, labels


def _join_neighbours(groups: Groups, size: int, cut: float) -> Labels:
    labels = np.zeros(len(groups), np.intp)
    used = 0
    for start in range(0, len(groups), size):
        rows = slice(start, start + size)
        labels[rows] = used + link(groups.pick(rows)).cut(cut)
        used = int(labels[rows].max()) + 1
    return labels


def link(groups: Groups) -> Dendrogram:
    """Join groups down to one, by chains of nearest neighbours (Murtagh 1983): exact, O(n²)."""
    count = len(groups)
    means = groups.sums / groups.counts[:, None]
    similar = means @ means.T
    np.fill_diagonal(similar, -np.inf)
    sizes = groups.counts.copy()
    joins: list[tuple[float, int, int]] = []
    chain: list[int] = []
    alive = list(range(count - 1, -1, -1))  # the lowest at its end
    is_merged = np.zeros(count, bool)
    while len(joins) < count - 1:
        while not chain:
            first = alive.pop()
            chain = [] if is_merged[first] else [first]
        tip = chain[-1]
        nearest = _nearest(similar[tip], chain[-2] if len(chain) > 1 else None)
        if len(chain) < 2 or nearest != chain[-2]:
            chain.append(nearest)
            continue
        del chain[-2:]
        joins.append((1 - float(similar[tip, nearest]), tip, nearest))
        remaining, merged = sorted((tip, nearest))
        _absorb(similar, sizes, remaining, merged)
        is_merged[merged] = True
        alive.append(remaining)
    return Dendrogram(count, sorted(joins, key=lambda join: join[0]))


def _nearest(row: Array, previous: int | None) -> int:
    """The likest one; the one before in the chain among equals, so that a chain always ends."""
    best = int(row.argmax())
    return previous if previous is not None and row[previous] >= row[best] else best


def _absorb(similar: Array, sizes: Array, remaining: int, merged: int) -> None:
    """Lance and Williams' rule for averages."""
    total = sizes[remaining] + sizes[merged]
    row = (sizes[remaining] * similar[remaining] + sizes[merged] * similar[merged]) / total
    row[[remaining, merged]] = -np.inf
    row[np.isneginf(similar[remaining])] = -np.inf
    similar[remaining] = similar[:, remaining] = row
    similar[merged] = similar[:, merged] = -np.inf
    sizes[remaining] = total
