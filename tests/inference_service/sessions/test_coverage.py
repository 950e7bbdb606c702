"""What no word covers is found, cut out and sorted in; pure functions."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inference_service.engines.asr import TextSegment, TimedWord
from inference_service.sessions.coverage import (
    FrameInterval,
    TextGap,
    drop_repeated,
    find_uncovered,
    join_runs,
    merge_segments,
    pick_words,
    place_cut,
    shorten_stretched,
    take_pauses,
)
from inference_service.sessions.events import GapReason
from inference_service.sessions.regions import FRAME_S
from inference_service.sessions.windows import Voiced

SHORTEST_FRAMES, MARGIN_FRAMES = 29, 5


def make_segment(*times_s: tuple[float, float], text: str = "word") -> TextSegment:
    words = tuple(
        TimedWord(f"{text}{index}", start, end, 0.9, space_before=index > 0)
        for index, (start, end) in enumerate(times_s)
    )
    text = " ".join(word.text for word in words)
    return TextSegment(words[0].start_s, words[-1].end_s, text, words)


def speak(*intervals: tuple[bool, float]) -> Voiced:
    parts = [np.full(round(seconds / FRAME_S), is_voiced) for is_voiced, seconds in intervals]
    return np.concatenate(parts)


def test_the_tail_that_a_window_stops_before_is_found() -> None:
    voiced = speak((True, 20.0), (False, 0.4), (True, 4.0))
    [run] = find_uncovered(voiced, [make_segment((0.0, 20.0))])
    assert abs(run.start_s - 20.4) < 0.1
    assert abs(run.end_s - 24.4) < 0.1


def test_a_start_and_a_middle_are_found_too() -> None:
    voiced = speak((True, 30.0))
    runs = find_uncovered(voiced, [make_segment((3.0, 10.0)), make_segment((15.0, 30.0))])
    assert [round(run.start_s) for run in runs] == [0, 10]


def test_speech_is_covered_by_words_and_by_gaps() -> None:
    voiced = speak((True, 10.0))
    gap = TextGap(4.0, 10.0, GapReason.LOW_CONFIDENCE)
    assert find_uncovered(voiced, [make_segment((0.0, 4.0))], [gap]) == []


def test_less_than_a_second_between_words_is_no_run() -> None:
    voiced = speak((True, 6.0))
    assert find_uncovered(voiced, [make_segment((0.0, 2.5), (3.7, 6.0))]) == []


@given(
    voiced=st.lists(st.booleans(), max_size=900).map(lambda each: np.array(each, np.bool_)),
    words=st.lists(st.tuples(st.floats(0, 30), st.floats(0, 3)), max_size=20),
)
def test_what_lies_in_no_run_is_covered_or_short(
    voiced: Voiced, words: list[tuple[float, float]]
) -> None:
    segments = [make_segment((start, start + length)) for start, length in words]
    missing = voiced.copy()
    for start, length in words:
        first = max(0, int(start / FRAME_S) - MARGIN_FRAMES)
        missing[first : int((start + length) / FRAME_S) + MARGIN_FRAMES + 1] = False
    for run in find_uncovered(voiced, segments):
        assert missing[run.start]
        assert missing[run.end - 1]
        missing[run.start : run.end] = False
    intervals = "".join("x" if frame else "." for frame in missing).split(".")
    assert max(map(len, intervals)) < SHORTEST_FRAMES


def test_runs_without_a_word_between_are_recognised_together_up_to_10_s() -> None:
    runs = [
        FrameInterval(0, 90),
        FrameInterval(110, 200),
        FrameInterval(230, 310),
        FrameInterval(330, 400),
    ]
    assert join_runs(runs, []) == [FrameInterval(0, 310), FrameInterval(330, 400)]
    word = make_segment((3.2, 3.4))  # frames 100 to 106
    assert join_runs(runs[:2], [word]) == runs[:2]


def test_a_cut_begins_and_ends_in_pauses() -> None:
    voiced = speak((True, 10.0), (False, 0.5), (True, 3.0), (False, 0.5), (True, 5.0))
    first, last = round(10.5 / FRAME_S), round(13.5 / FRAME_S)
    cut = place_cut(FrameInterval(first, last), voiced)
    assert not voiced[cut.start : first].any()
    assert not voiced[last : cut.end].any()
    assert first - cut.start >= 5
    assert cut.end - last >= 5


def test_a_cut_inside_speech_goes_back_to_the_pause_before() -> None:
    voiced = speak((True, 9.0), (False, 0.5), (True, 4.0))
    cut = place_cut(FrameInterval(round(10.5 / FRAME_S), len(voiced)), voiced)
    assert 9.0 < cut.start_s < 9.5
    assert cut.end == len(voiced)


def test_a_first_word_placed_too_early_stays_where_only_a_pause_is_before() -> None:
    voiced = speak((True, 10.0), (False, 0.5), (True, 3.0))
    run, cut = (
        FrameInterval(round(10.5 / FRAME_S), len(voiced)),
        FrameInterval(round(10.1 / FRAME_S), len(voiced)),
    )
    found = [make_segment((10.15, 10.3), (10.5, 11.0))]
    assert pick_words(found, take_pauses(run, cut, voiced)) == found
    cut = FrameInterval(round(9.0 / FRAME_S), len(voiced))
    assert take_pauses(run, cut, voiced) == run


def test_words_of_the_context_are_dropped() -> None:
    found = [make_segment((9.5, 10.0), (10.0, 10.4), (10.6, 11.0), (11.0, 11.5))]
    [picked] = pick_words(found, FrameInterval(round(10.5 / FRAME_S), round(12 / FRAME_S)))
    assert picked.text == "word2 word3"
    assert not picked.words[0].space_before


def test_a_word_at_the_border_is_not_taken_twice() -> None:
    before, run = make_segment((8.0, 9.0)), FrameInterval(round(9.2 / FRAME_S), round(12 / FRAME_S))
    again = make_segment((9.0, 9.4), (9.5, 10.0))
    spoken_twice = make_segment((9.4, 9.8), (9.9, 10.4))
    assert [each.text for each in drop_repeated([again], [before], run)] == ["word1"]
    assert drop_repeated([spoken_twice], [before], run) == [spoken_twice]


def test_a_segment_around_a_hole_is_divided() -> None:
    around = make_segment((0.0, 1.0), (5.0, 6.0))
    found = make_segment((2.0, 3.0), (3.0, 4.0), text="found")
    merged = merge_segments([around], [found])
    assert [each.text for each in merged] == ["word0", "found0 found1", "word1"]
    assert merged[0] == replace(around, end_s=1.0, text="word0", words=around.words[:1])


def test_a_word_that_is_stretched_over_a_skipped_sentence_does_not_cover_it() -> None:
    voiced = speak((True, 8.0))
    segment = make_segment((0.0, 6.1), (6.1, 6.9), (6.9, 8.0))
    assert find_uncovered(voiced, [segment]) == []

    shortened = shorten_stretched(segment)
    [run] = find_uncovered(voiced, [shortened])
    assert run.start == 0
    assert 4.0 < run.end_s < 4.7
    assert (shortened.text, shortened.start_s) == (segment.text, shortened.words[0].start_s)
    assert shortened.words[1:] == segment.words[1:]


def test_a_last_word_is_shortened_from_its_end() -> None:
    shortened = shorten_stretched(make_segment((0.0, 0.5), (0.5, 7.0)))
    assert shortened.words[1].start_s == 0.5
    assert shortened.end_s == shortened.words[1].end_s < 2.5


def test_a_word_that_is_spoken_slowly_stays_as_it_is() -> None:
    segment = make_segment((0.0, 2.2), (2.2, 4.0))
    assert shorten_stretched(segment) is segment
