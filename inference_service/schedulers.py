"""The schedulers of one server: one for each thing that recognises.

Models on one device share it, and so share a queue. An engine with processes of its own
(PocketSphinx) competes for cores only: its windows, which take many seconds, must not stand in
front of another engine's.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from inference_service.engines.asr import Recogniser
from inference_service.lanes import Lane
from inference_service.priority import Priority
from inference_service.scheduler import Scheduler


class Schedulers:
    """Made and started as engines are first used; closed together. For one event loop."""

    def __init__(self, make: Callable[[], Scheduler]) -> None:
        self._make = make
        self._schedulers: dict[tuple[str, str], Scheduler] = {}

    @contextlib.asynccontextmanager
    async def open_lane(self, recogniser: Recogniser, priority: Priority) -> AsyncIterator[Lane]:
        """Open a session's place in the queue of the recogniser's engine; see `Scheduler`."""
        async with self._scheduler_of(recogniser).open_lane(recogniser, priority) as lane:
            yield lane

    def count_waiting(self, priority: Priority) -> int:
        return sum(each.count_waiting(priority) for each in self._schedulers.values())

    def count_sessions(self, priority: Priority) -> int:
        return sum(each.count_sessions(priority) for each in self._schedulers.values())

    async def close(self) -> None:
        """Stop choosing batches and wait for those that run."""
        await asyncio.gather(*(each.close() for each in self._schedulers.values()))

    def _scheduler_of(self, recogniser: Recogniser) -> Scheduler:
        key = (recogniser.engine, recogniser.device)
        if key not in self._schedulers:
            self._schedulers[key] = self._make()
            self._schedulers[key].start()
        return self._schedulers[key]
