"""The last stage: a transcript gets its final status, and its hold is closed in the same breath.

    completed                everything went as asked; notes may stand in `warnings`
    completed_with_warnings  the text is there, but something of it or about it is missing
    failed                   nothing to deliver: the hold is released, nothing is charged

A final status and the movement in the ledger are one transaction: a crash leaves both or none.
"""

import logging

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from billing.anonymous import return_anonymous_use
from billing.ledger import Charge, HoldNotFoundError, release_hold, settle_hold
from billing.notices import announce_low_credits
from transcripts.models import Status, Transcript
from transcripts.services import store
from transcripts.services.embeddings import drop_finished_embeddings
from transcripts.services.feed import reference_of
from transcripts.services.lease import held_rows
from transcripts.services.notices import announce_failure, announce_result
from transcripts.services.outcome import completed_status, note_outcome
from transcripts.services.recordings import drop_finished_audio, forget_recording
from transcripts.services.refine import (
    adopt_refinement,
    begin_refinement,
    drop_refinement,
)
from transcripts.services.search_index import index_transcript
from transcripts.services.store import Job
from transcripts.webhooks.outbox import tell_of_status

logger = logging.getLogger(__name__)

CLOSED_LEASE: dict[str, object] = {"lease_owner": "", "lease_expires_at": None}


def settle(job: Job) -> None:
    """Complete it: segments as labelled, final status, charge. Raises `LeaseLostError`."""
    if job.transcript.refines_id is not None:
        adopt_refinement(job)
        return
    is_charged = note_outcome(job)
    transcript = job.transcript
    with transaction.atomic():
        store.write_fenced(
            job,
            status=completed_status(transcript.warnings),
            finished_at=timezone.now(),
            resume_ms=transcript.heard_ms,
            error_code="",
            error_message="",
            **CLOSED_LEASE,
        )
        if job.labelled is not None:
            store.replace_segments(transcript, job.labelled)
        charge(transcript, heard_ms=transcript.heard_ms if is_charged else 0)
        announce_result(transcript)
        tell_of_status(transcript)
        index_transcript(transcript)
        begin_refinement(transcript)
    logger.info(
        "event=transcript_completed transcript_id=%s status=%s heard_ms=%d",
        transcript.pk,
        transcript.status,
        transcript.heard_ms,
    )
    _forget_if_anonymous(transcript)
    drop_finished_audio(transcript)
    drop_finished_embeddings(transcript)


def fail(job: Job, *, code: str, message: str) -> bool:
    """Fail the transcript that this process holds; False where it is not ours any more."""
    return fail_rows(held_rows(job.lease), job.transcript, code=code, message=message)


def fail_rows(
    rows: QuerySet[Transcript], transcript: Transcript, *, code: str, message: str
) -> bool:
    """Fail `transcript` if it is (still) among `rows`, and give everything back."""
    if transcript.refines_id is not None:
        return drop_refinement(rows, transcript, message=message)
    with transaction.atomic():
        if not rows.update(
            status=Status.FAILED,
            finished_at=timezone.now(),
            error_code=code,
            error_message=message[:500],
            **CLOSED_LEASE,
        ):
            return False
        transcript.status = Status.FAILED
        transcript.error_code, transcript.error_message = code, message[:500]
        give_everything_back(transcript)
        announce_failure(transcript)
        tell_of_status(transcript)
        index_transcript(transcript)
    logger.warning("event=transcript_failed transcript_id=%s code=%s", transcript.pk, code)
    _forget_if_anonymous(transcript)
    drop_finished_embeddings(transcript)
    return True


def charge(transcript: Transcript, *, heard_ms: int) -> None:
    """Charge what was heard (0 ms: nothing, and a visitor's use of the day goes back).

    Inside the transaction that ends the job, after its update.
    """
    try:
        cost: Charge = settle_hold(reference_of(transcript), heard_ms=heard_ms)
    except HoldNotFoundError:  # anonymous
        if not heard_ms:
            _return_use(transcript)
        return
    # A minute of the monthly allowance counts like a credit (contract, Tiers).
    transcript.credits_charged = cost.allowance_minutes + cost.credits
    Transcript.objects.filter(pk=transcript.pk).update(credits_charged=transcript.credits_charged)
    if transcript.owner is not None:
        announce_low_credits(transcript.owner)


def give_everything_back(transcript: Transcript) -> None:
    """Release the hold, and an anonymous visitor's use of the day. Inside the same transaction."""
    release_hold(reference_of(transcript))
    _return_use(transcript)


def _return_use(transcript: Transcript) -> None:
    if transcript.anonymous_address_digest:
        return_anonymous_use(transcript.anonymous_address_digest, counted_at=transcript.created_at)


def _forget_if_anonymous(transcript: Transcript) -> None:
    if transcript.owner_id is None:
        forget_recording(transcript)
