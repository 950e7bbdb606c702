"""Which sentences stand for a text: LexRank (Erkan & Radev 2004) over centred vectors, and MMR
(Carbonell & Goldstein 1998), so that no two of them repeat each other.

Vectors of one text are all alike (they share its subject): without their mean, they differ.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_THRESHOLD = 0.1
_DAMPING = 0.85
_STEPS = 50
_DIVERSITY = 0.6
# More sentences are ranked in blocks, whose best are ranked again: memory stays at 16 MB.
_BLOCK = 2000


def centre(vectors: Floats) -> Floats:
    """Return the vectors without their mean, of unit length again. One vector stays as it is."""
    if len(vectors) < 3:
        return vectors
    moved = vectors - vectors.mean(axis=0)
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    return np.asarray(moved / np.maximum(lengths, 1e-6), np.float32)


def rank_sentences(centred: Floats) -> Floats:
    """Return a weight for each sentence, 0..1, the most central 1."""
    count = len(centred)
    if count <= _BLOCK:
        return _rank_block(centred)
    starts = range(0, count, _BLOCK)
    ranks = np.concatenate([_rank_block(centred[at : at + _BLOCK]) for at in starts])
    chosen = np.sort(np.argsort(-ranks, kind="stable")[:_BLOCK])
    final = np.asarray(ranks * 0.01, np.float32)
    final[chosen] = _rank_block(centred[chosen])
    return final


def _rank_block(centred: Floats) -> Floats:
    count = len(centred)
    if count < 3:
        return np.ones(count, np.float32)
    similar = centred @ centred.T
    similar[similar < _THRESHOLD] = 0.0
    np.fill_diagonal(similar, 0.0)
    sums = similar.sum(axis=1, keepdims=True)
    similar = np.where(sums > 0, similar / np.maximum(sums, 1e-6), 1.0 / count)
    ranks: Floats = np.full(count, 1.0 / count, np.float32)
    for _ in range(_STEPS):
        ranks = np.asarray((1 - _DAMPING) / count + _DAMPING * (similar.T @ ranks), np.float32)
    return np.asarray(ranks / ranks.max(), np.float32)


def choose_diverse(centred: Floats, weights: Sequence[float] | Floats, *, count: int) -> list[int]:
    """Return the places of at most `count` of the best that repeat each other least, in order."""
    relevance = np.asarray(weights, np.float32)
    left = np.flatnonzero(relevance > 0)
    nearest = np.zeros(len(relevance), np.float32)
    chosen: list[int] = []
    while len(chosen) < count and len(left):
        scores = _DIVERSITY * relevance[left] - (1 - _DIVERSITY) * nearest[left]
        best = int(left[int(np.argmax(scores))])
        chosen.append(best)
        left = left[left != best]
        nearest = np.maximum(nearest, centred @ centred[best])
    return sorted(chosen)
