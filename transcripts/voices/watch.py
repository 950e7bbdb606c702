"""Requests that wait for a voice job: one watcher for all of a process (`jobs/status_watch`)."""

from uuid import UUID

from transcripts.jobs.status_watch import Snapshot, Watcher, watcher_of_loop
from transcripts.voices.models import VoiceJob


def read_voice_snapshots(ids: set[UUID]) -> dict[UUID, Snapshot]:
    """One query."""
    rows = VoiceJob.objects.filter(pk__in=ids).values_list("pk", "status", "done")
    return {pk: Snapshot(status=status, resume_ms=done) for pk, status, done in rows}


get_voice_watcher = watcher_of_loop(
    lambda: Watcher(read_voice_snapshots, read_places=lambda ids: {})
)
