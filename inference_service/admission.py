"""Who may come in: a bound on open sessions, and the door that closes when the server drains.

RefusedError
├── DrainingError    the server is going away: try another replica
└── TooManyError     too many sessions at once: try later, or another replica
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator


class RefusedError(Exception):
    pass


class DrainingError(RefusedError):
    pass


class TooManyError(RefusedError):
    pass


class Admission:
    """The open sessions of one server."""

    def __init__(self, *, max_sessions: int) -> None:
        self._max_sessions = max_sessions
        self._open: set[asyncio.Task[object]] = set()
        self._changed = asyncio.Condition()
        self.is_draining = False

    @contextlib.asynccontextmanager
    async def enter(self) -> AsyncIterator[None]:
        """Count the calling task as an open session. Raises DrainingError, TooManyError."""
        if self.is_draining:
            raise DrainingError("The server is draining. Try another replica.")
        if len(self._open) >= self._max_sessions:
            raise TooManyError("Too many sessions are open. Try again later.")
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("A session belongs to a task.")
        self._open.add(task)
        try:
            yield
        finally:
            self._open.discard(task)
            async with self._changed:
                self._changed.notify_all()

    @property
    def open_sessions(self) -> int:
        return len(self._open)

    async def drain(self, *, grace_s: float) -> bool:
        """Refuse new sessions and wait for the open ones; False if some outlast `grace_s`."""
        self.is_draining = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s), self._changed:
                await self._changed.wait_for(lambda: not self._open)
        return not self._open
