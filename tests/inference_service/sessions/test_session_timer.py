"""What is settled live gets better times inside its own audio; a translation keeps its own."""

import asyncio

import numpy as np

from inference_service.engines.asr import Timing
from inference_service.metrics import Metrics
from inference_service.priority import Priority
from inference_service.scheduler import Scheduler
from inference_service.schedulers import Schedulers
from inference_service.sessions.events import RestoredSegment, RestoredWord
from inference_service.sessions.session_timer import SessionTimer
from inference_service.sessions.windows import Piece
from inference_service.sessions.word_times import WordTimer
from inference_service.stages import CpuStages
from tests.inference_service.fakes import FakeRecogniser
from tests.inference_service.sessions.test_word_times import FakeAligner, Span

PIECE = Piece(32_000, np.zeros(64_000, np.int16))  # 2 s to 6 s of the call, which begins at 10 s


def settled(*words: tuple[str, int, int]) -> RestoredSegment:
    restored = tuple(
        RestoredWord(text, start, end, 0.5, space_before=at > 0)
        for at, (text, start, end) in enumerate(words)
    )
    text = " ".join(word.text for word in restored)
    return RestoredSegment(words[0][1], words[-1][2], text, restored, 0.5, -0.1, 1.0, 0.0, 0.0)


async def time_restored(
    segment: RestoredSegment, *spans: Span, task: str = "transcribe"
) -> tuple[RestoredSegment, ...]:
    stages = CpuStages(threads=2)
    schedulers = Schedulers(lambda: Scheduler(metrics=Metrics()))
    try:
        async with schedulers.open_lane(FakeRecogniser(), Priority.LIVE) as lane:
            timer = SessionTimer(
                WordTimer([FakeAligner(spans)]), lane=lane, stages=stages, task=task
            )
            return await timer.time_restored(PIECE, [segment], language="en", offset_ms=10_000)
    finally:
        await schedulers.close()
        stages.close()


def test_settled_words_are_where_they_were_aligned() -> None:
    segment = settled(("Hello", 12_100, 12_600), ("there.", 12_600, 15_900))

    (timed,) = asyncio.run(time_restored(segment, (0.2, 0.5), (3.5, 4.0)))

    assert [(word.start_ms, word.end_ms, word.timing) for word in timed.words] == [
        (12_200, 12_500, Timing.ALIGNED),
        (15_500, 16_000, Timing.ALIGNED),
    ]
    assert (timed.text, timed.avg_logprob) == (segment.text, segment.avg_logprob)
    assert (timed.start_ms, timed.end_ms) == (12_200, 16_000)


def test_a_translation_keeps_its_times() -> None:
    segment = settled(("Hello", 12_100, 12_600))

    assert asyncio.run(time_restored(segment, (0.2, 0.5), task="translate")) == (segment,)
