"""From PCM to windows: what the voice activity finds, how it is cut, what it costs in memory."""

import tracemalloc

import numpy as np
import pytest
from faster_whisper.vad import VadOptions, collect_chunks, get_speech_timestamps
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_service.engines.vad import FRAME_SAMPLES
from inference_service.sessions.regions import PAD_FRAMES, Region, RegionFinder
from inference_service.sessions.window_finder import WindowFinder
from inference_service.sessions.windows import WINDOW_SAMPLES, DecodingWindow, WindowCutter
from tests.inference_service.recordings import BYTES_PER_S, load_pcm, make_silence

WINDOW_FRAMES = WINDOW_SAMPLES // FRAME_SAMPLES

# Intervals of one probability each: speech, doubt and silence of any length.
intervals = st.lists(
    st.tuples(st.sampled_from([0.1, 0.4, 0.45, 0.9]), st.integers(1, 400)), max_size=30
)
VOICED = np.zeros(0, np.bool_)  # where nothing depends on it
block_lengths = st.integers(1, 500)


def find_windows(pcm: bytes, *, block_bytes: int = 5 * BYTES_PER_S) -> list[DecodingWindow]:
    finder = WindowFinder()
    windows = []
    for start in range(0, len(pcm), block_bytes):
        windows += finder.push(pcm[start : start + block_bytes])
    return windows + finder.finish()


def outline(windows: list[DecodingWindow], *, offset: int = 0) -> list[tuple[int, ...]]:
    return [
        (
            offset + window.start_sample,
            offset + window.resume_sample,
            *(offset + edge for p in window.chunks for edge in (p.start_sample, p.end_sample)),
        )
        for window in windows
    ]


@given(intervals, block_lengths)
def test_regions_are_in_order_short_enough_and_the_same_however_the_frames_come(
    shape: list[tuple[float, int]], block: int
) -> None:
    probabilities = [value for value, frames in shape for _ in range(frames)]
    at_once = RegionFinder()
    expected = [*at_once.push(probabilities), *at_once.finish()]
    in_blocks = RegionFinder()
    found: list[Region] = []
    for start in range(0, len(probabilities), block):
        found += in_blocks.push(probabilities[start : start + block])
        # What is promised to be final is: no later region begins before it.
        assert all(region.start >= in_blocks.final_frame for region in expected[len(found) :])
    found += in_blocks.finish()

    assert found == expected
    ends = [0, *(region.end for region in found)]
    for region, previous_end in zip(found, ends, strict=False):
        assert previous_end <= region.start < region.end <= len(probabilities)
        assert region.end - region.start <= WINDOW_FRAMES


@given(intervals)
def test_every_frame_of_speech_is_in_a_region(shape: list[tuple[float, int]]) -> None:
    probabilities = [value for value, frames in shape for _ in range(frames)]
    finder = RegionFinder()
    regions = [*finder.push(probabilities), *finder.finish()]
    covered = {frame for region in regions for frame in range(region.start, region.end)}
    assert {frame for frame, value in enumerate(probabilities) if value >= 0.5} <= covered


@pytest.mark.parametrize("name", ["en_short_1", "en_talk_20s", "cs_talk_20s", "long_3min"])
def test_windows_are_those_of_faster_whisper(name: str) -> None:
    """As many of them, with the same speech but for the edges (a per cent: ours resets the state
    of the model at each window's start)."""
    pcm = load_pcm(name)
    samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
    options = VadOptions(max_speech_duration_s=30, min_silence_duration_ms=160)
    regions = get_speech_timestamps(samples.copy(), options)
    windows, _ = collect_chunks(samples, regions, max_duration=30)
    windows = find_windows(pcm)
    assert len([window for window in windows if window.chunks]) == len(windows)
    speech = sum(region["end"] - region["start"] for region in regions)
    assert sum(window.speech_samples for window in windows) == pytest.approx(speech, rel=0.02)


