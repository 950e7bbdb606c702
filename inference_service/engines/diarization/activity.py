"""From a segmentation model's classes to the chunks of speech to embed: pure arithmetic."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inference_service.engines.diarization.description import SegmentationModel, VoiceChunkRules

Tracks = npt.NDArray[np.bool_]  # (frames, local speakers): who speaks


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """One window of a window: where it is read, and which part of it counts."""

    start_s: float
    valid_from_s: float
    valid_to_s: float  # > valid_from_s; all from the start of the window


@dataclass(frozen=True, slots=True, eq=False)
class VoiceChunk:
    """An interval in which one local speaker speaks, in seconds from the start of the window."""

    start_s: float
    end_s: float
    overlap: float  # 0..1
    overlapped: tuple[tuple[float, float], ...]  # where another voice speaks too


def plan_windows(length_s: float, model: SegmentationModel) -> list[WindowPlan]:
    """Windows every `hop_s`; the middle of each counts, at the edges of the window all of it."""
    behind = max(0.0, length_s - model.window_s)
    count = 1 + int(np.ceil(behind / model.hop_s))
    margin_s = (model.window_s - model.hop_s) / 2
    plans = []
    for index in range(count):
        start_s = index * model.hop_s
        valid_from_s = 0.0 if index == 0 else start_s + margin_s
        valid_to_s = length_s if index == count - 1 else start_s + margin_s + model.hop_s
        plans.append(WindowPlan(start_s, valid_from_s, valid_to_s))
    return [plan for plan in plans if plan.valid_to_s > plan.valid_from_s]


def read_tracks(log_probabilities: npt.NDArray[np.float32], model: SegmentationModel) -> Tracks:
    """(frames, classes) → who speaks by the likeliest class of each frame."""
    table = np.zeros((len(model.classes), model.speakers), bool)
    for row, speakers in enumerate(model.classes):
        table[row, list(speakers)] = True
    return np.asarray(table[log_probabilities.argmax(axis=1)])


def find_chunks(
    tracks: Tracks, plan: WindowPlan, *, model: SegmentationModel, rules: VoiceChunkRules
) -> list[VoiceChunk]:
    """The chunks of the part of a window that counts, in time order."""
    first_s = plan.start_s + model.first_frame_s
    low = max(0, round((plan.valid_from_s - first_s) / model.frame_s))
    high = min(len(tracks), round((plan.valid_to_s - first_s) / model.frame_s))
    if plan.valid_to_s - plan.start_s >= model.window_s - model.frame_s:
        high = len(tracks)
    valid = tracks[low:high]
    several = valid.sum(axis=1) > 1
    chunks = []
    for speaker in range(valid.shape[1]):
        for start, end in _runs(valid[:, speaker], model.frame_s, rules):
            for a, b in _cut_evenly(start, end, longest=int(rules.longest_s / model.frame_s)):
                chunks.append(_chunk(a, b, several, first_s + low * model.frame_s, model.frame_s))
    limit_s = plan.valid_to_s
    inside = [_clip(chunk, limit_s) for chunk in chunks if chunk.start_s < limit_s]
    return sorted(inside, key=lambda chunk: (chunk.start_s, chunk.end_s))


def _runs(
    active: npt.NDArray[np.bool_], frame_s: float, rules: VoiceChunkRules
) -> list[tuple[int, int]]:
    """Frames from and to, end exclusive: short gaps closed, then short runs dropped."""
    runs: list[tuple[int, int]] = []
    for start, end in _intervals(active):
        if runs and (start - runs[-1][1]) * frame_s < rules.closed_gap_s:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return [(start, end) for start, end in runs if (end - start) * frame_s >= rules.least_s]


def _intervals(active: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], active, [False]])))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _cut_evenly(start: int, end: int, *, longest: int) -> Sequence[tuple[int, int]]:
    count = -(-(end - start) // longest)
    borders = [start + (end - start) * index // count for index in range(count + 1)]
    return list(itertools.pairwise(borders))


def _chunk(
    start: int, end: int, several: npt.NDArray[np.bool_], origin_s: float, frame_s: float
) -> VoiceChunk:
    part = several[start:end]
    return VoiceChunk(
        start_s=origin_s + start * frame_s,
        end_s=origin_s + end * frame_s,
        overlap=float(part.mean()),
        overlapped=tuple(
            (origin_s + (start + a) * frame_s, origin_s + (start + b) * frame_s)
            for a, b in _intervals(part)
        ),
    )


def _clip(chunk: VoiceChunk, limit_s: float) -> VoiceChunk:
    return VoiceChunk(chunk.start_s, min(chunk.end_s, limit_s), chunk.overlap, chunk.overlapped)
