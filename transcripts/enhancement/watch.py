"""Requests that wait for an enhancement: one watcher for all of a process (`jobs/status_watch`)."""

import asyncio
from uuid import UUID
from weakref import WeakKeyDictionary

from transcripts.enhancement.models import Enhancement
from transcripts.jobs.status_watch import Snapshot, Watcher


def read_enhancement_snapshots(ids: set[UUID]) -> dict[UUID, Snapshot]:
    """One query."""
    rows = Enhancement.objects.filter(pk__in=ids).values_list(
        "pk", "status", "done_ms", "probed_ms", "duration_ms"
    )
    return {
        pk: Snapshot(status, done_ms, probed_ms, duration_ms)
        for pk, status, done_ms, probed_ms, duration_ms in rows
    }


_watchers: WeakKeyDictionary[asyncio.AbstractEventLoop, Watcher] = WeakKeyDictionary()


def get_enhancement_watcher() -> Watcher:
    """Return the watcher of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _watchers:
        _watchers[loop] = Watcher(read_enhancement_snapshots, read_places=lambda ids: {})
    return _watchers[loop]
