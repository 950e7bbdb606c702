"""Requests that wait for a text job: one watcher for all of a process (`jobs/status_watch`)."""

from uuid import UUID

from transcripts.intelligence.models import TextJob
from transcripts.jobs.status_watch import Snapshot, Watcher, watcher_of_loop


def read_text_snapshots(ids: set[UUID]) -> dict[UUID, Snapshot]:
    """One query."""
    rows = TextJob.objects.filter(pk__in=ids).values_list("pk", "status", "done")
    return {pk: Snapshot(status=status, resume_ms=done) for pk, status, done in rows}


get_text_watcher = watcher_of_loop(lambda: Watcher(read_text_snapshots, read_places=lambda ids: {}))
