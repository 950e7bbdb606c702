"""Requests that wait for a voice job: one watcher for all of a process (`jobs/status_watch`)."""

import asyncio
from uuid import UUID
from weakref import WeakKeyDictionary

from transcripts.jobs.status_watch import Snapshot, Watcher
from transcripts.voices.models import VoiceJob


def read_voice_snapshots(ids: set[UUID]) -> dict[UUID, Snapshot]:
    """One query."""
    rows = VoiceJob.objects.filter(pk__in=ids).values_list("pk", "status", "done")
    return {pk: Snapshot(status=status, resume_ms=done) for pk, status, done in rows}


_watchers: WeakKeyDictionary[asyncio.AbstractEventLoop, Watcher] = WeakKeyDictionary()


def get_voice_watcher() -> Watcher:
    """Return the watcher of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _watchers:
        _watchers[loop] = Watcher(read_voice_snapshots, read_places=lambda ids: {})
    return _watchers[loop]
