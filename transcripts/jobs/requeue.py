"""Queueing a job again by order of an operator: stuck work, and work that failed.

    queued        it is enqueued again
    processing    the lease is taken back; the worker that holds it notices, and writes nothing more
    failed        it is tried again from where it stopped, with a new hold: what had been held
                  was given back when it failed

Each is a compare-and-set on status and attempt: what a worker does concurrently comes wholly before
or wholly after.
"""

import logging

from django.db import transaction

from billing.ledger import minutes_for, place_hold
from billing.quotas import account_for
from stt_web.core.errors import ApiError
from transcripts.jobs.enqueue import enqueue
from transcripts.jobs.models import JobKind, TranscriptionJob
from transcripts.models import Status
from transcripts.services.job_status import AS_WAITING, change_status, link_transcript

logger = logging.getLogger(__name__)

REQUEUEABLE = (Status.QUEUED, Status.PROCESSING, Status.FAILED)
_UNFAILED: dict[str, object] = {"error_code": "", "error_message": "", "finished_at": None}


class RequeueRefusedError(ApiError):
    status = 409
    code = "not_requeueable"


def requeue_job(row: TranscriptionJob) -> None:
    """Queue it again, in each of these states.

    Raises RequeueRefusedError, and NoCreditsError where its owner can't pay for another try.
    """
    link_transcript(row)
    transcript, status = row.transcript, row.status
    if status not in REQUEUEABLE:
        raise RequeueRefusedError(f"A job that is {status} can't be queued.")
    if row.is_second_pass and status == Status.FAILED:
        # What it had found is deleted (`second_pass.discard_second_pass`).
        raise RequeueRefusedError("A second pass that failed is over: another can be ordered.")
    if not transcript.recording.path:
        raise RequeueRefusedError("Its recording is deleted.")
    rows = TranscriptionJob.objects.filter(status=status, attempt=row.attempt)
    is_paid = status == Status.FAILED and transcript.owner is not None
    changes = AS_WAITING | {"stalled_tries": 0}
    if status == Status.FAILED:
        changes = changes | _UNFAILED
    if is_paid:
        changes = changes | {"hold_reference": _next_reference(row)}
    with transaction.atomic():
        if not change_status(rows, row, Status.QUEUED, **changes):
            raise RequeueRefusedError("This job has changed. Reload the page, then try again.")
        if is_paid and transcript.owner is not None:
            place_hold(
                row.hold_reference,
                account=account_for(transcript.owner),
                minutes=max(1, minutes_for(transcript.recording.probed_ms)),
                kind="live" if row.kind == JobKind.LIVE else "file",
            )
        transaction.on_commit(lambda: enqueue(row.pk))
    logger.info("event=job_requeued transcript_id=%s job_id=%s", transcript.pk, row.pk)


def _next_reference(row: TranscriptionJob) -> str:
    """A hold that is closed stays closed; each claim moves `attempt` on, so this one is new."""
    return f"{row.pk}.{row.attempt}"
