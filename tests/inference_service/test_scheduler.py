"""Who goes first on the accelerator, with whom, and what happens when something breaks."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from inference_service.batches import Timing
from inference_service.engines.asr import DecodeOptions, Verdict, WindowRequest, WindowText
from inference_service.metrics import Metrics
from inference_service.priority import Priority
from inference_service.scheduler import Limits, Scheduler
from inference_service.session_queue import Lane, RecognitionError
from tests.inference_service.fakes import FakeRecogniser, ManualClock

OPTIONS = DecodeOptions(language="en")
Answer = tuple[WindowText, Timing]


def window(label: str, attempt: int = 0) -> WindowRequest:
    return WindowRequest(label, 30.0, OPTIONS, attempt)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def recogniser(clock: ManualClock) -> FakeRecogniser:
    return FakeRecogniser(clock=clock)


@contextlib.asynccontextmanager
async def scheduling(
    clock: Callable[[], float], limits: Limits | None = None
) -> AsyncIterator[Scheduler]:
    scheduler = Scheduler(metrics=Metrics(), limits=limits, clock=clock)
    scheduler.start()
    try:
        yield scheduler
    finally:
        await scheduler.close()


@pytest.fixture
async def scheduler(clock: ManualClock) -> AsyncIterator[Scheduler]:
    async with scheduling(clock) as scheduler:
        yield scheduler


@contextlib.asynccontextmanager
async def busy(scheduler: Scheduler, recogniser: FakeRecogniser) -> AsyncIterator[None]:
    """Keep the accelerator at work on a bulk window while the test lines others up.

    Afterwards everything that was lined up is run.
    """
    recogniser.gate.clear()
    async with scheduler.open_lane(recogniser, Priority.BULK) as lane:
        first = asyncio.create_task(lane.recognise(window("first")))
        await asyncio.to_thread(recogniser.entered.wait, 10)
        yield
        await asyncio.sleep(0)  # what the test has just started reaches the queue
        recogniser.gate.set()
        await first


async def wait_for_batches(recogniser: FakeRecogniser, count: int) -> None:
    async with asyncio.timeout(10):
        while len(recogniser.batches) < count:
            await asyncio.sleep(0.005)


def line_up(lane: Lane, *labels: str) -> list[asyncio.Task[Answer]]:
    return [asyncio.create_task(lane.recognise(window(label))) for label in labels]


def labels_of(recogniser: FakeRecogniser) -> list[list[object]]:
    """The batches after the one that kept the accelerator busy."""
    return [[request.features for request in batch] for batch in recogniser.batches[1:]]


async def test_windows_of_two_sessions_share_a_batch_and_take_turns(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    async with (
        scheduler.open_lane(recogniser, Priority.BULK) as one,
        scheduler.open_lane(recogniser, Priority.BULK) as two,
    ):
        async with busy(scheduler, recogniser):
            tasks = line_up(one, "a1", "a2", "a3") + line_up(two, "b1", "b2", "b3")
        await asyncio.gather(*tasks)
    assert labels_of(recogniser) == [["a1", "b1", "a2", "b2"], ["a3", "b3"]]


async def test_a_late_session_is_served_next_when_another_has_many_windows(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.max_batch = 1
    async with (
        scheduler.open_lane(recogniser, Priority.BULK) as many,
        scheduler.open_lane(recogniser, Priority.BULK) as late,
    ):
        async with busy(scheduler, recogniser):
            tasks = line_up(many, "a1", "a2", "a3")
            await asyncio.sleep(0)
            tasks += line_up(late, "b1")
        await asyncio.gather(*tasks)
    assert labels_of(recogniser) == [["a1"], ["b1"], ["a2"], ["a3"]]


async def test_live_goes_before_short_before_bulk(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        tasks: list[asyncio.Task[Answer]] = []
        async with busy(scheduler, recogniser):
            for priority in (Priority.BULK, Priority.SHORT, Priority.LIVE):
                lane = await stack.enter_async_context(scheduler.open_lane(recogniser, priority))
                tasks += line_up(lane, priority.name)
        await asyncio.gather(*tasks)
    assert labels_of(recogniser) == [["LIVE"], ["SHORT"], ["BULK"]]


async def test_bulk_gets_a_turn_when_it_was_passed_over_for_long(
    clock: ManualClock, recogniser: FakeRecogniser
) -> None:
    recogniser.max_batch, recogniser.seconds_per_window = 1, 4.0
    async with (
        scheduling(clock, Limits(patience_s=10.0)) as scheduler,
        scheduler.open_lane(recogniser, Priority.SHORT) as short,
        scheduler.open_lane(recogniser, Priority.BULK) as bulk,
    ):
        async with busy(scheduler, recogniser):
            tasks = line_up(bulk, "b") + line_up(short, "s1", "s2", "s3", "s4", "s5", "s6")
        await asyncio.gather(*tasks)
    order = [labels[0] for labels in labels_of(recogniser)]
    assert order.index("b") < order.index("s6")
    assert order[0] == "s1"


async def test_windows_on_a_gpu_ride_along_with_a_higher_class(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.device = "cuda:0"
    async with (
        scheduler.open_lane(recogniser, Priority.SHORT) as short,
        scheduler.open_lane(recogniser, Priority.BULK) as bulk,
    ):
        async with busy(scheduler, recogniser):
            tasks = line_up(bulk, "b") + line_up(short, "s")
        await asyncio.gather(*tasks)
    assert labels_of(recogniser) == [["s", "b"]]


async def test_a_clip_runs_beside_bulk_work_where_the_engine_takes_two_calls(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.max_calls = 2
    async with scheduler.open_lane(recogniser, Priority.SHORT) as short:
        async with busy(scheduler, recogniser):
            tasks = line_up(short, "clip")
            await wait_for_batches(recogniser, 2)
        await asyncio.gather(*tasks)
    assert labels_of(recogniser) == [["clip"]]


async def test_bulk_work_leaves_a_place_free_while_a_clip_may_come(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.max_calls, recogniser.max_batch = 2, 1
    async with scheduler.open_lane(recogniser, Priority.BULK) as bulk:
        async with scheduler.open_lane(recogniser, Priority.SHORT), busy(scheduler, recogniser):
            kept_back = line_up(bulk, "b1")
            await asyncio.sleep(0.05)
            assert labels_of(recogniser) == []
        await asyncio.gather(*kept_back)


async def test_bulk_work_takes_every_place_when_nobody_else_is_there(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.max_calls, recogniser.max_batch = 2, 1
    async with scheduler.open_lane(recogniser, Priority.BULK) as bulk:
        async with busy(scheduler, recogniser):
            tasks = line_up(bulk, "b1", "b2")
            await wait_for_batches(recogniser, 2)
        await asyncio.gather(*tasks)
    assert labels_of(recogniser) == [["b1"], ["b2"]]


async def test_windows_that_the_engine_keeps_apart_do_not_share_a_batch(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    async with scheduler.open_lane(recogniser, Priority.BULK) as lane:
        async with busy(scheduler, recogniser):
            tasks = line_up(lane, "cold1")
            tasks.append(asyncio.create_task(lane.recognise(window("hot", 1))))
            tasks += line_up(lane, "cold2")
        await asyncio.gather(*tasks)
    assert labels_of(recogniser) == [["hot"], ["cold1", "cold2"]]


async def test_a_bulk_batch_is_bounded_by_its_predicted_time(
    clock: ManualClock, recogniser: FakeRecogniser
) -> None:
    recogniser.max_batch, recogniser.seconds_per_window = 16, 0.3
    limits = Limits(alone_s=1.0, shared_s=0.25)
    async with (
        scheduling(clock, limits) as scheduler,
        scheduler.open_lane(recogniser, Priority.BULK) as lane,
    ):
        async with busy(scheduler, recogniser):
            tasks = line_up(lane, *"abcdef")
        await asyncio.gather(*tasks)
        assert [len(labels) for labels in labels_of(recogniser)] == [3, 3]

        async with scheduler.open_lane(recogniser, Priority.LIVE):
            await asyncio.gather(*line_up(lane, "x", "y"))
        assert labels_of(recogniser)[2:] == [["x"], ["y"]]


async def test_a_window_that_breaks_the_engine_fails_its_own_session_only(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.is_broken_by = lambda request: request.features == "bad"
    async with (
        scheduler.open_lane(recogniser, Priority.BULK) as one,
        scheduler.open_lane(recogniser, Priority.BULK) as two,
    ):
        async with busy(scheduler, recogniser):
            good, bad = line_up(one, "good"), line_up(two, "bad")
        await asyncio.gather(*good)
        with pytest.raises(RecognitionError):
            await bad[0]
    assert labels_of(recogniser)[0] == ["good", "bad"]
    assert sorted(map(str, labels_of(recogniser)[1:])) == ["['bad']", "['good']"]


async def test_a_window_gets_a_second_try_when_the_engine_failed_once(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.is_broken_by = lambda request: len(recogniser.batches) == 1
    async with scheduler.open_lane(recogniser, Priority.SHORT) as lane:
        await lane.recognise(window("a"))
    assert len(recogniser.batches) == 2


async def test_a_cancelled_window_is_never_run(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    async with scheduler.open_lane(recogniser, Priority.BULK) as lane:
        async with busy(scheduler, recogniser):
            gone, kept = line_up(lane, "gone", "kept")
            await asyncio.sleep(0)
            gone.cancel()
        await kept
    assert labels_of(recogniser) == [["kept"]]


async def test_the_waiting_windows_of_a_closed_lane_are_dropped(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    async with busy(scheduler, recogniser):
        async with scheduler.open_lane(recogniser, Priority.BULK) as lane:
            (task,) = line_up(lane, "left behind")
            await asyncio.sleep(0)
            assert scheduler.count_waiting(Priority.BULK) == 1
        assert scheduler.count_waiting(Priority.BULK) == 0
        with pytest.raises(asyncio.CancelledError):
            await task
    assert labels_of(recogniser) == []


async def test_closing_a_lane_waits_for_its_running_batch(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.gate.clear()
    finished = False

    async def open_and_leave() -> None:
        nonlocal finished
        async with scheduler.open_lane(recogniser, Priority.BULK) as lane:
            line_up(lane, "running")
            await asyncio.to_thread(recogniser.entered.wait, 10)
        finished = True

    leaving = asyncio.create_task(open_and_leave())
    await asyncio.to_thread(recogniser.entered.wait, 10)
    await asyncio.wait([leaving], timeout=0.05)
    assert not finished
    recogniser.gate.set()
    await leaving
    assert finished


async def test_the_decoding_after_a_detection_goes_before_waiting_bulk_work(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    async def detect_then_recognise(lane: Lane) -> None:
        await lane.detect_language("short")
        await lane.recognise(window("short"))

    async with (
        scheduler.open_lane(recogniser, Priority.SHORT) as short,
        scheduler.open_lane(recogniser, Priority.BULK) as bulk,
    ):
        async with busy(scheduler, recogniser):
            tasks = line_up(bulk, "bulk")
            following = asyncio.create_task(detect_then_recognise(short))
        await asyncio.gather(following, *tasks)
    assert labels_of(recogniser) == [["short"], ["bulk"]]


async def test_a_lane_waits_for_a_slot_when_its_share_is_used_up(
    clock: ManualClock, recogniser: FakeRecogniser
) -> None:
    recogniser.max_batch = 8
    async with (
        scheduling(clock, Limits(capacity=8)) as scheduler,
        scheduler.open_lane(recogniser, Priority.BULK) as one,
        scheduler.open_lane(recogniser, Priority.BULK),
    ):
        for _ in range(4):
            await asyncio.wait_for(one.take_slot(), 10)
        fifth = asyncio.create_task(one.take_slot())
        await asyncio.wait([fifth], timeout=0.05)
        assert not fifth.done()
        await one.free_slot()
        await asyncio.wait_for(fifth, 10)


async def test_an_answer_says_what_it_cost(
    scheduler: Scheduler, recogniser: FakeRecogniser, clock: ManualClock
) -> None:
    recogniser.seconds_per_window = 0.5
    async with scheduler.open_lane(recogniser, Priority.BULK) as lane:
        async with busy(scheduler, recogniser):
            (task,) = line_up(lane, "a")
            await asyncio.sleep(0)
            clock.now_s += 2.0
        _, timing = await task
    assert timing == Timing(queue_s=2.5, compute_s=0.5)


def ask_for_padding(request: WindowRequest) -> Verdict:
    return Verdict.ACCEPTED if request.is_padded else Verdict.PAD


async def test_a_window_too_short_for_the_engine_is_decoded_again_padded_before_others(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.judge = ask_for_padding
    recogniser.seconds_per_window = 0.5
    recogniser.max_batch = 1
    async with scheduler.open_lane(recogniser, Priority.SHORT) as lane:
        tasks = line_up(lane, "a", "b")
        answers = await asyncio.gather(*tasks)
    assert [[r.features for r in batch] for batch in recogniser.batches] == [
        ["a"],
        ["a"],
        ["b"],
        ["b"],
    ]
    assert [batch[0].is_padded for batch in recogniser.batches] == [False, True, False, True]
    assert [timing.compute_s for _, timing in answers] == [1.0, 1.0]
    assert all(text.verdict is not Verdict.PAD for text, _ in answers)


class GrowingWindow:
    """Somebody is speaking: the window holds what was said until it is read."""

    def __init__(self) -> None:
        self.said = "one"
        self.reads = 0
        self.request = self.peek()

    def peek(self) -> WindowRequest:
        return WindowRequest(None, float(len(self.said)), OPTIONS)

    async def read(self) -> WindowRequest:
        self.reads += 1
        self.request = window(self.said)
        return self.request


async def test_a_live_window_too_short_for_the_engine_is_decoded_again_as_it_was_read(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.judge = ask_for_padding
    async with scheduler.open_lane(recogniser, Priority.LIVE) as lane:
        growing = GrowingWindow()
        await lane.recognise_newest(growing)
    assert [[r.features for r in batch] for batch in recogniser.batches] == [["one"], ["one"]]
    assert growing.reads == 1


async def test_a_live_window_is_read_when_its_turn_comes(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    async with scheduler.open_lane(recogniser, Priority.LIVE) as lane:
        growing = GrowingWindow()
        async with busy(scheduler, recogniser):
            task = asyncio.create_task(lane.recognise_newest(growing))
            await asyncio.sleep(0)
            growing.said = "one two"
        await task
    assert labels_of(recogniser) == [["one two"]]
    assert growing.reads == 1


async def test_live_windows_of_two_sessions_share_a_batch(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    async with (
        scheduler.open_lane(recogniser, Priority.LIVE) as one,
        scheduler.open_lane(recogniser, Priority.LIVE) as two,
    ):
        async with busy(scheduler, recogniser):
            tasks = [
                asyncio.create_task(lane.recognise_newest(GrowingWindow())) for lane in (one, two)
            ]
        await asyncio.gather(*tasks)
    assert labels_of(recogniser) == [["one", "one"]]


async def test_a_live_window_that_cannot_be_read_fails_alone(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    class Broken(GrowingWindow):
        async def read(self) -> WindowRequest:
            raise ValueError

    async with (
        scheduler.open_lane(recogniser, Priority.LIVE) as one,
        scheduler.open_lane(recogniser, Priority.LIVE) as two,
    ):
        async with busy(scheduler, recogniser):
            bad = asyncio.create_task(one.recognise_newest(Broken()))
            good = asyncio.create_task(two.recognise_newest(GrowingWindow()))
        with pytest.raises(RecognitionError):
            await bad
        await good
