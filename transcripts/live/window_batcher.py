"""Storing the results of sessions: what was finalized since, of all of them, at once.

One transaction after the other, each with all that waits: a few statements for many sessions, and
no session waits for the others one by one.
"""

import asyncio
from weakref import WeakKeyDictionary

from stt_web.core.background import spawn
from transcripts.inference.results import WindowResult
from transcripts.jobs.lease import LeaseLostError
from transcripts.jobs.results import JobRun, store_windows
from transcripts.live.executors import with_many_rows

MAX_AT_ONCE = 100

_Waiting = tuple[JobRun, WindowResult, asyncio.Future[None]]


class WindowBatcher:
    """Of one event loop. A session stores one window after the other."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._storing: asyncio.Task[None] | None = None

    async def store(self, job: JobRun, window: WindowResult) -> None:
        """Return once it is stored. Raises `LeaseLostError`, and what the database does."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((job, window, done))
        if self._storing is None:
            self._storing = spawn(self._store_all(), name="live-store")
        await done

    async def _store_all(self) -> None:
        try:
            while batch := self._waiting[:MAX_AT_ONCE]:
                del self._waiting[:MAX_AT_ONCE]
                await _store(batch)
        finally:
            self._storing = None


async def _store(batch: list[_Waiting]) -> None:
    """All of it or, where the database refuses that, each by itself: it may refuse only one."""
    try:
        held = await with_many_rows(store_windows, [(job, window) for job, window, _ in batch])
    except Exception as failure:  # noqa: BLE001  # one session's: the others go on
        if len(batch) == 1:
            _resolve(batch[0][2], failure)
        else:
            for one in batch:
                await _store([one])
        return
    for (_, _, done), is_held in zip(batch, held, strict=True):
        _resolve(done, None if is_held else LeaseLostError())


def _resolve(done: asyncio.Future[None], failure: Exception | None) -> None:
    if done.cancelled():
        return
    if failure is None:
        done.set_result(None)
    else:
        done.set_exception(failure)


_stores: WeakKeyDictionary[asyncio.AbstractEventLoop, WindowBatcher] = WeakKeyDictionary()


def window_batcher() -> WindowBatcher:
    """Return the running event loop's."""
    return _stores.setdefault(asyncio.get_running_loop(), WindowBatcher())
