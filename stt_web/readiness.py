"""Whether this web process can answer requests: `/readyz` (`core.asgi.probe_layer`).

The database is reached, and has every migration of this code. Asked at most once a second, in a
thread of its own, with a deadline: a database that doesn't answer is one that is away.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from django.db import Error as AnyDatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from stt_web.core.background import spawn
from stt_web.health import is_database_up

_DEADLINE_S = 2.5
_CACHED_S = 1.0
NO_DATABASE = "The database is not reached."
NOT_MIGRATED = "The database is not migrated: run `python manage.py migrate`."


class Readiness:
    """Probes, and caches the result; concurrent requests share one probe."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readiness")
        self._problems: tuple[str, ...] = ()
        self._known_until = 0.0
        self._is_migrated = False  # never asked again once it was
        self._probing: asyncio.Task[None] | None = None

    async def find_problems(self) -> tuple[str, ...]:
        if time.monotonic() >= self._known_until:
            if self._probing is None or self._probing.done():
                self._probing = spawn(self._probe(), name="readiness")
            await asyncio.shield(self._probing)
        return self._problems

    async def _probe(self) -> None:
        asked = asyncio.get_running_loop().run_in_executor(self._threads, self._ask)
        done, _ = await asyncio.wait([asked], timeout=_DEADLINE_S)
        self._problems = asked.result() if done else (NO_DATABASE,)
        self._known_until = time.monotonic() + _CACHED_S

    def _ask(self) -> tuple[str, ...]:
        if not is_database_up():
            return (NO_DATABASE,)
        if not self._is_migrated:
            self._is_migrated = _has_every_migration()
        return () if self._is_migrated else (NOT_MIGRATED,)


def _has_every_migration() -> bool:
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except AnyDatabaseError:
        return False
    finally:
        connection.close()
