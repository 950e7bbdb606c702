"""The threads of live sessions: their database work, their files, and their questions to servers.

Apart from those of requests, so that neither holds up the other; bounded for any number of
sessions.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import close_old_connections, connection

from stt_web.core import media_store

P = ParamSpec("P")
T = TypeVar("T")

_database = ThreadPoolExecutor(settings.LIVE_THREADS, thread_name_prefix="live-database")
_rows = ThreadPoolExecutor(1, thread_name_prefix="live-rows")
_files = ThreadPoolExecutor(4, thread_name_prefix="live-files")
# A disk answers in milliseconds, a bucket in tens of them.
SYNC_THREADS = 16 if media_store.is_remote() else 4
_syncs = ThreadPoolExecutor(SYNC_THREADS, thread_name_prefix="live-sync")
_rpcs = ThreadPoolExecutor(4, thread_name_prefix="live-rpc")


async def in_database(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking work with the database; its connection lives by Django's rules
    (CONN_MAX_AGE)."""
    return await _run(_database, partial(_with_connection, partial(work, *args, **kwargs)))


async def with_many_rows(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking work that writes the rows of many sessions at once, one after the other.

    Two such transactions at a time could wait for each other; and what all sessions need is not to
    stand behind what one of them asks for.
    """
    return await _run(_rows, partial(_with_connection, partial(work, *args, **kwargs)))


async def in_files(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking work with files. It must not touch the database."""
    return await _run(_files, partial(work, *args, **kwargs))


async def in_sync(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run work that waits for the disk itself. It must not touch the database."""
    return await _run(_syncs, partial(work, *args, **kwargs))


async def in_rpc(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run calls of a server that wait for the network. It must not touch the database."""
    return await _run(_rpcs, partial(work, *args, **kwargs))


async def _run(executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(executor, partial(copy_context().run, work))


def _with_connection(work: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return work()
    finally:
        if connection.vendor == "sqlite":
            # By default Django closes it after each use, and SQLite then copies its log back and
            # waits for the disk, if it was the last one: for every utterance of every session.
            connection.close_at = None
        close_old_connections()
