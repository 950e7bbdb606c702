"""Who goes first on the accelerator, with whom, and what happens when something breaks."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from inference_service.batches import TaskCost
from inference_service.engines.asr import DecodeOptions, Verdict, WindowRequest, WindowText
from inference_service.metrics import Metrics
from inference_service.priority import Priority
from inference_service.scheduler import Scheduler, SchedulerLimits
from inference_service.session_queue import RecognitionError, SessionQueue
from tests.inference_service.fakes import FakeRecogniser, ManualClock

OPTIONS = DecodeOptions(language="en")
Answer = tuple[WindowText, TaskCost]


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
    clock: Callable[[], float], limits: SchedulerLimits | None = None
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
    """Occupy the accelerator with a bulk window while the test enqueues others.

    Afterwards everything that was enqueued is run.
    """
    recogniser.gate.clear()
    async with scheduler.open_queue(recogniser, Priority.BULK) as queue:
        first = asyncio.create_task(queue.recognise(window("first")))
        await asyncio.to_thread(recogniser.entered.wait, 10)
        yield
        await asyncio.sleep(0)  # what the test has just started reaches the queue
        recogniser.gate.set()
        await first


async def wait_for_batches(recogniser: FakeRecogniser, count: int) -> None:
    async with asyncio.timeout(10):
        while len(recogniser.batches) < count:
            await asyncio.sleep(0.005)


def enqueue(queue: SessionQueue, *labels: str) -> list[asyncio.Task[Answer]]:
    return [asyncio.create_task(queue.recognise(window(label))) for label in labels]


def labels_of(recogniser: FakeRecogniser) -> list[list[object]]:
    """The batches after the one that occupied the accelerator."""
    return [[request.features for request in batch] for batch in recogniser.batches[1:]]


async def test_windows_of_two_sessions_share_a_batch_and_take_turns(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    async with (
        scheduler.open_queue(recogniser, Priority.BULK) as one,
        scheduler.open_queue(recogniser, Priority.BULK) as two,
    ):
        async with busy(scheduler, recogniser):
            tasks = enqueue(one, "a1", "a2", "a3") + enqueue(two, "b1", "b2", "b3")
        await asyncio.gather(*tasks)
    assert labels_of(recogniser) == [["a1", "b1", "a2", "b2"], ["a3", "b3"]]


async def test_a_late_session_is_served_next_when_another_has_many_windows(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.max_batch = 1
    async with (
        scheduler.open_queue(recogniser, Priority.BULK) as many,
        scheduler.open_queue(recogniser, Priority.BULK) as late,
    ):
        async with busy(scheduler, recogniser):
            tasks = enqueue(many, "a1", "a2", "a3")
            await asyncio.sleep(0)
            tasks += enqueue(late, "b1")
        await asyncio.gather(*tasks)
    assert labels_of(recogniser) == [["a1"], ["b1"], ["a2"], ["a3"]]


async def test_live_goes_before_short_before_bulk(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        tasks: list[asyncio.Task[Answer]] = []
        async with busy(scheduler, recogniser):
            for priority in (Priority.BULK, Priority.SHORT, Priority.LIVE):
                queue = await stack.enter_async_context(scheduler.open_queue(recogniser, priority))
                tasks += enqueue(queue, priority.name)
        await asyncio.gather(*tasks)
    assert labels_of(recogniser) == [["LIVE"], ["SHORT"], ["BULK"]]


async def test_bulk_gets_a_turn_when_it_was_passed_over_for_long(
    clock: ManualClock, recogniser: FakeRecogniser
) -> None:
    recogniser.max_batch, recogniser.seconds_per_window = 1, 4.0
    async with (
        scheduling(clock, SchedulerLimits(patience_s=10.0)) as scheduler,
        scheduler.open_queue(recogniser, Priority.SHORT) as short,
        scheduler.open_queue(recogniser, Priority.BULK) as bulk,
    ):
        async with busy(scheduler, recogniser):
            tasks = enqueue(bulk, "b") + enqueue(short, "s1", "s2", "s3", "s4", "s5", "s6")
        await asyncio.gather(*tasks)
    order = [labels[0] for labels in labels_of(recogniser)]
    assert order.index("b") < order.index("s6")
    assert order[0] == "s1"


async def test_windows_on_a_gpu_ride_along_with_a_higher_class(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.device = "cuda:0"
    async with (
        scheduler.open_queue(recogniser, Priority.SHORT) as short,
        scheduler.open_queue(recogniser, Priority.BULK) as bulk,
    ):
        async with busy(scheduler, recogniser):
            tasks = enqueue(bulk, "b") + enqueue(short, "s")
        await asyncio.gather(*tasks)
    assert labels_of(recogniser) == [["s", "b"]]


async def test_a_clip_runs_beside_bulk_work_where_the_engine_takes_two_calls(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.max_calls = 2
    async with scheduler.open_queue(recogniser, Priority.SHORT) as short:
        async with busy(scheduler, recogniser):
            tasks = enqueue(short, "clip")
            await wait_for_batches(recogniser, 2)
        await asyncio.gather(*tasks)
    assert labels_of(recogniser) == [["clip"]]


async def test_bulk_work_leaves_a_call_free_while_a_clip_may_come(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.max_calls, recogniser.max_batch = 2, 1
    async with scheduler.open_queue(recogniser, Priority.BULK) as bulk:
        async with scheduler.open_queue(recogniser, Priority.SHORT), busy(scheduler, recogniser):
            waiting = enqueue(bulk, "b1")
            await asyncio.sleep(0.05)
            assert labels_of(recogniser) == []
        await asyncio.gather(*waiting)


async def test_bulk_work_takes_every_call_when_nothing_else_is_open(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.max_calls, recogniser.max_batch = 2, 1
    async with scheduler.open_queue(recogniser, Priority.BULK) as bulk:
        async with busy(scheduler, recogniser):
            tasks = enqueue(bulk, "b1", "b2")
            await wait_for_batches(recogniser, 2)
        await asyncio.gather(*tasks)
    assert labels_of(recogniser) == [["b1"], ["b2"]]


async def test_windows_with_different_batch_keys_do_not_share_a_batch(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    async with scheduler.open_queue(recogniser, Priority.BULK) as queue:
        async with busy(scheduler, recogniser):
            tasks = enqueue(queue, "cold1")
            tasks.append(asyncio.create_task(queue.recognise(window("hot", 1))))
            tasks += enqueue(queue, "cold2")
        await asyncio.gather(*tasks)
    assert labels_of(recogniser) == [["hot"], ["cold1", "cold2"]]


async def test_a_bulk_batch_is_bounded_by_its_predicted_time(
    clock: ManualClock, recogniser: FakeRecogniser
) -> None:
    recogniser.max_batch, recogniser.seconds_per_window = 16, 0.3
    limits = SchedulerLimits(alone_s=1.0, shared_s=0.25)
    async with (
        scheduling(clock, limits) as scheduler,
        scheduler.open_queue(recogniser, Priority.BULK) as queue,
    ):
        async with busy(scheduler, recogniser):
            tasks = enqueue(queue, *"abcdef")
        await asyncio.gather(*tasks)
        assert [len(labels) for labels in labels_of(recogniser)] == [3, 3]

        async with scheduler.open_queue(recogniser, Priority.LIVE):
            await asyncio.gather(*enqueue(queue, "x", "y"))
        assert labels_of(recogniser)[2:] == [["x"], ["y"]]


async def test_a_window_that_breaks_the_engine_fails_its_own_session_only(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.is_broken_by = lambda request: request.features == "bad"
    async with (
        scheduler.open_queue(recogniser, Priority.BULK) as one,
        scheduler.open_queue(recogniser, Priority.BULK) as two,
    ):
        async with busy(scheduler, recogniser):
            good, bad = enqueue(one, "good"), enqueue(two, "bad")
        await asyncio.gather(*good)
        with pytest.raises(RecognitionError):
            await bad[0]
    assert labels_of(recogniser)[0] == ["good", "bad"]
    assert sorted(map(str, labels_of(recogniser)[1:])) == ["['bad']", "['good']"]


async def test_a_window_gets_a_second_try_when_the_engine_failed_once(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.is_broken_by = lambda request: len(recogniser.batches) == 1
    async with scheduler.open_queue(recogniser, Priority.SHORT) as queue:
        await queue.recognise(window("a"))
    assert len(recogniser.batches) == 2


async def test_a_cancelled_window_is_never_run(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    async with scheduler.open_queue(recogniser, Priority.BULK) as queue:
        async with busy(scheduler, recogniser):
            cancelled, remaining = enqueue(queue, "gone", "kept")
            await asyncio.sleep(0)
            cancelled.cancel()
        await remaining
    assert labels_of(recogniser) == [["kept"]]


async def test_the_waiting_windows_of_a_closed_queue_are_discarded(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    async with busy(scheduler, recogniser):
        async with scheduler.open_queue(recogniser, Priority.BULK) as queue:
            (task,) = enqueue(queue, "left behind")
            await asyncio.sleep(0)
            assert scheduler.count_waiting(Priority.BULK) == 1
        assert scheduler.count_waiting(Priority.BULK) == 0
        with pytest.raises(asyncio.CancelledError):
            await task
    assert labels_of(recogniser) == []


async def test_closing_a_queue_waits_for_its_running_batch(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.gate.clear()
    finished = False

    async def open_and_close() -> None:
        nonlocal finished
        async with scheduler.open_queue(recogniser, Priority.BULK) as queue:
            enqueue(queue, "running")
            await asyncio.to_thread(recogniser.entered.wait, 10)
        finished = True

    closing = asyncio.create_task(open_and_close())
    await asyncio.to_thread(recogniser.entered.wait, 10)
    await asyncio.wait([closing], timeout=0.05)
    assert not finished
    recogniser.gate.set()
    await closing
    assert finished


async def test_the_decoding_after_a_detection_goes_before_waiting_bulk_work(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    async def detect_then_recognise(queue: SessionQueue) -> None:
        await queue.detect_language("short")
        await queue.recognise(window("short"))

    async with (
        scheduler.open_queue(recogniser, Priority.SHORT) as short,
        scheduler.open_queue(recogniser, Priority.BULK) as bulk,
    ):
        async with busy(scheduler, recogniser):
            tasks = enqueue(bulk, "bulk")
            following = asyncio.create_task(detect_then_recognise(short))
        await asyncio.gather(following, *tasks)
    assert labels_of(recogniser) == [["short"], ["bulk"]]


async def test_a_queue_waits_for_a_permit_when_its_share_is_used_up(
    clock: ManualClock, recogniser: FakeRecogniser
) -> None:
    recogniser.max_batch = 8
    async with (
        scheduling(clock, SchedulerLimits(capacity=8)) as scheduler,
        scheduler.open_queue(recogniser, Priority.BULK) as one,
        scheduler.open_queue(recogniser, Priority.BULK),
    ):
        for _ in range(4):
            await asyncio.wait_for(one.acquire(), 10)
        fifth = asyncio.create_task(one.acquire())
        await asyncio.wait([fifth], timeout=0.05)
        assert not fifth.done()
        await one.release()
        await asyncio.wait_for(fifth, 10)


async def test_an_answer_carries_its_cost(
    scheduler: Scheduler, recogniser: FakeRecogniser, clock: ManualClock
) -> None:
    recogniser.seconds_per_window = 0.5
    async with scheduler.open_queue(recogniser, Priority.BULK) as queue:
        async with busy(scheduler, recogniser):
            (task,) = enqueue(queue, "a")
            await asyncio.sleep(0)
            clock.now_s += 2.0
        _, cost = await task
    assert cost == TaskCost(queue_s=2.5, compute_s=0.5)


def ask_for_padding(request: WindowRequest) -> Verdict:
    return Verdict.ACCEPTED if request.is_padded else Verdict.PAD


async def test_a_window_too_short_for_the_engine_is_decoded_again_padded_before_others(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.judge = ask_for_padding
    recogniser.seconds_per_window = 0.5
    recogniser.max_batch = 1
    async with scheduler.open_queue(recogniser, Priority.SHORT) as queue:
        tasks = enqueue(queue, "a", "b")
        answers = await asyncio.gather(*tasks)
    assert [[r.features for r in batch] for batch in recogniser.batches] == [
        ["a"],
        ["a"],
        ["b"],
        ["b"],
    ]
    assert [batch[0].is_padded for batch in recogniser.batches] == [False, True, False, True]
    assert [cost.compute_s for _, cost in answers] == [1.0, 1.0]
    assert all(text.verdict is not Verdict.PAD for text, _ in answers)


class GrowingWindow:
    """Live speech: the window holds what was spoken until it is read."""

    def __init__(self) -> None:
        self.spoken = "one"
        self.reads = 0
        self.request = self.peek()

    def peek(self) -> WindowRequest:
        return WindowRequest(None, float(len(self.spoken)), OPTIONS)

    async def read(self) -> WindowRequest:
        self.reads += 1
        self.request = window(self.spoken)
        return self.request


async def test_a_live_window_too_short_for_the_engine_is_decoded_again_as_it_was_read(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.judge = ask_for_padding
    async with scheduler.open_queue(recogniser, Priority.LIVE) as queue:
        growing = GrowingWindow()
        await queue.recognise_newest(growing)
    assert [[r.features for r in batch] for batch in recogniser.batches] == [["one"], ["one"]]
    assert growing.reads == 1


async def test_a_live_window_is_read_when_its_turn_comes(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    async with scheduler.open_queue(recogniser, Priority.LIVE) as queue:
        growing = GrowingWindow()
        async with busy(scheduler, recogniser):
            task = asyncio.create_task(queue.recognise_newest(growing))
            await asyncio.sleep(0)
            growing.spoken = "one two"
        await task
    assert labels_of(recogniser) == [["one two"]]
    assert growing.reads == 1


async def test_beside_a_gpu_a_live_window_is_read_before_the_running_batch_ends(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.device = "cuda"
    async with scheduler.open_queue(recogniser, Priority.LIVE) as queue:
        await queue.recognise_newest(GrowingWindow())  # what it takes is known from now on
        recogniser.gate.clear()
        running = asyncio.create_task(queue.recognise_newest(GrowingWindow()))
        await wait_for_batches(recogniser, 2)
        growing = GrowingWindow()
        following = asyncio.create_task(queue.recognise_newest(growing))
        async with asyncio.timeout(10):
            while not growing.reads:
                await asyncio.sleep(0.005)
        assert not running.done()
        assert len(recogniser.batches) == 2
        recogniser.gate.set()
        await asyncio.gather(running, following)
    assert growing.reads == 1
    assert len(recogniser.batches) == 3


async def test_nothing_is_read_for_a_batch_that_still_runs_long(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    recogniser.device = "cuda"
    async with scheduler.open_queue(recogniser, Priority.LIVE) as queue:
        growing = GrowingWindow()
        async with busy(scheduler, recogniser):  # its cost isn't known: a whole batch's
            task = asyncio.create_task(queue.recognise_newest(growing))
            await asyncio.sleep(0.05)
            assert not growing.reads
            growing.spoken = "one two"
        await task
    assert labels_of(recogniser) == [["one two"]]


async def test_live_windows_of_two_sessions_share_a_batch(
    scheduler: Scheduler, recogniser: FakeRecogniser
) -> None:
    async with (
        scheduler.open_queue(recogniser, Priority.LIVE) as one,
        scheduler.open_queue(recogniser, Priority.LIVE) as two,
    ):
        async with busy(scheduler, recogniser):
            tasks = [
                asyncio.create_task(queue.recognise_newest(GrowingWindow())) for queue in (one, two)
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
        scheduler.open_queue(recogniser, Priority.LIVE) as one,
        scheduler.open_queue(recogniser, Priority.LIVE) as two,
    ):
        async with busy(scheduler, recogniser):
            bad = asyncio.create_task(one.recognise_newest(Broken()))
            good = asyncio.create_task(two.recognise_newest(GrowingWindow()))
        with pytest.raises(RecognitionError):
            await bad
        await good
