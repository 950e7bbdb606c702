"""`Idempotency-Key` where the answer tells of a transcript: it is forgotten with that.

To be given as `keep` to `accounts.api.idempotency`.
"""

from uuid import UUID

from accounts.services.idempotency import Claim, KeptAnswer, keep
from transcripts.services.stored_responses import keep_about


def keep_by_transcript(claim: Claim, answer: KeptAnswer) -> bool:
    """Keep the answer with the transcript that its `X-Transcript-Id` names."""
    transcript_id = answer.headers.get("X-Transcript-Id")
    if transcript_id is None:
        return keep(claim, answer)
    return keep_about(claim, answer, transcript_id=UUID(transcript_id))
