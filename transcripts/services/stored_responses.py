"""Stored responses that hold a transcript: they are deleted with it.

The mechanism itself is `accounts.services.idempotency`.
"""

from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.models import IdempotencyRecord
from accounts.services import idempotency
from accounts.services.idempotency import IdempotencyClaim, StoredResponse
from transcripts.models import StoredResponseLink, Transcript


def store_with_transcript(claim: IdempotencyClaim, answer: StoredResponse) -> bool:
    """Store the answer with the transcript that its `X-Transcript-Id` names.

    To be given as `store_response` to `accounts.api.idempotency`.
    """
    transcript_id = answer.headers.get("X-Transcript-Id")
    if transcript_id is None:
        return idempotency.store_response(claim, answer)
    return store_link(claim, answer, transcript_id=UUID(transcript_id))


def store_link(claim: IdempotencyClaim, answer: StoredResponse, *, transcript_id: UUID) -> bool:
    """Store the response; False if the claim had run out, or the transcript is deleted already.

    The race: a deletion at this moment. Both take the transcript's row first.
    """
    with transaction.atomic():
        there = Transcript.objects.select_for_update().filter(pk=transcript_id)
        if not there.values_list("pk", flat=True):
            idempotency.release(claim)
            return False
        if not idempotency.store_response(claim, answer):
            return False
        StoredResponseLink.objects.create(record_id=claim.record_id, transcript_id=transcript_id)
    return True


def delete_responses(transcript: Transcript) -> None:
    """Empty the responses that hold it. Inside the transaction that deletes it."""
    links = StoredResponseLink.objects.filter(transcript=transcript)
    idempotency.delete_responses(list(links.values_list("record_id", flat=True)))


def purge_answers() -> int:
    """Delete the answers that are older than the retention; return how many."""
    purged = idempotency.purge_answers()
    record = IdempotencyRecord.objects.filter(pk=OuterRef("record_id"))
    StoredResponseLink.objects.exclude(Exists(record)).delete()
    return purged
