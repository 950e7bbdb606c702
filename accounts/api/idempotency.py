"""`Idempotency-Key` for views: wrap what costs GPU time or money in one of these two.

    answer_once         a plain asynchronous view that answers with an HttpResponse
    answer_request_once a view of DRF that answers with a Response

Both just answer where the header is missing. Both raise IDEMPOTENCY_ERRORS; GuestKeyError for a
guest: the key's scope is the account, and a guarantee that can't be given is refused.
`answer_once` renews its claim for as long as it answers: the key of a process that was killed is
free again `CLAIM_S` later. `answer_request_once` can't, so its `lasts_s` is longer than `answer`
may take. `store_response`: a view whose response is deleted with the object
that it describes passes a function of its own.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.services.idempotency import (
    BadKeyError,
    GuestKeyError,
    IdempotencyClaim,
    KeyInUseError,
    KeyReusedError,
    ResponseExpiredError,
    StoredResponse,
    begin,
    read_key,
    release,
    renew,
    store_response,
)
from stt_web.core.background import BackgroundLoop, finish_anyway

CLAIM_S = 30.0  # six times as long as a client is told to wait before it asks again
REPLAYED_HEADER = "Idempotent-Replayed"
HEADER = "Idempotency-Key"

# What a view that is wrapped raises, for `stt_web.core.documentation.raises`.
IDEMPOTENCY_ERRORS = (
    BadKeyError,
    GuestKeyError,
    KeyInUseError,
    KeyReusedError,
    ResponseExpiredError,
)
StoreResponse = Callable[[IdempotencyClaim, StoredResponse], bool]


def fingerprint_request(operation: str, *asked: object) -> str:
    """Return SHA-256 over all that decides what the answer is."""
    return hashlib.sha256(json.dumps([operation, *asked]).encode()).hexdigest()


async def answer_once(
    request: HttpRequest,
    *,
    owner: User | None,
    fingerprint: str,
    answer: Callable[[], Awaitable[HttpResponse]],
    lasts_s: float = CLAIM_S,
    store_response: StoreResponse = store_response,
) -> HttpResponse:
    """Return what `answer` does, or what it did when this request came before."""
    begun = await finish_anyway(
        sync_to_async(_begin)(
            request.headers.get(HEADER, ""), owner, fingerprint=fingerprint, lasts_s=lasts_s
        ),
        undo=_release,
    )
    if begun is None:
        return await answer()
    if isinstance(begun, StoredResponse):
        return HttpResponse(begun.body, status=begun.status_code, headers=_replayed(begun))
    renewing = BackgroundLoop("idempotency-claim", partial(_renew, begun, lasts_s))
    renewing.start()
    try:
        response = await answer()
        stored = StoredResponse(response.status_code, dict(response.headers), response.content)
        await sync_to_async(_end)(begun, stored, store_response)
    except BaseException:  # also a client that disconnected: the next request goes on
        await asyncio.shield(_release(begun))
        raise
    finally:
        renewing.stop()
    return response


async def _renew(begun: IdempotencyClaim, lasts_s: float) -> None:
    await asyncio.sleep(lasts_s / 3)
    await sync_to_async(renew, thread_sensitive=False)(begun, lasts=timedelta(seconds=lasts_s))


async def _release(begun: IdempotencyClaim | StoredResponse | None) -> None:
    if isinstance(begun, IdempotencyClaim):
        await sync_to_async(release, thread_sensitive=False)(begun)


def answer_request_once(
    request: Request,
    *,
    fingerprint: str,
    lasts_s: float,
    answer: Callable[[], Response],
    store_response: StoreResponse = store_response,
) -> Response:
    """Return what `answer` does, or what it did when this request came before: as JSON."""
    owner = request.user if isinstance(request.user, User) else None
    begun = _begin(request.headers.get(HEADER, ""), owner, fingerprint=fingerprint, lasts_s=lasts_s)
    if begun is None:
        return answer()
    if isinstance(begun, StoredResponse):
        return Response(json.loads(begun.body), status=begun.status_code, headers=_replayed(begun))
    try:
        response = answer()
        # What Content-Type it gets is decided when it is rendered.
        headers = {name: response[name] for name in response.headers if name != "Content-Type"}
        stored = StoredResponse(response.status_code, headers, JSONRenderer().render(response.data))
        _end(begun, stored, store_response)
    except BaseException:
        release(begun)
        raise
    return response


def _begin(
    header: str, owner: User | None, *, fingerprint: str, lasts_s: float
) -> IdempotencyClaim | StoredResponse | None:
    key = read_key(header)
    if not key:
        return None
    if owner is None:
        raise GuestKeyError("Idempotency-Key needs an account: send an API key with it.")
    return begin(owner, key, fingerprint=fingerprint, lasts=timedelta(seconds=lasts_s))


def _end(claim: IdempotencyClaim, answer: StoredResponse, store_response: StoreResponse) -> None:
    if answer.status_code >= 300:
        release(claim)
    else:
        store_response(claim, answer)


def _replayed(stored: StoredResponse) -> dict[str, str]:
    return {**stored.headers, REPLAYED_HEADER: "true"}
