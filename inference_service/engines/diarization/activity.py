"""From a segmentation model's classes to the pieces of speech to embed: pure arithmetic."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inference_service.engines.diarization.description import PieceRules, SegmentationModel

Tracks = npt.NDArray[np.bool_]  # (frames, local speakers): who speaks


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """One window of a span: where it is read, and which part of it counts."""

    start_s: float
    kept_from_s: float
    kept_to_s: float  # > kept_from_s; all from the start of the span


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A stretch in which one local speaker speaks, in seconds from the start of the span."""

    start_s: float
    end_s: float
    overlap: float  # 0..1
    overlapped: tuple[tuple[float, float], ...]  # where another voice speaks too


def plan_windows(length_s: float, model: SegmentationModel) -> list[WindowPlan]:
    """Windows every `hop_s`; the middle of each counts, at the edges of the span all of it."""
    behind = max(0.0, length_s - model.window_s)
    count = 1 + int(np.ceil(behind / model.hop_s))
    margin_s = (model.window_s - model.hop_s) / 2
    plans = []
    for index in range(count):
        start_s = index * model.hop_s
        kept_from_s = 0.0 if index == 0 else start_s + margin_s
        kept_to_s = length_s if index == count - 1 else start_s + margin_s + model.hop_s
        plans.append(WindowPlan(start_s, kept_from_s, kept_to_s))
    return [plan for plan in plans if plan.kept_to_s > plan.kept_from_s]


def read_tracks(log_probabilities: npt.NDArray[np.float32], model: SegmentationModel) -> Tracks:
    """(frames, classes) → who speaks by the likeliest class of each frame."""
    table = np.zeros((len(model.classes), model.speakers), bool)
    for row, speakers in enumerate(model.classes):
        table[row, list(speakers)] = True
    return np.asarray(table[log_probabilities.argmax(axis=1)])


def find_pieces(
    tracks: Tracks, plan: WindowPlan, *, model: SegmentationModel, rules: PieceRules
) -> list[Piece]:
    """The pieces of the part of a window that counts, in time order."""
    first_s = plan.start_s + model.first_frame_s
    low = max(0, round((plan.kept_from_s - first_s) / model.frame_s))
    high = min(len(tracks), round((plan.kept_to_s - first_s) / model.frame_s))
    if plan.kept_to_s - plan.start_s >= model.window_s - model.frame_s:
        high = len(tracks)
    kept = tracks[low:high]
    several = kept.sum(axis=1) > 1
    pieces = []
    for speaker in range(kept.shape[1]):
        for start, end in _runs(kept[:, speaker], model.frame_s, rules):
            for a, b in _cut_evenly(start, end, longest=int(rules.longest_s / model.frame_s)):
                pieces.append(_piece(a, b, several, first_s + low * model.frame_s, model.frame_s))
    limit_s = plan.kept_to_s
    inside = [_clip(piece, limit_s) for piece in pieces if piece.start_s < limit_s]
    return sorted(inside, key=lambda piece: (piece.start_s, piece.end_s))


def _runs(
    active: npt.NDArray[np.bool_], frame_s: float, rules: PieceRules
) -> list[tuple[int, int]]:
    """Frames from and to, end exclusive: short gaps closed, then short runs dropped."""
    runs: list[tuple[int, int]] = []
    for start, end in _spans(active):
        if runs and (start - runs[-1][1]) * frame_s < rules.closed_gap_s:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return [(start, end) for start, end in runs if (end - start) * frame_s >= rules.least_s]


def _spans(active: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], active, [False]])))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _cut_evenly(start: int, end: int, *, longest: int) -> Sequence[tuple[int, int]]:
    count = -(-(end - start) // longest)
    borders = [start + (end - start) * index // count for index in range(count + 1)]
    return list(itertools.pairwise(borders))


def _piece(
    start: int, end: int, several: npt.NDArray[np.bool_], origin_s: float, frame_s: float
) -> Piece:
    part = several[start:end]
    return Piece(
        start_s=origin_s + start * frame_s,
        end_s=origin_s + end * frame_s,
        overlap=float(part.mean()),
        overlapped=tuple(
            (origin_s + (start + a) * frame_s, origin_s + (start + b) * frame_s)
            for a, b in _spans(part)
        ),
    )


def _clip(piece: Piece, limit_s: float) -> Piece:
    return Piece(piece.start_s, min(piece.end_s, limit_s), piece.overlap, piece.overlapped)
