"""The end of a voice job: its status, its charge, its files, and who is notified of it.

Its order of locks is that of `transcripts/locks`: job, account, hold, webhook endpoints.

A final status and the movement in the ledger are one transaction. Nothing is charged for what
failed or was cancelled.
"""

import logging
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from billing.ledger import release_hold, settle_hold
from billing.notifications import notify_low_credits
from stt_web.core.errors import ApiError
from transcripts.jobs.lease import LeaseLostError
from transcripts.models import OPEN_STATUSES, Status
from transcripts.services.job_status import CLOSED_LEASE
from transcripts.services.recordings import delete_recording
from transcripts.voices.lease import VoiceLease, change_job
from transcripts.voices.models import VoiceJob
from transcripts.voices.shown import describe_voice_job
from transcripts.webhooks.events import Event
from transcripts.webhooks.outbox import record_job_event

logger = logging.getLogger(__name__)


def complete_voice_job(lease: VoiceLease, job: VoiceJob, **made: Any) -> None:
    """Store what was made (`path`, `duration_ms`, …), and charge the started minutes of it.

    Raises LeaseLostError: the race with a cancellation or a deletion, which the row decides.
    """
    with transaction.atomic():
        _close(lease.rows(), job, Status.COMPLETED, **made)
        cost = settle_hold(job.hold_reference, billed_ms=job.duration_ms)
        job.credits_charged = cost.allowance_minutes + cost.credits
        VoiceJob.objects.filter(pk=job.pk).update(credits_charged=job.credits_charged)
        notify_low_credits(job.owner)
        _notify(job, Event.VOICE_JOB_COMPLETED)
    logger.info(
        "event=speech_made job_id=%s model=%s duration_ms=%d generation_ms=%d",
        job.pk,
        job.model_used,
        job.duration_ms,
        job.generation_ms,
    )


def fail_voice_job(rows: QuerySet[VoiceJob], job: VoiceJob, error: ApiError) -> bool:
    """Fail it if it is (still) among `rows`, and give everything back."""
    try:
        with transaction.atomic():
            _close(
                rows,
                job,
                Status.FAILED,
                error_code=error.code,
                error_message=error.message[:500],
                error_status=error.status,
            )
            release_hold(job.hold_reference)
            _notify(job, Event.VOICE_JOB_FAILED)
    except LeaseLostError:
        return False
    logger.warning("event=speech_failed job_id=%s code=%s", job.pk, error.code)
    return True


def cancel_voice_job(job: VoiceJob) -> bool:
    """End it if it waits or is worked on; its worker notices at its next sentence or heartbeat,
    and ends the engine's call.
    """
    try:
        with transaction.atomic():
            _close(VoiceJob.objects.filter(status__in=OPEN_STATUSES), job, Status.CANCELLED)
            release_hold(job.hold_reference)
    except LeaseLostError:
        return False
    logger.info("event=speech_cancelled job_id=%s", job.pk)
    return True


def delete_voice_job(job: VoiceJob) -> None:
    """Delete it and its speech, in any state."""
    cancel_voice_job(job)
    paths = VoiceJob.objects.filter(pk=job.pk).values_list("path", "reference_path").first()
    VoiceJob.objects.filter(pk=job.pk).delete()
    for path in paths or ():
        delete_recording(path)


def _notify(job: VoiceJob, event: Event) -> None:
    """Who waits for the answer of a request has it in that."""
    if not job.is_asynchronous:
        return
    data = describe_voice_job(job)
    path = str(data["audio"] or "")
    record_job_event(event, job.owner_id, key=f"{job.pk}:{event}", data=data, path=path)


def _close(rows: QuerySet[VoiceJob], job: VoiceJob, status: str, **changes: Any) -> None:
    values = {
        "status": status,
        "finished_at": timezone.now(),
        "text": "",
        "reference_path": "",
        **changes,
    }
    if not change_job(rows, job.pk, **values, **CLOSED_LEASE):
        raise LeaseLostError
    reference = job.reference_path
    for name, value in values.items():
        setattr(job, name, value)
    transaction.on_commit(lambda: delete_recording(reference))
