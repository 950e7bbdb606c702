"""A job's status, and the transcript's, which is its first job's: changed here, together."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from stt_web.core import wakeups
from transcripts.jobs.models import TranscriptionJob
from transcripts.locks import lock_transcript
from transcripts.models import Transcript

CLOSED_LEASE: dict[str, object] = {"lease_owner": "", "lease_expires_at": None}
# Of a job that any worker may claim, and that is to be enqueued.
AS_WAITING = CLOSED_LEASE | {"enqueued_at": None, "enqueue_count": 0}


def read_job(rows: QuerySet[TranscriptionJob]) -> TranscriptionJob | None:
    """Return the first of `rows` with its transcript, recording and owner. One query."""
    job = rows.select_related("transcript__owner", "transcript__recording").first()
    if job is not None:
        link_transcript(job)
    return job


def link_transcript(job: TranscriptionJob) -> None:
    """Make the transcript's job this object, if it is this job: both see what is written."""
    if job.transcript.job_id == job.pk:
        job.transcript.job = job


def job_of(transcript: Transcript) -> TranscriptionJob:
    """Return the job whose text the transcript has, with its transcript. No query of its own."""
    transcript.job.transcript = transcript
    return transcript.job


def insert(transcript: Transcript) -> None:
    """Insert a new transcript, its recording and its first job. Three queries, in a transaction:
    the two rows that name each other are checked at its end."""
    job = transcript.job
    with transaction.atomic(savepoint=False):
        transcript.recording.save(force_insert=True)
        transcript.recording = transcript.recording  # its id
        transcript.status, transcript.finished_at = job.status, job.finished_at
        transcript.save(force_insert=True)
        job.save(force_insert=True)


def change_status(
    rows: QuerySet[TranscriptionJob], job: TranscriptionJob, status: str, **changes: Any
) -> bool:
    """Change `job` if it is (still) among `rows`, its transcript with it, and these objects.

    A second pass leaves the transcript's status alone. Three queries, in a transaction.
    """
    followed = {name: changes[name] for name in ("finished_at",) if name in changes}
    with transaction.atomic():
        lock_transcript(job.transcript_id)
        if not rows.filter(pk=job.pk).update(status=status, **changes):
            return False
        _set(job, status=status, **changes)
        if not job.is_second_pass:
            transcript = Transcript.objects.filter(pk=job.transcript_id)
            transcript.update(status=status, **followed)
            _set(job.transcript, status=status, **followed)
        wakeups.wake(wakeups.TRANSCRIPT, job.transcript_id)
    return True


def _set(row: TranscriptionJob | Transcript, **changes: object) -> None:
    for name, value in changes.items():
        if not hasattr(value, "resolve_expression"):
            setattr(row, name, value)