def test_windows_follow_each_other_to_the_end_and_hold_their_own_audio() -> None:
    pcm = load_pcm("long_3min") + make_silence(70) + load_pcm("en_talk_20s")
    samples = np.frombuffer(pcm, "<i2")
    reached = 0
    for window in find_windows(pcm):
        assert window.start_sample == reached
        assert window.speech_samples <= WINDOW_SAMPLES
        for chunk in window.chunks:
            assert reached <= chunk.start_sample
            reached = chunk.end_sample
            assert np.array_equal(chunk.pcm, samples[chunk.start_sample : chunk.end_sample])
        assert reached <= window.resume_sample
        reached = window.resume_sample
    assert reached == len(samples)


@pytest.mark.parametrize("block_bytes", [BYTES_PER_S // 3 * 2, 32 * BYTES_PER_S])
def test_the_size_of_the_blocks_does_not_matter(block_bytes: int) -> None:
    pcm = make_silence(33) + load_pcm("en_talk_20s") + make_silence(41) + load_pcm("cs_talk_20s")
    assert outline(find_windows(pcm, block_bytes=block_bytes)) == outline(find_windows(pcm))


def test_resuming_at_any_resume_point_finds_the_same_windows() -> None:
    pcm = load_pcm("long_3min") + make_silence(70) + load_pcm("en_talk_20s")[:-1000]
    windows = find_windows(pcm)
    assert not all(window.chunks for window in windows)
    for index, window in list(enumerate(windows))[::4]:
        rest = find_windows(pcm[2 * window.resume_sample :])
        assert outline(rest, offset=window.resume_sample) == outline(windows[index + 1 :])


def test_a_resume_point_lies_in_silence_where_there_is_some() -> None:
    pcm = load_pcm("en_talk_20s") + make_silence(5)
    repeated = find_windows(pcm * 3)
    loud = np.abs(np.frombuffer(pcm * 3, "<i2")) > 1000
    for window in repeated[:-1]:
        around = slice(window.resume_sample - 800, window.resume_sample + 800)
        assert not loud[around].any()


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(1, WINDOW_FRAMES)), max_size=20))
def test_windows_hold_each_region_once_and_never_more_than_30_s(
    shape: list[tuple[int, int]],
) -> None:
    """shape: the silence before each region, and its length, in frames."""
    cutter = WindowCutter()
    windows: list[DecodingWindow] = []
    regions: list[Region] = []
    end = 0
    for silence, length in shape:
        region = Region(end + silence, end + silence + length)
        regions.append(region)
        cutter.append(np.zeros((region.end - end) * FRAME_SAMPLES, np.int16))
        end = region.end
        while window := cutter.advance(region.start) or cutter.add(region, VOICED):
            windows.append(window)
        cutter.discard_before(region.end)
    windows += cutter.finish(end * FRAME_SAMPLES)
    chunks = [chunk for window in windows for chunk in window.chunks]
    assert [(p.start_sample // FRAME_SAMPLES, p.end_sample // FRAME_SAMPLES) for p in chunks] == [
        (region.start, region.end) for region in regions
    ]
    assert all(window.speech_samples <= WINDOW_SAMPLES for window in windows)
    assert [window.start_sample for window in windows[1:]] == [
        s.resume_sample for s in windows[:-1]
    ]


def test_memory_stays_flat_over_hours_of_speech_and_silence() -> None:
    block = np.zeros(100 * FRAME_SAMPLES, np.int16)
    cutter = WindowCutter()
    finder = RegionFinder()
    tracemalloc.start()
    for index in range(3000):  # 2.7 hours
        cutter.append(block)
        is_speech = index // 100 % 2 == 0
        for region in finder.push([0.9 if is_speech else 0.1] * 100):
            while cutter.advance(region.start) or cutter.add(region, VOICED):
                pass
        while cutter.advance(finder.final_frame):
            pass
        cutter.discard_before(finder.final_frame)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 12_000_000


def test_speech_at_the_very_beginning_and_end_is_padded_within_the_recording() -> None:
    finder = RegionFinder()
    regions = [*finder.push([0.9] * 20), *finder.finish()]
    assert regions == [Region(0, 20)]
    finder = RegionFinder()
    regions = [*finder.push([0.1] * 50 + [0.9] * 20 + [0.1] * 50), *finder.finish()]
    assert regions == [Region(50 - PAD_FRAMES, 70 + PAD_FRAMES)]
