"""The events of a live session, in order: events, and events whose text or word times follow."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine

from inference_service.sessions.events import LiveEvent
from inference_service.sessions.tasks import cancel_all

_MAX_UNDELIVERED = 32  # undelivered entries

Events = tuple[LiveEvent, ...]


class EventQueue:
    def __init__(self) -> None:
        self._room = asyncio.Semaphore(_MAX_UNDELIVERED)
        self._entries: asyncio.Queue[Events | asyncio.Task[Events] | None] = asyncio.Queue()
        self._timings: set[asyncio.Task[Events]] = set()

    async def put(self, entry: Events | asyncio.Task[Events]) -> None:
        """Wait while too many entries are undelivered."""
        await self._room.acquire()
        self._entries.put_nowait(entry)

    async def put_timed(self, timing: Coroutine[None, None, Events]) -> None:
        """Put events whose words are timed beside what comes next."""
        task = asyncio.create_task(timing)
        self._timings.add(task)
        task.add_done_callback(self._timings.discard)
        await self.put(task)

    def close(self) -> None:
        """Nothing follows."""
        self._entries.put_nowait(None)

    async def read(self) -> AsyncGenerator[LiveEvent, None]:
        """Yield until it is closed. Raises what a task raised."""
        while (entry := await self._entries.get()) is not None:
            self._room.release()
            for event in await entry if isinstance(entry, asyncio.Task) else entry:
                yield event

    async def cancel(self) -> None:
        await cancel_all(*self._timings)
