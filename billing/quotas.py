"""The limits of an account, or of a guest.

The limits are the plan's; an account that holds credits has those of the paid plan wherever they
are larger, on every plan.
"""

from dataclasses import dataclass

from accounts.models import User
from billing.anonymous import (
    count_anonymous_use,
    lock_address,
    move_anonymous_use,
    return_anonymous_use,
)
from billing.models import Plan
from billing.plans import ANONYMOUS_PLAN, PAID_PLAN, account_for, lock_account_for

__all__ = [
    "Limits",
    "account_for",
    "count_anonymous_use",
    "limits_for",
    "lock_account_for",
    "lock_address",
    "move_anonymous_use",
    "return_anonymous_use",
]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """0 means no limit. `daily_transcriptions` applies to guests only."""

    plan_id: str
    max_file_bytes: int
    concurrency: int
    daily_transcriptions: int
    requests_per_minute: int
    text_requests_per_minute: int = 0
    is_metered: bool


def limits_for(user: User | None) -> Limits:
    """Return the limits of `user`, or of a guest (None). One query, two with credits."""
    if user is None:
        return _limits_of(Plan.objects.get(pk=ANONYMOUS_PLAN))
    account = account_for(user)
    limits = _limits_of(account.plan)
    if account.credits_available == 0 or account.plan_id == PAID_PLAN:
        return limits
    return _widen(limits, by=_limits_of(Plan.objects.get(pk=PAID_PLAN)))


def _limits_of(plan: Plan) -> Limits:
    return Limits(
        plan_id=plan.pk,
        max_file_bytes=plan.max_file_bytes,
        concurrency=plan.concurrency,
        daily_transcriptions=plan.daily_transcriptions,
        requests_per_minute=plan.requests_per_minute,
        text_requests_per_minute=plan.text_requests_per_minute,
        is_metered=plan.is_metered,
    )


def _widen(own: Limits, *, by: Limits) -> Limits:
    return Limits(
        plan_id=own.plan_id,
        max_file_bytes=_wider(own.max_file_bytes, by.max_file_bytes),
        concurrency=_wider(own.concurrency, by.concurrency),
        daily_transcriptions=own.daily_transcriptions,
        requests_per_minute=_wider(own.requests_per_minute, by.requests_per_minute),
        text_requests_per_minute=_wider(own.text_requests_per_minute, by.text_requests_per_minute),
        is_metered=own.is_metered,
    )


def _wider(one: int, other: int) -> int:
    return 0 if 0 in (one, other) else max(one, other)
