"""Requests that wait for an enhancement: one watcher for all of a process (`jobs/status_watch`)."""

from uuid import UUID

from transcripts.enhancement.models import Enhancement
from transcripts.jobs.status_watch import Snapshot, Watcher, watcher_of_loop


def read_enhancement_snapshots(ids: set[UUID]) -> dict[UUID, Snapshot]:
    """One query."""
    rows = Enhancement.objects.filter(pk__in=ids).values_list(
        "pk", "status", "done_ms", "probed_ms", "duration_ms"
    )
    return {
        pk: Snapshot(status, done_ms, probed_ms, duration_ms)
        for pk, status, done_ms, probed_ms, duration_ms in rows
    }


get_enhancement_watcher = watcher_of_loop(
    lambda: Watcher(read_enhancement_snapshots, read_places=lambda ids: {})
)
