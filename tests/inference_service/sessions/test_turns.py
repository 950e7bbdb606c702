"""What an embedder is given of a window: contiguous audio, however it is cut into chunks."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from inference_service.engines.asr import Samples
from inference_service.priority import Priority
from inference_service.sessions.turns import TurnFinder
from inference_service.sessions.window_finder import WindowFinder
from inference_service.sessions.windows import MAX_LEAD_SAMPLES, SAMPLE_RATE_HZ, DecodingWindow
from inference_service.stages import CpuStages
from tests.inference_service.fakes import FakeDiarizationTask, FakeEmbedder
from tests.inference_service.recordings import BYTES_PER_S, load_pcm, make_silence


@pytest.fixture
async def stages() -> AsyncIterator[CpuStages]:
    made = CpuStages(threads=2)
    yield made
    made.close()


@dataclass
class Given:
    start_s: float
    samples: Samples
    speech: list[tuple[float, float]]


@dataclass
class CuriousEmbedder(FakeEmbedder):
    given: list[Given] = field(default_factory=list)

    def start_task(
        self, samples: Samples, *, offset_s: float, speech: Sequence[tuple[float, float]]
    ) -> FakeDiarizationTask:
        self.given.append(Given(offset_s, samples, list(speech)))
        return super().start_task(samples, offset_s=offset_s, speech=speech)


def find_windows(pcm: bytes, *, block_s: float = 5.0) -> list[DecodingWindow]:
    finder = WindowFinder()
    windows = []
    block = int(block_s * BYTES_PER_S) // 2 * 2
    for start in range(0, len(pcm), block):
        windows += finder.push(pcm[start : start + block])
    return [window for window in windows + finder.finish() if window.chunks]


async def find(windows: list[DecodingWindow], stages: CpuStages) -> list[Given]:
    embedder = CuriousEmbedder()
    finder = TurnFinder(embedder, stages=stages, priority=Priority.BULK, offset_ms=60_000)
    for window in windows:
        await finder.find(window)
    return embedder.given


async def test_a_window_is_given_with_the_silence_between_its_regions(stages: CpuStages) -> None:
    pcm = load_pcm("en_short_1") + make_silence(3) + load_pcm("en_short_1")
    whole = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
    windows = find_windows(pcm)
    (given,) = await find(windows, stages)
    start = windows[0].chunks[0].start_sample
    assert given.start_s == pytest.approx(60 + start / SAMPLE_RATE_HZ)
    assert np.array_equal(given.samples, whole[start : start + len(given.samples)])
    assert len(given.speech) == sum(len(window.chunks) for window in windows)


async def test_long_silence_is_left_out(stages: CpuStages) -> None:
    silence_s = MAX_LEAD_SAMPLES // SAMPLE_RATE_HZ + 3
    windows = find_windows(
        load_pcm("en_short_1") + make_silence(silence_s) + load_pcm("en_short_1")
    )
    assert len(windows) == 1
    assert len(await find(windows, stages)) == 2


@pytest.mark.parametrize("block_s", [0.5, 1.37, 30.0])
async def test_what_is_given_does_not_depend_on_the_chunks(
    stages: CpuStages, block_s: float
) -> None:
    pcm = make_silence(2) + load_pcm("dialogue_1") + make_silence(1) + load_pcm("dialogue_2")
    expected = await find(find_windows(pcm), stages)
    given = await find(find_windows(pcm, block_s=block_s), stages)
    assert [each.start_s for each in given] == [each.start_s for each in expected]
    assert [each.speech for each in given] == [each.speech for each in expected]
    for one, other in zip(given, expected, strict=True):
        assert np.array_equal(one.samples, other.samples)


async def test_turns_lie_inside_their_window_in_recording_time(stages: CpuStages) -> None:
    (window,) = find_windows(load_pcm("en_short_1"))
    finder = TurnFinder(FakeEmbedder(), stages=stages, priority=Priority.BULK, offset_ms=60_000)
    turns = await finder.find(window)
    assert turns
    low_ms, high_ms = (
        60_000 + sample // 16 for sample in (window.start_sample, window.resume_sample)
    )
    assert all(low_ms <= turn.start_ms < turn.end_ms <= high_ms for turn in turns)


async def test_after_a_failure_there_are_no_turns_any_more(stages: CpuStages) -> None:
    (window,) = find_windows(load_pcm("en_short_1"))
    embedder = FakeEmbedder(is_broken=True)
    finder = TurnFinder(embedder, stages=stages, priority=Priority.BULK, offset_ms=0)
    assert await finder.find(window) == ()
    embedder.is_broken = False
    assert await finder.find(window) == ()
