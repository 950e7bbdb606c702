"""Which windows are read, and how their classes become chunks."""

import itertools

import numpy as np
import pytest

from inference_service.engines.diarization import known_descriptions
from inference_service.engines.diarization.activity import (
    WindowPlan,
    find_chunks,
    plan_windows,
    read_tracks,
)

DESCRIPTION = known_descriptions()["campplus"]
MODEL, RULES = DESCRIPTION.segmentation, DESCRIPTION.chunks
WHOLE = WindowPlan(0.0, 0.0, 10.0)


def make_tracks(
    *intervals: tuple[int, float, float],
) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Local speaker, start and end in seconds."""
    tracks = np.zeros((MODEL.frames, MODEL.speakers), bool)
    for who, start, end in intervals:
        tracks[round(start / MODEL.frame_s) : round(end / MODEL.frame_s), who] = True
    return tracks


@pytest.mark.parametrize("length_s", [0.1, 5.0, 10.0, 10.1, 14.9, 15.0, 30.0, 33.3])
def test_every_moment_is_read_once(length_s: float) -> None:
    plans = plan_windows(length_s, MODEL)
    assert plans[0].valid_from_s == 0
    assert plans[-1].valid_to_s == pytest.approx(length_s)
    for one, other in itertools.pairwise(plans):
        assert one.valid_to_s == other.valid_from_s
    for plan in plans:
        assert plan.start_s <= plan.valid_from_s
        assert plan.valid_to_s <= plan.start_s + MODEL.window_s + 1e-9


def test_nothing_needs_no_window() -> None:
    assert plan_windows(0.0, MODEL) == []


def test_a_class_of_two_is_two_speakers_at_once() -> None:
    classes = np.full((3, 7), -9.0, np.float32)
    classes[0, 0] = classes[1, 2] = classes[2, 5] = 0
    assert read_tracks(classes, MODEL).tolist() == [
        [False, False, False],
        [False, True, False],
        [True, False, True],
    ]


def test_long_speech_is_cut_evenly_into_chunks_of_two_seconds_at_most() -> None:
    chunks = find_chunks(make_tracks((0, 1.0, 6.0)), WHOLE, model=MODEL, rules=RULES)
    lengths = [chunk.end_s - chunk.start_s for chunk in chunks]
    assert len(chunks) == 3
    assert max(lengths) - min(lengths) <= 2 * MODEL.frame_s
    assert chunks[0].start_s == pytest.approx(1.0, abs=0.05)
    assert chunks[-1].end_s == pytest.approx(6.0, abs=0.05)


def test_short_gaps_are_closed_and_short_runs_dropped() -> None:
    tracks = make_tracks((0, 1.0, 1.5), (0, 1.58, 2.0), (1, 4.0, 4.05))
    (chunk,) = find_chunks(tracks, WHOLE, model=MODEL, rules=RULES)
    assert (chunk.start_s, chunk.end_s) == pytest.approx((1.0, 2.0), abs=0.05)


def test_chunks_of_both_voices_hold_their_overlap() -> None:
    tracks = make_tracks((0, 1.0, 2.0), (1, 1.5, 2.5))
    first, second = find_chunks(tracks, WHOLE, model=MODEL, rules=RULES)
    assert first.overlap == pytest.approx(0.5, abs=0.05)
    assert second.overlapped[0] == pytest.approx((1.5, 2.0), abs=0.05)


def test_only_the_valid_part_of_a_window_gives_chunks() -> None:
    plan = WindowPlan(20.0, 22.5, 27.5)
    chunks = find_chunks(make_tracks((0, 0.0, 9.9)), plan, model=MODEL, rules=RULES)
    assert chunks[0].start_s == pytest.approx(22.5, abs=0.02)
    assert chunks[-1].end_s == pytest.approx(27.5, abs=0.02)
