"""Where one stretch of speech falls into turns: quiet is cut away, and voices are told apart.

Cheap and local: a change is looked for in a few seconds around each moment. Cutting too often is
harmless (clustering puts the pieces together again), so every longer pause cuts.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inference_service.engines.diarization import statistics
from inference_service.engines.diarization.embedder import Samples
from inference_service.engines.diarization.features import (
    FRAME_SAMPLES,
    HOP_SAMPLES,
    Frames,
    analyse,
)
from inference_service.engines.diarization.measures import LikelihoodRatio, statistics_measure

FRAMES_A_SECOND = 100
LOUDEST_PERCENTILE = 95

# Speech ends where it is so much quieter than its loud parts, unless the noise is louder still.
DYNAMIC_RANGE_DB = 35.0
ABOVE_NOISE_DB = 6.0
NOISE_PERCENTILE = 5
# The least range believed: dense speech without a pause has no noise to be measured.
LEAST_RANGE_DB = 20.0
SILENCE_DB = -80.0  # below full scale; the noise of 16-bit samples lies at -98

PAUSE_FRAMES = 30  # always cuts
BREATH_FRAMES = 8  # cuts if the voices on its sides differ somewhat
SHORTEST_FRAMES = 8  # a click, not speech
CONTEXT_FRAMES = 250  # looked at on each side of a possible change
LEAST_CONTEXT_FRAMES = 60
STEP_FRAMES = 10

# How much likelier two voices than one (natural log) a cut must be. At a breath even an unlikely
# change cuts: on the development dialogues that halved the errors of the worst kind of stretch.
BREATH_LOG_RATIO = -3.0
ANYWHERE_LOG_RATIO = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Speech of, as far as can be told, one voice."""

    start_sample: int
    end_sample: int
    frames: Frames  # its loud ones


@dataclass(frozen=True, slots=True)
class Span:
    """Frames, end exclusive."""

    start: int
    end: int


def split_speech(samples: Samples) -> list[Piece]:
    """The turns of one stretch of speech, in order, without the quiet around and between them.

    samples: float32 (n_samples,), mono, 16 kHz.
    """
    frames = analyse(samples)
    return [_piece(span, frames, samples.size) for span in _find_turns(frames)]


def _piece(span: Span, frames: Frames, n_samples: int) -> Piece:
    part = frames.pick(slice(span.start, span.end))
    # A frame stands for the hop in the middle of its samples.
    start = span.start * HOP_SAMPLES + (FRAME_SAMPLES - HOP_SAMPLES) // 2
    end = start + (span.end - span.start) * HOP_SAMPLES
    return Piece(start, min(end, n_samples), part.pick(is_loud(part)))


def _find_turns(frames: Frames) -> list[Span]:
    if not len(frames):
        return []
    loud = is_loud(frames)
    turns: list[Span] = []
    for piece in _runs(loud, longest_gap=PAUSE_FRAMES):
        if loud[piece.start : piece.end].sum() >= SHORTEST_FRAMES:
            turns += _split(piece, frames, loud, statistics_measure())
    return turns


def is_loud(frames: Frames) -> npt.NDArray[np.bool_]:
    """(n_frames,): speech rather than the quiet of this stretch."""
    loudest = float(np.percentile(frames.loudness_db, LOUDEST_PERCENTILE))
    noise = float(np.percentile(frames.loudness_db, NOISE_PERCENTILE))
    floor = min(max(noise + ABOVE_NOISE_DB, loudest - DYNAMIC_RANGE_DB), loudest - LEAST_RANGE_DB)
    return np.asarray(frames.loudness_db > max(floor, SILENCE_DB))


def _runs(loud: npt.NDArray[np.bool_], *, longest_gap: int) -> list[Span]:
    """Spans from loud to loud that no gap as long as `longest_gap` interrupts."""
    at = np.flatnonzero(loud)
    if not len(at):
        return []
    breaks = np.flatnonzero(np.diff(at) > longest_gap)
    starts = at[np.concatenate([[0], breaks + 1])]
    ends = at[np.concatenate([breaks, [len(at) - 1]])] + 1
    return [Span(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]


def _split(
    piece: Span, frames: Frames, loud: npt.NDArray[np.bool_], measure: LikelihoodRatio
) -> list[Span]:
    """Cuts at the likeliest change of voice, then looks at both sides again."""
    best = max(
        (
            (_change(piece, gap, frames, loud, measure) - needed, gap)
            for gap, needed in _candidates(piece, loud)
        ),
        key=lambda found: found[0],
        default=None,
    )
    if best is None or best[0] <= 0:
        return [piece]
    gap = best[1]
    return [
        *_split(Span(piece.start, gap.start), frames, loud, measure),
        *_split(Span(gap.end, piece.end), frames, loud, measure),
    ]


def _candidates(piece: Span, loud: npt.NDArray[np.bool_]) -> list[tuple[Span, float]]:
    """Where the piece may be cut, and how sure of it one must be."""
    breaths = _runs(loud[piece.start : piece.end], longest_gap=BREATH_FRAMES)
    gaps = [
        (Span(piece.start + left.end, piece.start + right.start), BREATH_LOG_RATIO)
        for left, right in itertools.pairwise(breaths)
    ]
    anywhere = range(
        piece.start + LEAST_CONTEXT_FRAMES, piece.end - LEAST_CONTEXT_FRAMES + 1, STEP_FRAMES
    )
    return gaps + [(Span(at, at), ANYWHERE_LOG_RATIO) for at in anywhere]


def _change(
    piece: Span, gap: Span, frames: Frames, loud: npt.NDArray[np.bool_], measure: LikelihoodRatio
) -> float:
    """Log likelihood ratio of two voices against one, around `gap`; -inf with too little there."""
    sides = (
        slice(max(piece.start, gap.start - CONTEXT_FRAMES), gap.start),
        slice(gap.end, min(piece.end, gap.end + CONTEXT_FRAMES)),
    )
    seconds = [float(loud[side].sum()) / FRAMES_A_SECOND for side in sides]
    if min(seconds) < LEAST_CONTEXT_FRAMES / FRAMES_A_SECOND:
        return -np.inf
    left, right = (statistics.embed(frames.pick(side).pick(loud[side])) for side in sides)
    score = measure.score(left, seconds[0], right[None, :], np.array([seconds[1]]))
    return -float(score[0])
