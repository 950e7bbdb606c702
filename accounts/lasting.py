"""A right that is used for a while: event streams, downloads, archives.

Who may begin one may lose the right while it runs: the key is revoked or expires, the session ends,
the object goes. So the right is checked again every RECHECK_S, and as soon as a key is revoked
anywhere (`stt_web.core.wakeups`), and what lasts ends with it.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

from asgiref.sync import sync_to_async

from stt_web.core import wakeups

RECHECK_S = 3.0
T = TypeVar("T")
_WOKEN_AT_MOST_EVERY_S = 0.5  # however many keys are revoked


class RecheckTimer:
    """When a right is to be checked again: every `every_s`, and when one ends anywhere.

    Of the event loop that it is made in. To be closed.
    """

    def __init__(self, every_s: float = RECHECK_S) -> None:
        self._loop = asyncio.get_running_loop()
        self._every_s = every_s
        self._woken: asyncio.Future[None] = self._loop.create_future()
        self.restart()
        self.close = wakeups.listen(wakeups.ACCESS, self._note_wakeup)

    @property
    def is_due(self) -> bool:
        return self._loop.time() >= self._check_at

    def restart(self) -> None:
        """The right is checked now."""
        self._checked_at = self._loop.time()
        self._check_at = self._checked_at + self._every_s

    async def wait_with(self, *futures: asyncio.Future[Any]) -> None:
        """Return once one of `futures` is done, or the check is due or brought forward."""
        if self._woken.done():
            self._woken = self._loop.create_future()
        await asyncio.wait(
            {*futures, self._woken},
            timeout=max(0.0, self._check_at - self._loop.time()),
            return_when=asyncio.FIRST_COMPLETED,
        )

    def _note_wakeup(self, _: str) -> None:
        earliest = self._checked_at + min(_WOKEN_AT_MOST_EVERY_S, self._every_s)
        self._check_at = min(self._check_at, max(earliest, self._loop.time()))
        if not self._woken.done():
            self._woken.set_result(None)


async def wait_while_good(
    work: Coroutine[Any, Any, T],
    check: Callable[[], object],
    *,
    stopping: asyncio.Event | None = None,
) -> T | None:
    """Return what `work` does; None where this server stops before. Whatever ends the wait, also a
    client that went away, cancels `work`.

    `check` raises within seconds once the right to wait has ended. It may query: it runs in a
    thread, and once more at the end.
    """
    waiting = asyncio.ensure_future(work)
    stopped = asyncio.ensure_future((stopping or asyncio.Event()).wait())
    timer = RecheckTimer()
    try:
        while not (waiting.done() or stopped.done()):
            await timer.wait_with(waiting, stopped)
            if timer.is_due:
                timer.restart()
                await sync_to_async(check)()
        await sync_to_async(check)()
        return waiting.result() if waiting.done() else None
    finally:
        waiting.cancel()
        stopped.cancel()
        timer.close()


async def while_allowed(
    chunks: AsyncIterator[bytes],
    is_allowed: Callable[[], bool],
    *,
    every_s: float = RECHECK_S,
    refusal: bytes = b"",
) -> AsyncIterator[bytes]:
    """Yield `chunks` until `is_allowed`, checked every `every_s`, returns False. Also while none
    comes. `refusal` is the last piece then, for clients that take a silent end for a whole answer.

    `is_allowed` may query: it runs in a thread. No piece is yielded later than `every_s` after the
    last time that it returned True.
    """
    timer = RecheckTimer(every_s)
    chunk: asyncio.Future[bytes] | None = None
    try:
        while True:
            chunk = chunk or asyncio.ensure_future(anext(chunks))
            await timer.wait_with(chunk)
            if timer.is_due:
                timer.restart()
                if not await sync_to_async(is_allowed)():
                    if refusal:
                        yield refusal
                    return
            if not chunk.done():
                continue
            try:
                fresh = chunk.result()
            except StopAsyncIteration:
                return
            chunk = None
            yield fresh
    finally:
        timer.close()
        await _close(chunks, chunk)


async def _close(chunks: AsyncIterator[bytes], chunk: asyncio.Future[bytes] | None) -> None:
    """End the generator, which frees what it holds, also where it waits for its next piece."""
    if chunk is not None and not chunk.done():
        chunk.cancel()
        with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
            await chunk
    if isinstance(chunks, AsyncGenerator):
        await chunks.aclose()
