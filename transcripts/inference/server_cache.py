"""A process's cache for each server, evicted with it: channels, catalogues.

An instance that was removed, or is reached in another way now, is called no more: what was cached
for it goes when its successor comes, or after `IDLE_S` without use. The shared servers stay.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from transcripts.inference.servers import Server

IDLE_S = 600.0
_SWEPT_EVERY_S = 60.0
T = TypeVar("T")


@dataclass
class _Cached(Generic[T]):
    value: T
    version: str
    used_at_s: float


class ServerCache(Generic[T]):
    """Thread-safe. What is let go is not closed: who still uses it holds it."""

    def __init__(self) -> None:
        self._entries: dict[Server, _Cached[T]] = {}
        self._swept_at_s = float("-inf")
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(
        self,
        server: Server,
        make: Callable[[], T],
        *,
        version: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> T:
        """Return what is cached for `server`; `make` it where nothing of this `version` is."""
        now_s = clock()
        with self._lock:
            entry = self._entries.get(server)
            is_new = entry is None or entry.version != version
            if is_new or now_s - self._swept_at_s > _SWEPT_EVERY_S:
                self._sweep(server, now_s)
            if entry is None or is_new:
                entry = self._entries[server] = _Cached(make(), version, now_s)
            entry.used_at_s = now_s
            return entry.value

    def _sweep(self, server: Server, now_s: float) -> None:
        self._swept_at_s = now_s
        for other, entry in list(self._entries.items()):
            if other == server:
                continue
            is_former = other.instance_id == server.instance_id
            is_idle = now_s - entry.used_at_s > IDLE_S
            if other.instance_id and (is_former or is_idle):
                del self._entries[other]
