"""Admission of calls: a bound on open sessions, and none once the server drains.

Live streams and calls about texts are counted by themselves: however many recordings are at work, a
live stream is admitted, and so is a question.

AdmissionError
├── DrainingError    the server is going away: try another replica
└── TooManyError     too many sessions at once: try later, or another replica
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator


class AdmissionError(Exception):
    pass


class DrainingError(AdmissionError):
    pass


class TooManyError(AdmissionError):
    pass


class Admission:
    """The open sessions of one server."""

    def __init__(
        self,
        *,
        max_sessions: int,
        max_live_sessions: int | None = None,
        max_text_calls: int | None = None,
    ) -> None:
        """max_live_sessions, max_text_calls: None for as many as others."""
        self._max_sessions = max_sessions
        self._max_live = max_sessions if max_live_sessions is None else max_live_sessions
        self._max_text = max_sessions if max_text_calls is None else max_text_calls
        self._open: set[asyncio.Task[object]] = set()
        self._live: set[asyncio.Task[object]] = set()
        self._text: set[asyncio.Task[object]] = set()
        self._changed = asyncio.Condition()
        self.draining = asyncio.Event()

    @property
    def is_draining(self) -> bool:
        return self.draining.is_set()

    @contextlib.asynccontextmanager
    async def enter(self) -> AsyncIterator[None]:
        """Count the calling task as an open session. Raises DrainingError, TooManyError."""
        async with self._count(self._open, at_most=self._max_sessions):
            yield

    @contextlib.asynccontextmanager
    async def enter_live(self) -> AsyncIterator[None]:
        """Count the calling task as a live stream. Raises DrainingError, TooManyError."""
        async with self._count(self._live, at_most=self._max_live):
            yield

    @contextlib.asynccontextmanager
    async def enter_text(self) -> AsyncIterator[None]:
        """Count the calling task as a call about texts. Raises DrainingError, TooManyError."""
        async with self._count(self._text, at_most=self._max_text):
            yield

    @contextlib.asynccontextmanager
    async def _count(
        self, tasks: set[asyncio.Task[object]], *, at_most: int
    ) -> AsyncIterator[None]:
        if self.is_draining:
            raise DrainingError("The server is draining. Try another replica.")
        if len(tasks) >= at_most:
            raise TooManyError("Too many sessions are open. Try again later.")
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("A session belongs to a task.")
        tasks.add(task)
        try:
            yield
        finally:
            tasks.discard(task)
            async with self._changed:
                self._changed.notify_all()

    @property
    def open_sessions(self) -> int:
        return len(self._open) + len(self._live) + len(self._text)

    async def drain(self, *, grace_s: float) -> bool:
        """Refuse new sessions and wait for the open ones; False if some outlast `grace_s`."""
        self.draining.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s), self._changed:
                await self._changed.wait_for(lambda: not self.open_sessions)
        return not self.open_sessions
