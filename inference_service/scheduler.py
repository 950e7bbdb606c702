"""Windows in, batches out: the one queue in front of the accelerator.

There is one scheduler for each accelerator; every session of every model on it stands in the same
queue (`schedulers` keeps engines with processes of their own apart). One batch runs at a time; on a
CPU as many as the engine's `max_calls`. A session opens a `Lane`, takes a slot for each window
before it prepares it, and awaits the answer. The rules, in the order in which they decide:

1.  **Classes.** Live before short before bulk. Only a class that has waited `patience_s` without
    being served goes first, for one batch: nobody starves.
2.  **Turns.** Inside a class the lanes take turns, a window each: a recording of ten hours gets
    as much as a recording of ten minutes. Inside a lane the order is that of arrival, fallback
    decodings first, since the session's answers wait for them.
3.  **Batches.** The window whose turn it is decides on the batch: those that may share it (the
    engine's `batch_key`) join from all lanes of the class, in turns, up to the engine's
    `max_batch`. An idle accelerator starts at once with what is there; batches fill by themselves
    while it is busy. Lower classes ride along only where that is nearly free: not on a CPU.
4.  **Time.** A running batch can't be interrupted, so it is bounded beforehand by its predicted
    time: to `alone_s`, and to `shared_s` while a session of a higher class is open or was a moment
    ago (`recent_s`); live batches to `live_s`, since each answer waits for the whole batch. One
    window always goes, whatever it takes.
5.  **Places.** Where an engine takes several calls at once, one place is kept free of bulk work by
    the same condition: a clip begins at once, beside the bulk batch. (Measured with a tiny Whisper
    on two cores: a clip beside bulk work took 1.3 × its idle time, behind it 2.1 ×.)
6.  **Follow-ups.** Before a batch is chosen, the sessions that the last one answered run first:
    the decoding that follows a language detection never waits for a stranger's batch.
7.  **Bounds.** `capacity` windows are in the house (prepared, waiting or running), split evenly
    between the open lanes; a session whose share is used up waits for a slot, stops reading, and
    gRPC's flow control stops the sender. No lane gets fewer than three, whatever the capacity.
8.  **Failures.** A batch that raises is taken apart and each of its windows tried once more,
    alone: what is wrong with one window fails its own session only.
9.  **Growing.** A window of somebody who is speaking is read when its turn comes, not when it is
    lined up: what waits never becomes stale (`Lane.recognise_newest`).
10. **Leaving.** A closed lane's waiting windows are dropped; closing waits for those that run.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from inference_service.batches import Batch, Job, Timing
from inference_service.engines.asr import Recogniser
from inference_service.metrics import Metrics
from inference_service.priority import Priority
from inference_service.session_queue import Lane, RecognitionError
from inference_service.update_interval import CostForecast, LiveLoad

# Turns of the event loop after a batch: an answer reaches its session in the first; the others
# are for those that pass it through a task of their own.
_FOLLOW_UP_TURNS = 3
_MAX_PLACES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The numbers in the rules above."""

    capacity: int = 128  # windows; a prepared one holds 1 to 1.5 MB of features
    alone_s: float = 1.0  # no longer than the interval of live updates
    shared_s: float = 0.25
    live_s: float = 0.2
    recent_s: float = 5.0
    patience_s: float = 10.0


