"""Groups the turns of one recording by voice.

Average linkage of the turns that are long enough and free of other voices, cut at the distance of
the model's description; then every turn goes to the nearest group that is a speaker. What decides
is in `description.ClusteringRules`, measured on real recordings (benchmarks/RESULTS.md).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from inference_service.engines.diarization.description import ClusteringRules, Description
from inference_service.engines.diarization.embedder import VoiceTurn
from inference_service.engines.diarization.linkage import Dendrogram, Labels, link, reduce_groups

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

MAX_SPEAKERS = 1000

# Turns that follow each other so closely are one run: a frame of the segmentation is 0.017 s.
_SAME_TIME_S = 0.02
# The length of a sum of unit vectors below which there are no others.
_NO_OTHERS = 1e-6


def cluster_turns(turns: Sequence[VoiceTurn], *, speakers: int, model: Description) -> list[int]:
    """Labels each turn with its speaker: 1-based, in order of first appearance. Deterministic.

    turns: of one recording, in time order. speakers: exactly so many, at most `MAX_SPEAKERS` (as
    many as there are turns, where these are fewer); 0: find the number. model: whose embeddings
    these are.
    Raises ValueError if an embedding doesn't have the model's dimension or isn't finite.
    Cost: 0.1 s for half an hour of talk, about 15 s for 80,000 turns, on one core.
    """
    if not 0 <= speakers <= MAX_SPEAKERS:
        raise ValueError(f"The number of speakers must be from 0 to {MAX_SPEAKERS}.")
    if not turns:
        return []
    vectors = _unit_vectors(turns, model.embedding.dimension)
    seconds = np.array([max(turn.end_s - turn.start_s, 0.01) for turn in turns])
    wanted = min(speakers, len(turns))
    rows = _shaping_rows(turns, seconds, model.clustering, at_least=wanted)
    groups = _find_speakers(vectors[rows], seconds[rows], wanted, model.clustering)
    similar = _similarities(vectors, rows, groups)
    nearest = _follow_runs(similar, turns, model.clustering.change_penalty)
    return _by_appearance(_with_each(nearest, similar, rows, groups))


def _unit_vectors(turns: Sequence[VoiceTurn], dimension: int) -> Array:
    if any(turn.embedding.shape != (dimension,) for turn in turns):
        raise ValueError(f"Every embedding must hold {dimension} numbers.")
    vectors = np.array([turn.embedding for turn in turns], np.float64)
    if not np.isfinite(vectors).all():
        raise ValueError("Every number of an embedding must be finite.")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9))


def _shaping_rows(
    turns: Sequence[VoiceTurn], seconds: Array, rules: ClusteringRules, *, at_least: int
) -> Rows:
    """The turns that shape groups, in order; the best of the others too, where these are few."""
    overlap = np.array([turn.overlap for turn in turns])
    is_shaping = (seconds >= rules.shaping_s) & (overlap < rules.shaping_overlap)
    rows = np.flatnonzero(is_shaping)
    least = max(at_least, min(rules.least_shaping, len(turns)))
    if len(rows) >= least:
        return rows
    by_worth = np.lexsort((-seconds, overlap >= rules.shaping_overlap, ~is_shaping))
    return np.sort(by_worth[:least])


def _find_speakers(vectors: Array, seconds: Array, wanted: int, rules: ClusteringRules) -> Labels:
    """For each of these turns its speaker, 0-based; -1 where its group is no speaker."""
    groups, members = reduce_groups(vectors, final_cut=rules.cut_distance)
    tree = link(groups)
    group_seconds = np.bincount(members, seconds, len(groups)).astype(np.float64)
    if wanted:
        labels = _cut_to(tree, group_seconds, wanted, rules)
    else:
        labels = tree.cut(rules.cut_distance)
        share = rules.least_share * seconds.sum()
        least = max(rules.least_speaker_s, min(share, rules.enough_speaker_s))
        labels = _only(labels, _at_least(labels, group_seconds, least))
    return labels[members]


def _cut_to(tree: Dendrogram, seconds: Array, wanted: int, rules: ClusteringRules) -> Labels:
    """Exactly `wanted` groups, if there are so many leaves; the others are -1.

    The cut of an unknown number comes first: a higher one, which also gives so many groups, would
    join two alike voices before an odd sound (0.091 instead of 0.059 of speech, 19 recordings).
    """
    natural = tree.cut(rules.cut_distance)
    least = max(rules.least_given_speaker_s, rules.least_share * float(seconds.sum()))
    counts = tree.count_large(seconds, least)[: tree.leaves - int(natural.max())]
    enough = np.flatnonzero(counts >= wanted)
    if len(enough):
        labels = tree.join(int(enough[-1]))
        return _only(labels, _largest(labels, seconds, wanted))
    if int(natural.max()) + 1 < wanted:
        natural = tree.join(max(0, tree.leaves - wanted))
    return _only(natural, _largest(natural, seconds, wanted))


def _largest(labels: Labels, seconds: Array, count: int) -> Rows:
    sizes = np.bincount(labels, seconds)
    return np.argsort(-sizes, kind="stable")[:count]


def _at_least(labels: Labels, seconds: Array, least_s: float) -> Rows:
    """The groups of this size, largest first; the largest is always one."""
    sizes = np.bincount(labels, seconds)
    order = np.argsort(-sizes, kind="stable")
    return order[: max(1, int((sizes >= least_s).sum()))]


def _only(labels: Labels, groups: Rows) -> Labels:
    """These groups as 0, 1, …; -1 for all others."""
    renamed = np.full(int(labels.max()) + 1, -1, np.intp)
    renamed[groups] = np.arange(len(groups))
    return renamed[labels]


def _similarities(vectors: Array, rows: Rows, labels: Labels) -> Array:
    """(turns, speakers): cosine of each turn to the mean of each speaker's other turns.

    Without itself: in a small group a turn would mostly be compared with itself (0.047 instead of
    0.052 of speech on the review's eight recordings).
    """
    count = int(labels.max()) + 1
    sums = np.zeros((count, vectors.shape[1]))
    np.add.at(sums, labels[labels >= 0], vectors[rows[labels >= 0]])
    similar = vectors @ (sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)).T
    for row, label in zip(rows[labels >= 0], labels[labels >= 0], strict=True):
        others = sums[label] - vectors[row]
        length = float(np.linalg.norm(others))
        if length > _NO_OTHERS:
            similar[row, label] = float(vectors[row] @ others) / length
    return np.asarray(similar)


def _follow_runs(similar: Array, turns: Sequence[VoiceTurn], penalty: float) -> Labels:
    """Each turn's most similar speaker; inside an uninterrupted run a change must be worth it.

    The segmentation calls clean successive voices one track, so a run is a hint and no more: by
    dynamic programming, the similarities of a run's turns less `penalty` for each change.
    """
    found = similar.argmax(axis=1)
    for run in _runs(turns):
        best = similar[run[0]].copy()
        steps = []
        for row in run[1:]:
            changed = best.max() - penalty
            steps.append(np.where(best >= changed, np.arange(len(best)), best.argmax()))
            best = np.maximum(best, changed) + similar[row]
        speaker = int(best.argmax())
        for row, step in zip(run[:0:-1], reversed(steps), strict=True):
            found[row] = speaker
            speaker = int(step[speaker])
        found[run[0]] = speaker
    return np.asarray(found)


def _runs(turns: Sequence[VoiceTurn]) -> list[list[int]]:
    """The turns that follow each other without a gap, in order: what was cut out of one run."""
    runs: list[list[int]] = []
    open_runs: dict[int, list[list[int]]] = {}  # by the end, in units of the tolerance
    for row, turn in enumerate(turns):
        at = round(turn.start_s / _SAME_TIME_S)
        near = [run for key in (at, at - 1, at + 1) for run in open_runs.get(key, [])]
        touching = [run for run in near if abs(turns[run[-1]].end_s - turn.start_s) <= _SAME_TIME_S]
        run = touching[0] if touching else []
        if touching:
            open_runs[round(turns[run[-1]].end_s / _SAME_TIME_S)].remove(run)
        else:
            runs.append(run)
        run.append(row)
        open_runs.setdefault(round(turn.end_s / _SAME_TIME_S), []).append(run)
    return runs


def _with_each(nearest: Labels, similar: Array, rows: Rows, labels: Labels) -> Labels:
    """Each speaker has at least the turn of its group that is nearest to it."""
    for speaker in range(similar.shape[1]):
        own = rows[labels == speaker]
        nearest[own[similar[own, speaker].argmax()]] = speaker
    return nearest


def _by_appearance(labels: Labels) -> list[int]:
    order: dict[int, int] = {}
    return [order.setdefault(int(label), len(order) + 1) for label in labels]
