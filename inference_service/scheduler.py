"""Windows in, batches out: the one queue in front of the accelerator.

There is one scheduler for each accelerator; every session of every model on it is in the same
queue (`schedulers` keeps engines with processes of their own apart). One batch runs at a time; on a
CPU as many as the engine's `max_calls`. A session opens a `SessionQueue`, takes a permit for each
window before it prepares it, and awaits the answer. The rules, in the order in which they decide:

1.  **Classes.** Live before short before bulk. Only a class that has waited `patience_s` without
    being served goes first, for one batch: none starves.
2.  **Round robin.** Inside a class the queues are served in rotation, a window each: a recording of
    ten hours gets as much as a recording of ten minutes. Inside a queue the order is that of
    arrival, fallback decodings first, since the session's answers wait for them.
3.  **Batches.** The window that is next decides on the batch: those that may share it (the
    engine's `batch_key`) join from all queues of the class, in rotation, up to the engine's
    `max_batch`. An idle accelerator starts at once with what is there; batches fill by themselves
    while it is busy. Lower classes join only where that costs little: not on a CPU.
4.  **Time.** A running batch can't be interrupted, so it is bounded beforehand by its predicted
    time: to `alone_s`, and to `shared_s` while a session of a higher class is open or was a moment
    ago (`recent_s`); live batches to `live_s`, since each answer waits for the whole batch. One
    window always goes, however long it takes.
5.  **Calls.** Where an engine takes several calls at once, one is reserved from bulk work by
    the same condition: a clip begins at once, beside the bulk batch. (Measured with a tiny Whisper
    on two cores: a clip beside bulk work took 1.3 × its idle time, behind it 2.1 ×.)
6.  **Follow-ups.** Before a batch is chosen, the sessions that the last one answered run first:
    the decoding that follows a language detection never waits for a stranger's batch.
7.  **Bounds.** `capacity` windows are in flight (prepared, waiting or running), split evenly
    between the open queues; a session whose share is used up waits for a permit, stops reading, and
    gRPC's flow control stops the sender. No queue gets fewer than three.
8.  **Failures.** Each window of a batch that raises is tried again,
    alone: what is wrong with one window fails its own session only.
9.  **Growing.** A window of live speech is read when it is scheduled, not when it is
    enqueued: what waits never becomes stale (`SessionQueue.recognise_newest`). On a GPU
    that is `read_ahead_s` before the running batch is expected to end, so that features are never
    what the GPU waits for; a language detection's follow-up isn't overtaken.
10. **Closing.** A closed queue's waiting windows are discarded; closing waits for those that run.
"""

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, cast

from inference_service import tracing
from inference_service.batches import Batch, TaskCost, WindowTask
from inference_service.engines.asr import Recogniser
from inference_service.metrics import Metrics
from inference_service.priority import Priority
from inference_service.session_queue import RecognitionError, SessionQueue
from inference_service.update_interval import CostForecast, UpdateInterval

# Cycles of the event loop after a batch: an answer reaches its session in the first; the others
# are for those that pass it through a task of their own.
_FOLLOW_UP_CYCLES = 3
_MAX_CALLS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerLimits:
    """The numbers in the rules above."""

    capacity: int = 128  # windows; a prepared one holds 1 to 1.5 MB of features
    alone_s: float = 4.0
    shared_s: float = 0.25
    live_s: float = 0.2
    recent_s: float = 5.0
    read_ahead_s: float = 0.05
    patience_s: float = 10.0


