"""What was charged, one line a recording; and who knows what the recordings are called.

`billing` may not know transcripts, so they register how theirs are named (`AppConfig.ready`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import User
from billing.models import BillingAccount, Hold, HoldState


@dataclass(frozen=True)
class NamedRecording:
    title: str
    address: str  # of its page


# Of the references of holds: what has no name any more (deleted) is left out.
Namer = Callable[[User, Sequence[str]], dict[str, NamedRecording]]
_namers: list[Namer] = []


@dataclass(frozen=True, kw_only=True)
class RecordingCharge:
    """`minutes` that were charged, of which `credits` were paid with credits; while it is worked
    on, what is reserved. `recording`: None once it is deleted. `length_ms`: of its audio."""

    at: datetime
    length_ms: int
    kind: str
    recording: NamedRecording | None
    minutes: int
    credits: int
    is_open: bool
    is_free: bool


def register_namer(namer: Namer) -> None:
    _namers.append(namer)


def list_holds(account: BillingAccount) -> QuerySet[Hold]:
    """Return a row for each job that was to be paid for, the last one first."""
    return account.holds.order_by("-created_at", "-pk")


def describe_charges(user: User, holds: Sequence[Hold]) -> list[RecordingCharge]:
    """Return what each cost; one query for each application that names recordings."""
    references = [hold.reference for hold in holds]
    named: dict[str, NamedRecording] = {}
    for namer in _namers:
        named |= namer(user, references)
    return [_describe(hold, named.get(hold.reference)) for hold in holds]


def _describe(hold: Hold, recording: NamedRecording | None) -> RecordingCharge:
    is_open = hold.state == HoldState.HELD
    credits = hold.credit_minutes if is_open else hold.settled_credit_minutes
    free = hold.allowance_minutes if is_open else hold.settled_allowance_minutes
    is_released = hold.state == HoldState.RELEASED
    return RecordingCharge(
        at=hold.created_at,
        length_ms=hold.billed_ms,
        kind=hold.kind,
        recording=recording,
        minutes=0 if is_released else credits + free,
        credits=0 if is_released else credits,
        is_open=is_open,
        is_free=is_released or credits + free == 0,
    )
