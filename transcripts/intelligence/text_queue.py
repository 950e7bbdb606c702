"""Work on texts, in threads of its own: short ones never wait behind long ones.

A request that is waited for holds no thread of the web server's; when its client leaves, its key
ends or the server stops, the calls under way are ended too.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from asgiref.sync import sync_to_async

from accounts.lasting import RecheckTimer
from accounts.principals import Principal, check_still_good
from stt_web.core.errors import ApiError
from transcripts.inference.errors import InferenceError
from transcripts.inference.language import CancelToken
from transcripts.intelligence.engines import as_api_error

T = TypeVar("T")

SHORT_CHARACTERS = 20_000
_WAITING_AT_MOST = 64
_RETRY_S = 5


class _Queue:
    """Threads, and what waits for them, which has an end."""

    def __init__(self, name: str, *, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._most = threads + _WAITING_AT_MOST
        self._lock = threading.Lock()
        self._count = 0

    def submit(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Raises ApiError 503 `texts_full`."""
        with self._lock:
            if self._count >= self._most:
                raise ApiError(
                    "This server works on as many texts as it can. Try again shortly.",
                    code="texts_full",
                    status=503,
                    retry_after_s=_RETRY_S,
                )
            self._count += 1
        context = contextvars.copy_context()
        submitted = self._executor.submit(context.run, work)
        submitted.add_done_callback(self._leave)
        return asyncio.wrap_future(submitted)

    def _leave(self, _: object) -> None:
        with self._lock:
            self._count -= 1


_SHORT = _Queue("texts-short", threads=4)
_LONG = _Queue("texts-long", threads=2)


async def run_text_work(
    work: Callable[[], T],
    *,
    token: CancelToken,
    characters: int,
    principal: Principal,
) -> T:
    """Return what `work` does, which may block and must not query. Raises ApiError; also
    AuthenticationError within seconds of the key's end.
    """
    queue = _SHORT if characters <= SHORT_CHARACTERS else _LONG
    future = queue.submit(lambda: _work_under(work, token))
    timer = RecheckTimer()
    try:
        while not future.done():
            await timer.wait_with(future)
            if timer.is_due:
                timer.restart()
                await sync_to_async(check_still_good)(principal)
        return future.result()
    finally:  # also where the client went away
        timer.close()
        if not future.done():
            token.cancel()
            future.add_done_callback(_discard)


def _work_under(work: Callable[[], T], token: CancelToken) -> T:
    try:
        token.check()
        return work()
    except InferenceError as error:
        raise as_api_error(error, token=token) from error


def _discard(future: "asyncio.Future[T]") -> None:
    """Take note of how it ended: nobody waits for it any more."""
    if not future.cancelled():
        future.exception()
