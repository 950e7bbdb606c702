"""`Idempotency-Key` for plain asynchronous views: wrap what costs in `answer_once`."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse

from accounts.models import User
from transcripts.services.idempotency import (
    BadKeyError,
    Claim,
    KeptAnswer,
    begin,
    keep,
    read_key,
    release,
)

REPLAYED_HEADER = "Idempotent-Replayed"


def fingerprint_request(operation: str, *asked: object) -> str:
    """Return SHA-256 over all that decides what the answer is."""
    return hashlib.sha256(json.dumps([operation, *asked]).encode()).hexdigest()


async def answer_once(
    request: HttpRequest,
    *,
    owner: User | None,
    fingerprint: str,
    lasts_s: float,
    answer: Callable[[], Awaitable[HttpResponse]],
) -> HttpResponse:
    """Return what `answer` does, or what it did when this request came before.

    Without the header it just answers. `lasts_s`: longer than `answer` may take. The answer is
    tied to the transcript that its `X-Transcript-Id` names. Raises what
    `transcripts.services.idempotency` does, and BadKeyError for a visitor: the key's scope is the
    account, and a promise that can't be kept had better be refused.
    """
    key = read_key(request.headers.get("Idempotency-Key", ""))
    if not key:
        return await answer()
    if owner is None:
        raise BadKeyError(
            "Idempotency-Key needs an account: send an API key with it.",
            code="idempotency_needs_account",
        )
    begun = await sync_to_async(begin)(
        owner, key, fingerprint=fingerprint, lasts=timedelta(seconds=lasts_s)
    )
    if isinstance(begun, KeptAnswer):
        return _replay(begun)
    try:
        response = await answer()
        await sync_to_async(_end)(begun, response)
    except BaseException:  # also a client that went away: whoever asks next goes on
        await asyncio.shield(sync_to_async(release)(begun))
        raise
    return response


def _end(claim: Claim, response: HttpResponse) -> None:
    if response.status_code >= 300:
        release(claim)
        return
    transcript_id = response.headers.get("X-Transcript-Id")
    kept = KeptAnswer(response.status_code, dict(response.headers), response.content)
    keep(claim, kept, transcript_id=UUID(transcript_id) if transcript_id else None)


def _replay(kept: KeptAnswer) -> HttpResponse:
    headers = {**kept.headers, REPLAYED_HEADER: "true"}
    return HttpResponse(kept.body, status=kept.status_code, headers=headers)
