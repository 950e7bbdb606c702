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
    pieces: AsyncIterator[bytes], is_allowed: Callable[[], bool], *, every_s: float = RECHECK_S
) -> AsyncIterator[bytes]:
    """Yield `pieces` until `is_allowed`, checked every `every_s`, returns False. Also while none
    comes.

    `is_allowed` may query: it runs in a thread. No piece is yielded later than `every_s` after the
    last time that it returned True.
    """
    loop = asyncio.get_running_loop()
    check_at = loop.time() + every_s
    piece: asyncio.Future[bytes] | None = None
    try:
        while True:
            piece = piece or asyncio.ensure_future(anext(pieces))
            await asyncio.wait({piece}, timeout=max(0.0, check_at - loop.time()))
            if loop.time() >= check_at:
                if not await sync_to_async(is_allowed)():
                    return
                check_at = loop.time() + every_s
            if not piece.done():
                continue
            try:
                fresh = piece.result()
            except StopAsyncIteration:
                return
            piece = None
            yield fresh
    finally:
        await _close(pieces, piece)


def read_session_user(request: HttpRequest) -> User | None:
    """Return whose session it is now, by the database: None once it has ended. Two queries."""
    fresh = HttpRequest()
    store = import_module(settings.SESSION_ENGINE).SessionStore
    fresh.session = store(request.session.session_key)
    user = get_user(fresh)
    return user if isinstance(user, User) else None


async def _close(pieces: AsyncIterator[bytes], piece: asyncio.Future[bytes] | None) -> None:
    """End the generator, which frees what it holds, also where it waits for its next piece."""
    if piece is not None and not piece.done():
        piece.cancel()
        with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
            await piece
    if isinstance(pieces, AsyncGenerator):
        await pieces.aclose()
