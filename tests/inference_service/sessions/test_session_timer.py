"""What is finalized live gets better times inside its own audio; a translation does not."""

import asyncio

import numpy as np

from inference_service.engines.asr import Timing
from inference_service.metrics import Metrics
from inference_service.priority import Priority
from inference_service.scheduler import Scheduler
from inference_service.schedulers import Schedulers
from inference_service.sessions.events import OutputSegment, OutputWord, WindowFinalized
from inference_service.sessions.session_timer import SessionTimer
from inference_service.sessions.windows import SpeechChunk
from inference_service.sessions.word_times import WordTimer
from inference_service.stages import CpuStages
from tests.inference_service.fakes import FakeRecogniser
from tests.inference_service.sessions.test_word_times import FakeAligner, Interval

CHUNK = SpeechChunk(
    32_000, np.zeros(64_000, np.int16)
)  # 2 s to 6 s of the call, which begins at 10 s


def make_final(*words: tuple[str, int, int]) -> OutputSegment:
    mapped = tuple(
        OutputWord(text, start, end, 0.5, space_before=at > 0)
        for at, (text, start, end) in enumerate(words)
    )
    text = " ".join(word.text for word in mapped)
    return OutputSegment(words[0][1], words[-1][2], text, mapped, 0.5, -0.1, 1.0, 0.0, 0.0)


async def time_output(
    segment: OutputSegment, *intervals: Interval, task: str = "transcribe"
) -> WindowFinalized:
    stages = CpuStages(threads=2)
    schedulers = Schedulers(lambda: Scheduler(metrics=Metrics()))
    try:
        async with schedulers.open_queue(FakeRecogniser(), Priority.LIVE) as queue:
            timer = SessionTimer(
                WordTimer([FakeAligner(intervals)]), queue=queue, stages=stages, task=task
            )
            window = WindowFinalized(12_000, 16_000, (segment,), is_cut=True)
            return await timer.time_output(CHUNK, window, language="en", offset_ms=10_000)
    finally:
        await schedulers.close()
        stages.close()


def test_final_words_are_where_they_were_aligned() -> None:
    segment = make_final(("Hello", 12_100, 12_600), ("there.", 12_600, 15_900))

    window = asyncio.run(time_output(segment, (0.2, 0.5), (3.5, 4.0)))
    (timed,) = window.segments

    assert [(word.start_ms, word.end_ms, word.timing) for word in timed.words] == [
        (12_200, 12_500, Timing.ALIGNED),
        (15_500, 16_000, Timing.ALIGNED),
    ]
    assert (timed.text, timed.avg_logprob) == (segment.text, segment.avg_logprob)
    assert (timed.start_ms, timed.end_ms) == (12_200, 16_000)
    assert (window.start_ms, window.resume_ms, window.is_cut) == (12_000, 16_000, True)


def test_the_times_of_a_translation_stay() -> None:
    segment = make_final(("Hello", 12_100, 12_600))

    timed = asyncio.run(time_output(segment, (0.2, 0.5), task="translate"))

    assert timed.segments == (segment,)
