"""A session's events on their way to the client: bounded, and never blocking for ever."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable

from transcripts.live.events import Final, LiveEvent, Partial, Silence

MAX_EVENTS = 64


class SendQueue:
    """One sender, one listener, one event loop.

    A partial replaces one that was not read yet, and so does silence. With `MAX_EVENTS` unread,
    sending waits: that slows recognition, and with it the sender of the audio. Once it is closed,
    what is sent is dropped.

    `undelivered` comes first. `delivered_ms`: the end of the last `Final` that was read, and
    delivered: its reader came back for more.
    """

    def __init__(self, *, delivered_ms: int = 0, undelivered: Iterable[Final] = ()) -> None:
        self.delivered_ms = delivered_ms
        self._events: deque[LiveEvent] = deque(undelivered)
        self._changed = asyncio.Event()
        self._is_closed = False
        self._is_deaf = False

    async def put(self, event: LiveEvent) -> None:
        await self.wait_for_space()
        self.put_nowait(event)

    async def wait_for_space(self) -> None:
        """Wait until there is room for an event."""
        while len(self._events) >= MAX_EVENTS and not self._is_deaf:
            self._changed.clear()
            await self._changed.wait()

    def put_nowait(self, event: LiveEvent) -> None:
        """Without waiting: for the last event, and those that are rare."""
        if self._is_deaf or self._is_closed:
            return
        for kind in (Partial, Silence):
            if isinstance(event, kind) and self._events and isinstance(self._events[-1], kind):
                self._events.pop()
        self._events.append(event)
        self._changed.set()

    def close(self) -> None:
        """Nothing follows; what is unread can still be read."""
        self._is_closed = True
        self._changed.set()

    def detach(self) -> None:
        """The reader has left."""
        self._is_deaf = True
        self._events.clear()
        self._changed.set()

    async def read(self) -> AsyncIterator[LiveEvent]:
        """Yield until it is closed (or detached)."""
        while True:
            while self._events:
                event = self._events.popleft()
                yield event
                if isinstance(event, Final):
                    self.delivered_ms = event.end_ms
                self._changed.set()
            if self._is_closed or self._is_deaf:
                return
            self._changed.clear()
            await self._changed.wait()