class Scheduler:
    """The queue of one accelerator. All methods belong to one event loop."""

    def __init__(
        self,
        *,
        metrics: Metrics,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or Limits()
        self.clock = clock
        self.changed = asyncio.Condition()  # a slot was freed, or a batch has ended
        self.metrics = metrics
        self._lanes: dict[Priority, deque[Lane]] = {priority: deque() for priority in Priority}
        # Since when a class has been waiting to be served, or was last open, by the clock.
        self._unserved_since: dict[Priority, float] = {}
        self._last_open: dict[Priority, float] = {}
        self._costs = CostForecast()
        self._live_load = LiveLoad(clock)
        self._has_work = asyncio.Event()
        self._running: dict[asyncio.Task[None], Job] = {}  # batches, each by its first job
        self._accelerator = ThreadPoolExecutor(
            max_workers=_MAX_PLACES, thread_name_prefix="accelerator"
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
    async def open_lane(self, recogniser: Recogniser, priority: Priority) -> AsyncIterator[Lane]:
        """Open a session's place. At its end the recogniser is no longer in use by this session."""
        lane = Lane(self, recogniser, priority)
        self._lanes[priority].append(lane)
        try:
            yield lane
        finally:
            self._lanes[priority].remove(lane)
            self._last_open[priority] = self.clock()
            await lane.leave()

    @property
    def even_share(self) -> int:
        """The windows in flight that each open lane may have, were all alike."""
        return self.limits.capacity // max(1, sum(map(len, self._lanes.values())))

    def find_live_interval_s(self, recogniser: Recogniser) -> float:
        places = min(_MAX_PLACES, recogniser.max_calls)
        return self._live_load.find_interval_s(calls_at_once=places)

    def count_waiting(self, priority: Priority) -> int:
        return sum(len(lane.waiting) for lane in self._lanes[priority])

    def count_sessions(self, priority: Priority) -> int:
        return len(self._lanes[priority])

    def enqueue(self, job: Job, *, goes_first: bool = False) -> None:
        """Line a job up; lanes do this."""
        priority = job.lane.priority
        self._unserved_since.setdefault(priority, self.clock())
        if goes_first:
            job.lane.waiting.appendleft(job)
        else:
            job.lane.waiting.append(job)
        self._has_work.set()

    async def _run(self) -> None:
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            while batch := self._choose():
                self._begin(batch)

    def _choose(self) -> list[Job]:
        waiting = [priority for priority in Priority if self.count_waiting(priority)]
        for priority in set(self._unserved_since) - set(waiting):
            del self._unserved_since[priority]
        for priority in self._by_urgency(waiting):
            lane = next(lane for lane in self._lanes[priority] if lane.waiting)
            if self._has_place(lane):
                return self._gather(lane)
        return []

    def _gather(self, lane: Lane) -> list[Job]:
        """Make a batch around the lane's first window."""
        priority = lane.priority
        lane.renew(lane.waiting[0])
        first = self._take(lane, lane.waiting[0])
        batch = Batch([first], self._predict_s(first), self._bound_s(priority))
        if not first.must_be_alone:
            self._fill(batch, self._classes_for(priority, lane.recogniser))
        self._unserved_since[priority] = self.clock()
        return batch.jobs

    def _by_urgency(self, waiting: Sequence[Priority]) -> list[Priority]:
        """Rule 1."""
        latest = self.clock() - self.limits.patience_s
        starved = [name for name in waiting if self._unserved_since[name] < latest]
        return [*starved[-1:], *waiting]

    def _has_place(self, lane: Lane) -> bool:
        """Rule 5."""
        engines = [lane.recogniser, *(job.lane.recogniser for job in self._running.values())]
        places = min(_MAX_PLACES, *(engine.max_calls for engine in engines))
        peers = [job for job in self._running.values() if job.lane.priority >= lane.priority]
        if self._is_shared(lane.priority) and len(peers) >= max(1, places - 1):
            return False
        return len(self._running) < places

    def _classes_for(self, priority: Priority, recogniser: Recogniser) -> Iterable[Priority]:
        if recogniser.device == "cpu":
            return [priority]
        return [name for name in Priority if name >= priority]

    def _fill(self, batch: "Batch", classes: Iterable[Priority]) -> None:
        """Rules 2 and 3: one window of each lane, again and again, while there is room."""
        for priority in classes:
            batch.bound_s = min(batch.bound_s, self._bound_s(priority))
            while batch.has_room and self._join_round(batch, priority):
                pass

    def _join_round(self, batch: "Batch", priority: Priority) -> int:
        joined = 0
        for lane in list(self._lanes[priority]):
            job = next((job for job in lane.waiting if batch.accepts(job)), None)
            if job is None:
                continue
            predicted_s = self._predict_s(job)
            if not batch.has_room or batch.predicted_s + predicted_s > batch.bound_s:
                return joined
            batch.add(self._take(lane, job), predicted_s)
            joined += 1
        return joined

    def _take(self, lane: Lane, job: Job) -> Job:
        """Take a job out of its lane, which now stands last in its class."""
        lane.waiting.remove(job)
        ring = self._lanes[lane.priority]
        ring.remove(lane)
        ring.append(lane)
        return job

    def _predict_s(self, job: Job) -> float:
        """Before the first of its kind ran, a window counts for a whole batch."""
        predicted_s = self._costs.predict_s(job.kind, audio_s=job.audio_s)
        return self.limits.alone_s if predicted_s is None else predicted_s

    def _bound_s(self, priority: Priority) -> float:
        """Rule 4."""
        if priority is Priority.LIVE:
            return self.limits.live_s
        return self.limits.shared_s if self._is_shared(priority) else self.limits.alone_s

    def _is_shared(self, priority: Priority) -> bool:
        """Say whether a session of a higher class is open, or was a moment ago."""
        recently = self.clock() - self.limits.recent_s
        return any(
            self._lanes[higher] or self._last_open.get(higher, float("-inf")) > recently
            for higher in Priority
            if higher < priority
        )

    def _begin(self, batch: list[Job]) -> None:
        for job in batch:
            job.lane.running += 1
        task = asyncio.create_task(self._execute(batch), name="batch")
        self._running[task] = batch[0]
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._has_work.set()

    async def _execute(self, batch: list[Job]) -> None:
        loop = asyncio.get_running_loop()
        try:
            payloads = await asyncio.gather(*(job.read_payload() for job in batch))
            started = self.clock()
            answers = await loop.run_in_executor(self._accelerator, batch[0].call, payloads)
            self._answer(batch, answers, started)
        except Exception as error:  # noqa: BLE001  # whatever an engine raises is told to its sessions
            self._take_apart(batch, error)
        for job in batch:
            job.lane.running -= 1
        async with self.changed:
            self.changed.notify_all()
        # Its place is free only after these: rule 6.
        for _ in range(_FOLLOW_UP_TURNS):
            await asyncio.sleep(0)

    def _answer(self, batch: list[Job], answers: Sequence[Any], started: float) -> None:
        took_s = self.clock() - started
        audio_s = [job.audio_s for job in batch]
        self._costs.learn(batch[0].kind, audio_s=audio_s, took_s=took_s)
        recogniser = batch[0].lane.recogniser
        self.metrics.note_batch(
            windows=len(batch),
            max_batch=recogniser.max_batch,
            audio_s=sum(audio_s),
            took_s=took_s,
        )
        if batch[0].lane.priority is Priority.LIVE:
            self._live_load.note_batch(took_s)
        for job, answer in zip(batch, answers, strict=True):
            if not job.answer.done():
                timing = Timing(started - job.queued_at, took_s / len(batch))
                job.answer.set_result((answer, timing))

    def _take_apart(self, batch: list[Job], error: Exception) -> None:
        """Rule 8."""
        self.metrics.note_failed_batch()
        for job in batch:
            if job.answer.done():
                continue
            if job.must_be_alone:
                failure = RecognitionError("The recogniser failed on a part of this recording.")
                failure.__cause__ = error
                job.answer.set_exception(failure)
            else:
                job.must_be_alone = True
                self.enqueue(job, goes_first=True)
