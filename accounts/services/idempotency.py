"""Carrying out a request once, however often it is sent: `Idempotency-Key` (contract, compat).

    BadKeyError (ApiError, 400)           not a key
    KeyInUseError (ApiError, 409)         the same request is still being answered
    KeyReusedError (ApiError, 422)        the key came with another request before
    ResponseExpiredError (ApiError, 409)  what it made was deleted, and the answer with it

For everything that costs: `begin` a request, `renew` the claim while it is worked on, then
`store_response` its answer or `release` the key. Only successful responses are stored. A refusal, a
failure, or a wait that ran out has cost nothing that the next request would pay again, so it is
carried out again. A process that dies in between leaves a claim that runs out. What an answer is
about, and when it must be deleted, is decided by its view.

The race: many requests with one new key. The unique constraint lets one of them in; taking over a
claim that ran out is a compare-and-set on it.
"""

import re
import secrets
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import IdempotencyRecord, User
from stt_web.core.errors import ApiError

RETENTION = timedelta(hours=24)
_PURGED_ROWS = 5000
_RETRY_AFTER_S = 5
# draft-ietf-httpapi-idempotency-key-header: a quoted string. Most clients leave the quotes away.
_KEY = re.compile(r'(?:"([\x20\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255}))\Z')


class BadKeyError(ApiError):
    """The Idempotency-Key is no 1 to 255 printable ASCII characters."""

    code = "invalid_idempotency_key"


class GuestKeyError(BadKeyError):
    """An Idempotency-Key needs an account."""

    code = "idempotency_needs_account"


class KeyInUseError(ApiError):
    """The first request with this Idempotency-Key is still being answered."""

    status = 409
    code = "idempotency_key_in_use"


class KeyReusedError(ApiError):
    """The Idempotency-Key came with another request before."""

    status = 422
    code = "idempotency_key_reused"


class ResponseExpiredError(ApiError):
    """The request was answered before, and its result is deleted."""

    status = 409
    code = "deleted"


@dataclass(frozen=True)
class StoredResponse:
    status_code: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class IdempotencyClaim:
    """The right to answer one request. `record_id` and `claim` are the fence."""

    record_id: int
    claim: str


def read_key(header: str) -> str:
    """Return the key of the header; empty where there is none. Raises BadKeyError."""
    if not header.strip():
        return ""
    match = _KEY.match(header.strip())
    if match is None:
        raise BadKeyError("Idempotency-Key must be 1 to 255 printable ASCII characters.")
    return match[1] or match[2]


def begin(
    owner: User, key: str, *, fingerprint: str, lasts: timedelta, now: datetime | None = None
) -> IdempotencyClaim | StoredResponse:
    """Return the right to carry the request out, or the answer that it had.

    `lasts`: longer than carrying it out, or a pause between two calls of `renew`, may take. At most
    three queries. Raises KeyInUseError,
    KeyReusedError, ResponseExpiredError.
    """
    asked_at = now or timezone.now()
    claim = secrets.token_hex(16)
    fresh = IdempotencyRecord(
        owner=owner,
        key=key,
        fingerprint=fingerprint,
        claim=claim,
        claimed_until=asked_at + lasts,
        created_at=asked_at,
    )
    rows = IdempotencyRecord.objects.filter(owner=owner, key=key)
    rows.filter(created_at__lte=asked_at - RETENTION).delete()
    IdempotencyRecord.objects.bulk_create([fresh], ignore_conflicts=True)
    record = rows.first()
    if record is None:  # released between the two: the request that held it is done
        raise _in_use()
    if record.claim == claim:
        return IdempotencyClaim(record.pk, claim)
    if record.fingerprint != fingerprint:
        raise KeyReusedError("This Idempotency-Key was used for another request before.")
    if record.status_code is not None:
        return _read_answer(record)
    return _take_over(record, claim, lasts=lasts, now=asked_at)


def renew(claim: IdempotencyClaim, *, lasts: timedelta, now: datetime | None = None) -> bool:
    """Hold the claim for `lasts` from now; False if another request took it over (`_take_over`)."""
    held = IdempotencyRecord.objects.filter(pk=claim.record_id, claim=claim.claim, status_code=None)
    return held.update(claimed_until=(now or timezone.now()) + lasts) == 1


def store_response(claim: IdempotencyClaim, answer: StoredResponse) -> bool:
    """Store the response; False if the claim had run out."""
    held = IdempotencyRecord.objects.filter(pk=claim.record_id, claim=claim.claim)
    return (
        held.update(
            status_code=answer.status_code, headers=answer.headers, body=zlib.compress(answer.body)
        )
        == 1
    )


def release(claim: IdempotencyClaim) -> None:
    """Let the key be used again. Idempotent."""
    IdempotencyRecord.objects.filter(
        pk=claim.record_id, claim=claim.claim, status_code=None
    ).delete()


def delete_responses(record_ids: Collection[int]) -> None:
    """Empty these responses, and retain their keys: what they created isn't created again by a late
    repetition. Inside the transaction that deletes it.
    """
    IdempotencyRecord.objects.filter(pk__in=record_ids).update(
        headers={}, body=b"", is_forgotten=True
    )


def purge_answers(*, now: datetime | None = None) -> int:
    """Delete what is older than RETENTION; return how many."""
    old = IdempotencyRecord.objects.filter(created_at__lte=(now or timezone.now()) - RETENTION)
    ids = list(old.values_list("pk", flat=True)[:_PURGED_ROWS])
    return IdempotencyRecord.objects.filter(pk__in=ids).delete()[0]


def _take_over(
    record: IdempotencyRecord, claim: str, *, lasts: timedelta, now: datetime
) -> IdempotencyClaim:
    ran_out = IdempotencyRecord.objects.filter(
        pk=record.pk, claim=record.claim, claimed_until__lte=now, status_code=None
    )
    if not ran_out.update(claim=claim, claimed_until=now + lasts):
        raise _in_use()
    return IdempotencyClaim(record.pk, claim)


def _read_answer(record: IdempotencyRecord) -> StoredResponse:
    if record.is_forgotten:
        raise ResponseExpiredError("This request was answered before, but its result was deleted.")
    return StoredResponse(
        status_code=record.status_code or 200,
        headers=dict(record.headers),
        body=zlib.decompress(bytes(record.body)),
    )


def _in_use() -> KeyInUseError:
    return KeyInUseError(
        "A request with this Idempotency-Key is still being answered.",
        retry_after_s=_RETRY_AFTER_S,
    )
