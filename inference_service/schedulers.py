"""The schedulers of one server: one for each device.

Models on one device share it, and so share a queue.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable

from inference_service.engines.asr import Recogniser
from inference_service.priority import Priority
from inference_service.scheduler import Scheduler
from inference_service.session_queue import SessionQueue


class Schedulers:
    """Made and started as devices are first used; closed together. For one event loop."""

    def __init__(self, make: Callable[[], Scheduler]) -> None:
        self._make = make
        self._schedulers: dict[str, Scheduler] = {}

    @contextlib.asynccontextmanager
    async def open_queue(
        self, recogniser: Recogniser, priority: Priority
    ) -> AsyncIterator[SessionQueue]:
        """Open a session's queue at the scheduler of the recogniser's device; see `Scheduler`."""
        async with self._scheduler_of(recogniser).open_queue(recogniser, priority) as queue:
            yield queue

    def count_waiting(self, priority: Priority) -> int:
        return sum(each.count_waiting(priority) for each in self._schedulers.values())

    def count_sessions(self, priority: Priority) -> int:
        return sum(each.count_sessions(priority) for each in self._schedulers.values())

    def count_requests(self) -> Counter[tuple[Priority, str, bool]]:
        counts: Counter[tuple[Priority, str, bool]] = Counter()
        for each in self._schedulers.values():
            counts.update(each.count_requests())
        return counts

    async def close(self) -> None:
        """Stop choosing batches and wait for those that run."""
        await asyncio.gather(*(each.close() for each in self._schedulers.values()))

    def _scheduler_of(self, recogniser: Recogniser) -> Scheduler:
        device = recogniser.device
        if device not in self._schedulers:
            self._schedulers[device] = self._make()
            self._schedulers[device].start()
        return self._schedulers[device]
