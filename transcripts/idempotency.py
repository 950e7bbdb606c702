"""`Idempotency-Key` where the answer holds a transcript: it is deleted with that.

To be given as `store_response` to `accounts.api.idempotency`.
"""

from uuid import UUID

from accounts.services.idempotency import IdempotencyClaim, StoredResponse, store_response
from transcripts.services.stored_responses import store_link


def store_with_transcript(claim: IdempotencyClaim, answer: StoredResponse) -> bool:
    """Store the answer with the transcript that its `X-Transcript-Id` names."""
    transcript_id = answer.headers.get("X-Transcript-Id")
    if transcript_id is None:
        return store_response(claim, answer)
    return store_link(claim, answer, transcript_id=UUID(transcript_id))
