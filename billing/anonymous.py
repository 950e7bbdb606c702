"""Guests: how often each network address was served on a UTC day.

The address itself is not stored; its digest (`accounts.client_address`) is what is counted.
"""

from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction
from django.db.models import F

from accounts.client_address import digest_address
from billing.models import AnonymousUse, Plan
from billing.plans import ANONYMOUS_PLAN
from stt_web.core.errors import ApiError

_DAY_S = 86_400


class AnonymousLimitError(ApiError):
    """This address had its share of the day; free again at midnight UTC."""

    status = 429
    code = "anonymous_limit"


def count_anonymous_use(address: str, *, now: datetime) -> str:
    """Count one use of `address` on the UTC day of `now`; return the address's digest.

    Raises AnonymousLimitError, and counts nothing, where the day's share is used up. Of several at
    once, no more than the limit get through: one conditional update each.
    """
    limit = Plan.objects.values_list("daily_transcriptions", flat=True).get(pk=ANONYMOUS_PLAN)
    digest = digest_address(address)
    day = _utc_day(now)
    with transaction.atomic():
        _have_row(digest, day)
        counted = AnonymousUse.objects.filter(
            address_digest=digest, day=day, count__lt=limit
        ).update(count=F("count") + 1)
    if counted == 0:
        raise _refusal(limit, now)
    return digest


def lock_address(address_digest: str, *, now: datetime) -> None:
    """Hold the address's row of the day, as counting a use does, until the transaction ends."""
    day = _utc_day(now)
    _have_row(address_digest, day)
    AnonymousUse.objects.select_for_update().get(address_digest=address_digest, day=day)


def move_anonymous_use(address_digest: str, *, counted_at: datetime, now: datetime) -> None:
    """Have a use that was counted at `counted_at` count on the UTC day of `now`, full or not: what
    began before midnight ends after it. Holds the day's row until the transaction ends.
    """
    lock_address(address_digest, now=now)
    if _utc_day(counted_at) == _utc_day(now):
        return
    return_anonymous_use(address_digest, counted_at=counted_at)
    AnonymousUse.objects.filter(address_digest=address_digest, day=_utc_day(now)).update(
        count=F("count") + 1
    )


def return_anonymous_use(address_digest: str, *, counted_at: datetime) -> None:
    """Give one use back: a transcription that fails costs nothing.

    `counted_at`: the `now` that it was counted with. Call it once for each use, from the
    transition that makes the job fail; the count never goes below zero.
    """
    AnonymousUse.objects.filter(
        address_digest=address_digest, day=_utc_day(counted_at), count__gt=0
    ).update(count=F("count") - 1)


def purge_anonymous_use(*, before: date) -> int:
    """Delete the counts of days before `before`; return how many there were."""
    deleted, _ = AnonymousUse.objects.filter(day__lt=before).delete()
    return deleted


def _have_row(digest: str, day: date) -> None:
    AnonymousUse.objects.bulk_create(
        [AnonymousUse(address_digest=digest, day=day)], ignore_conflicts=True
    )


def _refusal(limit: int, now: datetime) -> AnonymousLimitError:
    midnight = datetime.combine(_utc_day(now) + timedelta(days=1), time.min, UTC)
    wait_s = max(1, -int((now - midnight).total_seconds() // 1))
    return AnonymousLimitError(
        f"You've used today's {limit} free transcriptions. Sign up to continue (free), or come back"
        " tomorrow.",
        retry_after_s=wait_s,
        headers={
            "RateLimit-Policy": f'"anonymous";q={limit};w={_DAY_S}',
            "RateLimit": f'"anonymous";r=0;t={wait_s}',
        },
    )


def _utc_day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
