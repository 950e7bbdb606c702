"""A right that is used for a while: event streams, downloads, archives.

Who may begin one may lose the right while it runs: the key is revoked or expires, the session ends,
the object goes. So the right is checked again every RECHECK_S, and what lasts ends with it.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from importlib import import_module

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from accounts.models import User

RECHECK_S = 3.0


async def while_allowed(
    chunks: AsyncIterator[bytes], is_allowed: Callable[[], bool], *, every_s: float = RECHECK_S
) -> AsyncIterator[bytes]:
    """Yield `chunks` until `is_allowed`, checked every `every_s`, returns False. Also while none
    comes.

    `is_allowed` may query: it runs in a thread. No piece is yielded later than `every_s` after the
    last time that it returned True.
    """
    loop = asyncio.get_running_loop()
    check_at = loop.time() + every_s
    chunk: asyncio.Future[bytes] | None = None
    try:
        while True:
            chunk = chunk or asyncio.ensure_future(anext(chunks))
            await asyncio.wait({chunk}, timeout=max(0.0, check_at - loop.time()))
            if loop.time() >= check_at:
                if not await sync_to_async(is_allowed)():
                    return
                check_at = loop.time() + every_s
            if not chunk.done():
                continue
            try:
                fresh = chunk.result()
            except StopAsyncIteration:
                return
            chunk = None
            yield fresh
    finally:
        await _close(chunks, chunk)


def read_session_user(request: HttpRequest) -> User | None:
    """Return whose session it is now, by the database: None once it has ended. Two queries."""
    fresh = HttpRequest()
    store = import_module(settings.SESSION_ENGINE).SessionStore
    fresh.session = store(request.session.session_key)
    user = get_user(fresh)
    return user if isinstance(user, User) else None


async def _close(chunks: AsyncIterator[bytes], chunk: asyncio.Future[bytes] | None) -> None:
    """End the generator, which frees what it holds, also where it waits for its next piece."""
    if chunk is not None and not chunk.done():
        chunk.cancel()
        with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
            await chunk
    if isinstance(chunks, AsyncGenerator):
        await chunks.aclose()