class Scheduler:
    """The queue of one accelerator. All methods belong to one event loop."""

    def __init__(
        self,
        *,
        metrics: Metrics,
        limits: SchedulerLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or SchedulerLimits()
        self.clock = clock
        self.changed = asyncio.Condition()  # a permit was released, or a batch has ended
        self.metrics = metrics
        self._queues: dict[Priority, deque[SessionQueue]] = {
            priority: deque() for priority in Priority
        }
        # Since when a class has been waiting to be served, or was last open, by the clock.
        self._unserved_since: dict[Priority, float] = {}
        self._last_open: dict[Priority, float] = {}
        self._costs = CostForecast()
        self._update_interval = UpdateInterval(clock)
        self._has_work = asyncio.Event()
        self._running: dict[asyncio.Task[None], WindowTask] = {}  # batches, each by its first task
        # Of those on the accelerator: when each is expected to end, by the clock.
        self._ends_at: dict[asyncio.Task[None], float] = {}
        self._accelerator = ThreadPoolExecutor(
            max_workers=_MAX_CALLS, thread_name_prefix="accelerator"
        )
        self._loop_task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._loop_task = asyncio.create_task(self._run(), name="scheduler")

    async def close(self) -> None:
        """Stop choosing batches and wait for those that run."""
        if self._loop_task:
            self._loop_task.cancel()
            await asyncio.wait([self._loop_task, *self._running])
        await asyncio.to_thread(self._accelerator.shutdown)

    @contextlib.asynccontextmanager
    async def open_queue(
        self, recogniser: Recogniser, priority: Priority
    ) -> AsyncIterator[SessionQueue]:
        """Open a session's queue. At its end the recogniser is no longer in use by this session."""
        queue = SessionQueue(self, recogniser, priority)
        self._queues[priority].append(queue)
        try:
            yield queue
        finally:
            self._queues[priority].remove(queue)
            self._last_open[priority] = self.clock()
            await queue.close()

    @property
    def even_share(self) -> int:
        """The windows in flight that each open queue may have, were all alike."""
        return self.limits.capacity // max(1, sum(map(len, self._queues.values())))

    def find_update_interval_s(self, recogniser: Recogniser) -> float:
        calls = min(_MAX_CALLS, recogniser.max_calls)
        return self._update_interval.find_interval_s(calls_at_once=calls)

    def count_waiting(self, priority: Priority) -> int:
        return sum(len(queue.waiting) for queue in self._queues[priority])

    def count_sessions(self, priority: Priority) -> int:
        return len(self._queues[priority])

    def count_requests(self) -> Counter[tuple[Priority, str, bool]]:
        """Count sessions with work by priority, model, and whether some of it runs."""
        return Counter(
            (queue.priority, queue.recogniser.model_id, queue.running > 0)
            for queues in self._queues.values()
            for queue in queues
            if queue.running or queue.waiting
        )

    def enqueue(self, task: WindowTask, *, at_front: bool = False) -> None:
        """Line a task up; queues do this."""
        priority = task.queue.priority
        self._unserved_since.setdefault(priority, self.clock())
        if at_front:
            task.queue.waiting.appendleft(task)
        else:
            task.queue.waiting.append(task)
        self._has_work.set()

    async def _run(self) -> None:
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            while batch := self._choose():
                self._begin(batch)

    def _choose(self) -> Batch | None:
        waiting = [priority for priority in Priority if self.count_waiting(priority)]
        for priority in set(self._unserved_since) - set(waiting):
            del self._unserved_since[priority]
        urgent = self._by_urgency(waiting)
        for priority in urgent:
            queue = self._first_waiting(priority)
            if self._has_free_call(queue):
                return self._collect_batch(queue)
        if urgent and (ending := self._find_ending(queue := self._first_waiting(urgent[0]))):
            return self._collect_batch(queue, behind=ending)
        return None

    def _first_waiting(self, priority: Priority) -> SessionQueue:
        return next(queue for queue in self._queues[priority] if queue.waiting)

    def _find_ending(self, queue: SessionQueue) -> asyncio.Task[None] | None:
        """Return the batch that ends so soon that live speech is read for the next. Rule 9."""
        is_live = queue.priority is Priority.LIVE and queue.waiting[0].window is not None
        if not is_live or queue.recogniser.device == "cpu" or not self._ends_at:
            return None
        if len(self._ends_at) < len(self._running):
            return None  # the next batch is being read already
        ending = min(self._ends_at, key=self._ends_at.__getitem__)
        is_soon = self._ends_at[ending] - self.clock() <= self.limits.read_ahead_s
        return ending if is_soon and not self._running[ending].has_follow_up else None

    def _collect_batch(
        self, queue: SessionQueue, *, behind: asyncio.Task[None] | None = None
    ) -> Batch:
        """Make a batch around the queue's first window."""
        priority = queue.priority
        queue.renew(queue.waiting[0])
        first = self._dequeue(queue, queue.waiting[0])
        batch = Batch([first], self._predict_s(first), self._bound_s(priority), behind)
        if not first.must_be_alone:
            self._fill(batch, self._classes_for(priority, queue.recogniser))
        self._unserved_since[priority] = self.clock()
        return batch

    def _by_urgency(self, waiting: Sequence[Priority]) -> list[Priority]:
        """Rule 1."""
        latest = self.clock() - self.limits.patience_s
        starved = [name for name in waiting if self._unserved_since[name] < latest]
        return [*starved[-1:], *waiting]

    def _has_free_call(self, queue: SessionQueue) -> bool:
        """Rule 5."""
        engines = [queue.recogniser, *(task.queue.recogniser for task in self._running.values())]
        calls = min(_MAX_CALLS, *(engine.max_calls for engine in engines))
        peers = [task for task in self._running.values() if task.queue.priority >= queue.priority]
        if self._is_shared(queue.priority) and len(peers) >= max(1, calls - 1):
            return False
        return len(self._running) < calls

    def _classes_for(self, priority: Priority, recogniser: Recogniser) -> Iterable[Priority]:
        if recogniser.device == "cpu":
            return [priority]
        return [name for name in Priority if name >= priority]

    def _fill(self, batch: "Batch", classes: Iterable[Priority]) -> None:
        """Rules 2 and 3: one window of each queue, repeatedly, while there is room."""
        for priority in classes:
            batch.bound_s = min(batch.bound_s, self._bound_s(priority))
            while batch.has_room and self._join_round(batch, priority):
                pass

    def _join_round(self, batch: "Batch", priority: Priority) -> int:
        joined = 0
        for queue in list(self._queues[priority]):
            task = next((task for task in queue.waiting if batch.accepts(task)), None)
            if task is None:
                continue
            predicted_s = self._predict_s(task)
            if not batch.has_room or batch.predicted_s + predicted_s > batch.bound_s:
                return joined
            batch.add(self._dequeue(queue, task), predicted_s)
            joined += 1
        return joined

    def _dequeue(self, queue: SessionQueue, task: WindowTask) -> WindowTask:
        """Take a task out of its queue, which now stands last in its class."""
        queue.waiting.remove(task)
        ring = self._queues[queue.priority]
        ring.remove(queue)
        ring.append(queue)
        return task

    def _predict_s(self, task: WindowTask) -> float:
        """Before the first of its kind ran, a window counts for a whole batch."""
        predicted_s = self._costs.predict_s(task.kind, audio_s=task.audio_s)
        return self.limits.alone_s if predicted_s is None else predicted_s

    def _bound_s(self, priority: Priority) -> float:
        """Rule 4."""
        if priority is Priority.LIVE:
            return self.limits.live_s
        return self.limits.shared_s if self._is_shared(priority) else self.limits.alone_s

    def _is_shared(self, priority: Priority) -> bool:
        """Return whether a session of a higher class is open, or was a moment ago."""
        recently = self.clock() - self.limits.recent_s
        return any(
            self._queues[higher] or self._last_open.get(higher, float("-inf")) > recently
            for higher in Priority
            if higher < priority
        )

    def _begin(self, batch: Batch) -> None:
        for task in batch.tasks:
            task.queue.running += 1
        running = asyncio.create_task(self._execute(batch), name="batch")
        self._running[running] = batch.tasks[0]
        running.add_done_callback(self._end)

    def _end(self, running: asyncio.Task[None]) -> None:
        del self._running[running]
        self._has_work.set()

    async def _execute(self, batch: Batch) -> None:
        tasks, span = batch.tasks, None
        try:
            payloads = await asyncio.gather(*(task.read_payload() for task in tasks))
            if batch.behind:
                await asyncio.wait([batch.behind])
            started = self.clock()
            span = tracing.begin_batch(
                [task.span for task in tasks], model=tasks[0].queue.recogniser.model_id
            )
            with self._expected_to_end(started + batch.predicted_s):
                answers = await asyncio.get_running_loop().run_in_executor(
                    self._accelerator, tasks[0].call, payloads
                )
            tracing.end(span)
            self._answer(tasks, answers, started)
        except Exception as error:  # noqa: BLE001  # any engine error is raised in its sessions
            tracing.end(span, is_error=True)
            self._retry_alone(tasks, error)
        for task in tasks:
            task.queue.running -= 1
        async with self.changed:
            self.changed.notify_all()
        # Its call counts as running until these: rule 6.
        for _ in range(_FOLLOW_UP_CYCLES):
            await asyncio.sleep(0)

    @contextlib.contextmanager
    def _expected_to_end(self, at: float) -> Iterator[None]:
        """Note when the running batch is expected to end, and look for its follower before."""
        running = cast("asyncio.Task[None]", asyncio.current_task())
        self._ends_at[running] = at
        loop = asyncio.get_running_loop()
        delay_s = at - self.limits.read_ahead_s - self.clock()
        timer = loop.call_later(max(0.0, delay_s), self._has_work.set)
        try:
            yield
        finally:
            timer.cancel()
            del self._ends_at[running]

    def _answer(self, batch: list[WindowTask], answers: Sequence[Any], started: float) -> None:
        elapsed_s = self.clock() - started
        audio_s = [task.audio_s for task in batch]
        self._costs.learn(batch[0].kind, audio_s=audio_s, elapsed_s=elapsed_s)
        recogniser = batch[0].queue.recogniser
        self.metrics.record_batch(
            windows=len(batch),
            max_batch=recogniser.max_batch,
            audio_s=sum(audio_s),
            elapsed_s=elapsed_s,
        )
        if batch[0].queue.priority is Priority.LIVE:
            self._update_interval.record_batch(elapsed_s)
        for task, answer in zip(batch, answers, strict=True):
            self.metrics.record_wait(
                recogniser.model_id, task.queue.priority, seconds=started - task.queued_at
            )
            if not task.answer.done():
                cost = TaskCost(started - task.queued_at, elapsed_s / len(batch))
                task.answer.set_result((answer, cost))

    def _retry_alone(self, batch: list[WindowTask], error: Exception) -> None:
        """Rule 8."""
        self.metrics.record_failed_batch()
        for task in batch:
            if task.answer.done():
                continue
            if task.must_be_alone:
                failure = RecognitionError("The recogniser failed on a part of this recording.")
                failure.__cause__ = error
                task.answer.set_exception(failure)
            else:
                task.must_be_alone = True
                self.enqueue(task, at_front=True)
