"""The last stage: a job gets its final status, and its hold is closed in the same breath.

    completed                everything went as asked; notes may stand in `warnings`
    completed_with_warnings  the text is there, but something of it or about it is missing
    failed                   nothing to deliver: the hold is released, nothing is charged

A final status and the movement in the ledger are one transaction: a crash leaves both or none.
What the end means for the transcript is the kind's (`jobs/completion`).
"""

import logging

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from billing.anonymous import return_anonymous_use
from billing.ledger import Charge, HoldNotFoundError, release_hold, settle_hold
from billing.notifications import notify_low_credits
from stt_web.core.metrics import CREDITS_CHARGED, JOB_SECONDS, count_error
from transcripts.jobs.completion import delivery_of
from transcripts.jobs.lease import LeaseLostError, held_rows
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.outcome import store_outcome
from transcripts.jobs.results import JobRun
from transcripts.models import Status, Transcript
from transcripts.services.embeddings import drop_finished_embeddings
from transcripts.services.job_status import CLOSED_LEASE, change_status
from transcripts.services.peaks import order_peaks
from transcripts.services.recordings import detach_recording, drop_finished_audio
from transcripts.warnings import completed_status

logger = logging.getLogger(__name__)


def finalize(job: JobRun) -> None:
    """Complete it: final status, text, charge. Raises `LeaseLostError`."""
    is_charged = store_outcome(job)
    row = job.row
    with transaction.atomic():
        if not change_status(
            held_rows(job.lease),
            row,
            completed_status(row.warnings),
            finished_at=timezone.now(),
            resume_ms=row.audio_duration_ms,
            error_code="",
            error_message="",
            **CLOSED_LEASE,
        ):
            raise LeaseLostError
        is_applied = delivery_of(row).apply(job)
        charge(row, audio_ms=row.audio_duration_ms if is_charged and is_applied else 0)
        delivery_of(row).publish(row)
    _measure(row)
    logger.info(
        "event=job_completed transcript_id=%s job_id=%s kind=%s status=%s audio_duration_ms=%d",
        row.transcript_id,
        row.pk,
        row.kind,
        row.status,
        row.audio_duration_ms,
    )
    discard_finished(row)
    order_peaks(row.transcript)


def fail(job: JobRun, *, code: str, message: str) -> bool:
    """Fail the job that this process holds; False where it is not ours any more."""
    return fail_rows(held_rows(job.lease), job.row, code=code, message=message)


def fail_rows(
    rows: QuerySet[TranscriptionJob], row: TranscriptionJob, *, code: str, message: str
) -> bool:
    """Fail `row` if it is (still) among `rows`, and give everything back."""
    with transaction.atomic():
        if not change_status(
            rows,
            row,
            Status.FAILED,
            finished_at=timezone.now(),
            error_code=code,
            error_message=message[:500],
            **CLOSED_LEASE,
        ):
            return False
        release_everything(row)
        delivery_of(row).fail(row, message)
    _measure(row)
    count_error("job", code)
    logger.warning(
        "event=job_failed transcript_id=%s job_id=%s code=%s", row.transcript_id, row.pk, code
    )
    discard_finished(row)
    return True


def charge(row: TranscriptionJob, *, audio_ms: int) -> None:
    """Charge what was transcribed (0 ms: nothing, and a guest's use of the day goes back).

    Inside the transaction that ends the job, after its update.
    """
    try:
        cost: Charge = settle_hold(row.hold_reference, billed_ms=audio_ms)
    except HoldNotFoundError:  # a guest's, or a second pass that its session paid for
        if not audio_ms:
            _return_use(row.transcript)
        return
    # A minute of the monthly allowance counts like a credit (contract, Tiers).
    row.credits_charged = cost.allowance_minutes + cost.credits
    row.transcript.credits_charged += row.credits_charged
    CREDITS_CHARGED.inc(row.credits_charged)
    Transcript.objects.filter(pk=row.transcript_id).update(
        credits_charged=F("credits_charged") + row.credits_charged
    )
    TranscriptionJob.objects.filter(pk=row.pk).update(credits_charged=row.credits_charged)
    if row.transcript.owner is not None:
        notify_low_credits(row.transcript.owner)


def release_everything(row: TranscriptionJob) -> None:
    """Release the hold, and a guest's use of the day. Inside the same transaction."""
    release_hold(row.hold_reference)
    _return_use(row.transcript)


def discard_finished(row: TranscriptionJob) -> None:
    """Delete what is stored no longer than the work: a guest's recording, and by its policy an
    account's recording and voices."""
    if row.transcript.owner_id is None:
        detach_recording(row.transcript)
    drop_finished_audio(row.transcript)
    drop_finished_embeddings(row)


def _measure(row: TranscriptionJob) -> None:
    if row.finished_at is not None and row.started_at is not None:
        lasted_s = (row.finished_at - row.started_at).total_seconds()
        JOB_SECONDS.labels(row.queue, row.kind, row.status).observe(max(0.0, lasted_s))


def _return_use(transcript: Transcript) -> None:
    if transcript.guest_address_digest:
        return_anonymous_use(transcript.guest_address_digest, counted_at=transcript.created_at)
