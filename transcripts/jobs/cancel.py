"""Cancelling and deleting, in any state, as often as asked.

The row changes first, by an update that takes its lock: a worker that is at it writes wholly
before or not at all, and notices at its next write or heartbeat.
"""

import logging

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.audit import record_own_action
from stt_web.core import wakeups
from transcripts.exports.worker_exports import delete_exports
from transcripts.intelligence.models import ChatTurn
from transcripts.jobs.completion import delivery_of
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.stages.finalize import charge, discard_finished, release_everything
from transcripts.locks import lock_transcript
from transcripts.models import OPEN_STATUSES, Status, Transcript
from transcripts.services.job_status import CLOSED_LEASE, change_status, job_of, read_job
from transcripts.services.recordings import delete_recording, delete_rows
from transcripts.services.stored_responses import delete_responses
from transcripts.webhooks.events import Event
from transcripts.webhooks.outbox import record_event

logger = logging.getLogger(__name__)


def cancel_transcript(transcript: Transcript) -> bool:
    """Cancel its first job if that is queued or being worked on; False where there was nothing to
    cancel.

    Text that was delivered costs what was transcribed of it; else nothing is charged.
    """
    return cancel_job(job_of(transcript))


def cancel_job(row: TranscriptionJob) -> bool:
    """Cancel it if it is queued or being worked on; False where there was nothing to cancel."""
    rows = TranscriptionJob.objects.filter(status__in=OPEN_STATUSES)
    with transaction.atomic():
        wakeups.wake(wakeups.SESSION, row.pk)
        if not change_status(
            rows, row, Status.CANCELLED, finished_at=timezone.now(), **CLOSED_LEASE
        ):
            return False
        current = read_job(TranscriptionJob.objects.filter(pk=row.pk))
        if current is None:
            return False
        delivery = delivery_of(current)
        if delivery.has_delivered(current):
            charge(current, audio_ms=current.resume_ms)
        else:
            release_everything(current)
        delivery.cancel(current)
    logger.info("event=job_cancelled transcript_id=%s job_id=%s", row.transcript_id, row.pk)
    discard_finished(current)
    return True


def delete_transcript(transcript: Transcript, *, cause: str = "owner") -> None:
    """Delete the recording and all that came of it. What it cost stays in the ledger.

    `cause`: for the audit log: owner, retention, account (which is deleted).
    """
    for row in transcript.jobs.filter(status__in=OPEN_STATUSES):
        cancel_job(row)
    path = transcript.recording.path
    with transaction.atomic():
        # Moves the fence and takes the rows' locks: else a segment could be stored between the
        # deletion of the segments and that of the job, which PostgreSQL then refuses.
        if lock_transcript(transcript.pk):
            transcript.jobs.update(attempt=F("attempt") + 1)
            # Race: `order_second_pass`, or `requeue_job`, since the jobs above were read.
            for row in transcript.jobs.filter(status__in=OPEN_STATUSES):
                release_everything(row)
            is_transient = transcript.job.is_transient
            if not is_transient:
                record_event(Event.DELETED, transcript)
            delete_responses(transcript)
            # Answers that quote it go with it, also those of conversations over the library.
            ChatTurn.objects.filter(mentioned=transcript).delete()
            delete_rows(transcript)
            if transcript.owner_id is not None and not is_transient:
                record_own_action(
                    transcript.owner_id,
                    action="delete_transcript",
                    object_type="transcripts.transcript",
                    object_ids=[str(transcript.pk)],
                    cause=cause,
                )
            wakeups.wake(wakeups.TRANSCRIPT, transcript.pk)
    delete_recording(path)
    delete_exports(transcript.pk)
    logger.info("event=transcript_deleted transcript_id=%s", transcript.pk)
