"""How much of Whisper's 30 s a window fills: the length at which its features are encoded.

Whisper was trained on windows padded to 30 s, and every server pads; its encoder takes shorter
ones, at a cost that falls with them (base, one thread: 30 s 1.26 s, 15 s 0.28 s, 10 s 0.17 s). What
must stay is silence behind the speech: without a second or two the decoder loops.

The length depends on the window alone, never on its batch; lengths come in steps, so that windows
of a batch can share one. How much silence a model needs is measured per model and stands in the
catalogue; one that no one measured is padded to 30 s.
"""

import math
from dataclasses import replace

from inference_service.catalog.entries import WindowMargin

_FRAMES_PER_S = 100
MAX_FRAMES = 3000  # of 10 ms: 30 s
_SAMPLES_PER_FRAME = 160
_SAMPLES_PER_S = 16_000
# The encoder is most of what a draft costs (base, 3 s of speech: two thirds at 15 s), and the final
# text corrects what a draft gets wrong.
_DRAFT_SHORTEST_S = 8.0
_DRAFT_STEP_S = 2.0


def count_frames(duration_s: float) -> int:
    """Return the features' frames of 10 ms that a window has, at most 3000."""
    return min(round(duration_s * _SAMPLES_PER_S) // _SAMPLES_PER_FRAME, MAX_FRAMES)


def draft_margin(margin: WindowMargin | None) -> WindowMargin | None:
    """Return how much silence the draft of a text gets, from what its final text gets."""
    if margin is None:
        return None
    return replace(
        margin,
        shortest_s=min(margin.shortest_s, _DRAFT_SHORTEST_S),
        step_s=min(margin.step_s, _DRAFT_STEP_S),
    )


def choose_length(n_frames: int, margin: WindowMargin | None) -> int:
    """Return the frames to encode for a window that has `n_frames`; even, 2 to 3000."""
    if margin is None:
        return MAX_FRAMES
    seconds = max(n_frames / _FRAMES_PER_S + margin.behind_s, margin.shortest_s)
    # A window that ends on a step must not fall into the next one by a rounding error.
    steps = math.ceil(round(seconds / margin.step_s, 6))
    return min(2 * math.ceil(steps * margin.step_s * _FRAMES_PER_S / 2), MAX_FRAMES)
