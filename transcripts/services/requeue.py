"""Queueing a transcript again because an operator says so: stuck work, and work that failed.

    queued        the broker is told again
    processing    the lease is taken back; the worker that holds it notices, and writes nothing more
    failed        it is tried anew from where it stopped, and set aside for anew: what had been held
                  was given back when it failed

Each is a compare-and-set on status and attempt: what a worker does meanwhile comes wholly before or
wholly after.
"""

import logging

from django.db import transaction

from billing.ledger import minutes_for, place_hold
from billing.quotas import account_for
from stt_web.errors import ApiError
from transcripts.models import Source, Status, Transcript
from transcripts.services.dispatch import enqueue

logger = logging.getLogger(__name__)

REQUEUEABLE = (Status.QUEUED, Status.PROCESSING, Status.FAILED)
_AS_NEW: dict[str, object] = {
    "status": Status.QUEUED,
    "stalled_tries": 0,
    "lease_owner": "",
    "lease_expires_at": None,
    "enqueued_at": None,
    "enqueue_count": 0,
}
_UNFAILED: dict[str, object] = {"error_code": "", "error_message": "", "finished_at": None}


class RequeueRefusedError(ApiError):
    status = 409
    code = "not_requeueable"


def requeue_transcript(transcript: Transcript) -> None:
    """Queue it again, whatever of the above it is.

    Raises RequeueRefusedError, and NoCreditsError where its owner can't pay for another try.
    """
    if transcript.status not in REQUEUEABLE:
        raise RequeueRefusedError(f"A transcript that is {transcript.status} can't be queued.")
    if not transcript.recording:
        raise RequeueRefusedError("Its recording is deleted.")
    rows = Transcript.objects.filter(
        pk=transcript.pk, status=transcript.status, attempt=transcript.attempt
    )
    with transaction.atomic():
        changes = _AS_NEW
        if transcript.status == Status.FAILED:
            changes = _AS_NEW | _UNFAILED | {"hold_reference": _next_reference(transcript)}
        if not rows.update(**changes):
            raise RequeueRefusedError("It has changed meanwhile. Look again.")
        if transcript.status == Status.FAILED and transcript.owner is not None:
            place_hold(
                _next_reference(transcript),
                account=account_for(transcript.owner),
                minutes=max(1, minutes_for(transcript.probed_ms)),
                kind="live" if transcript.source == Source.LIVE else "file",
            )
        transaction.on_commit(lambda: enqueue(transcript.pk))
    logger.info("event=transcript_requeued transcript_id=%s", transcript.pk)


def _next_reference(transcript: Transcript) -> str:
    """A hold that is closed stays closed; each claim moves `attempt` on, so this one is new."""
    return f"{transcript.pk}.{transcript.attempt}"
