"""The CPU stages: voice activity, features, speaker embeddings, in threads beside the accelerator.

The same order of precedence as on the accelerator: the highest class first, first come first
served inside a class. A running stage can't be interrupted, so one thread never takes bulk
work: however long recordings are, a clip's next stage starts at once.

Sessions bound what they have queued here (one block of voice activity, and one stage for each
window they hold a permit for); the queue itself needs no bound of its own.
"""

import asyncio
import heapq
import itertools
import os
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from inference_service.priority import Priority

P = ParamSpec("P")
T = TypeVar("T")

Stage = Callable[[], None]


class CpuStages:
    """A few threads that take the most urgent work first."""

    def __init__(self, *, threads: int, niceness: int = 0) -> None:
        """threads: at least 2, of which one never takes bulk work. niceness: of the threads, where
        the system has one for each (Linux): 10 takes what others leave.
        """
        self._niceness = niceness
        self._queue: list[tuple[Priority, int, Stage]] = []
        self._arrivals = itertools.count()
        self._changed = threading.Condition()
        self._is_closed = False
        self._threads = [
            threading.Thread(
                target=self._work,
                args=(Priority.SHORT if index == 0 else Priority.BULK,),
                name=f"cpu-stage-{index}",
                daemon=True,
            )
            for index in range(max(2, threads))
        ]
        for thread in self._threads:
            thread.start()

    async def run(
        self, priority: Priority, stage: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `stage` in one of the threads. Dropped if the caller is cancelled before it began."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def job() -> None:
            if future.cancelled():
                return
            try:
                result = stage(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001  # raised in the caller
                loop.call_soon_threadsafe(_fail, future, error)
            else:
                loop.call_soon_threadsafe(_answer, future, result)

        with self._changed:
            heapq.heappush(self._queue, (priority, next(self._arrivals), job))
            # All, since the one thread that a single notice wakes may not be free to take bulk.
            self._changed.notify_all()
        return await future

    def close(self) -> None:
        """Let the running stages end and drop the rest. Called when no session is open."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _work(self, lowest: Priority) -> None:
        if self._niceness:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._niceness)
        while job := self._take(lowest):
            job()

    def _take(self, lowest: Priority) -> Stage | None:
        with self._changed:
            while not self._is_closed:
                if self._queue and self._queue[0][0] <= lowest:
                    return heapq.heappop(self._queue)[2]
                self._changed.wait()
        return None


def _answer(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[T], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
