"""The ledger: every minute that is set aside, charged or given back, and what proves it.

    hold ──extend──► hold ──► settlement (the audio's minutes are charged, the rest is released)
                        └───► release    (everything goes back)

How one job splits: a hold takes minutes of the month's allowance first and credits for the rest; so
does each extension, from the month in which the hold was placed, also after that month is over.
What goes back goes back in reverse, credits first, so that a job that turns out shorter costs
minutes rather than credits. A settlement never charges more than was held.

Where use isn't metered, holds are placed and settled all the same, for the record of use, with
nothing in them: they are never refused and cost nothing.

Each movement happens at most once, however often it is repeated: a hold's reference is unique, its
extension names the total that it should reach, and it is closed by compare-and-set. Each movement
is one transaction (or part of the caller's): the `LedgerEntry`, and the cached balance that is
moved by an update that can't go below zero. On PostgreSQL the account's row is locked first, so
that movements of one account queue up instead of failing; SQLite has one writer anyway. Callers
that also lock a row of their own do that before they come here.

    NoCreditsError (ApiError, 402)      not enough left; nothing was moved
    HoldNotFoundError (LookupError)     nothing was ever held under this reference
    ReferenceTakenError (ValueError)    the reference belongs to another movement
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing.allowances import month_of, open_allowance
from billing.models import (
    Allowance,
    BillingAccount,
    Bucket,
    EntryKind,
    Hold,
    HoldState,
    LedgerEntry,
)
from stt_web.core.errors import ApiError

_MINUTE_MS = 60_000


class NoCreditsError(ApiError):
    """Neither minutes of the month nor credits are left for this; the body states the balance."""

    status = 402
    code = "no_credits"


class HoldNotFoundError(LookupError):
    pass


class ReferenceTakenError(ValueError):
    pass


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What a job cost: `minutes` in all, `credits` of them paid with credits."""

    minutes: int
    credits: int
    allowance_minutes: int


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What an account may spend now, holds taken off. `minutes_left`: of this month's allowance."""

    credits: int
    minutes_left: int
    is_metered: bool

    @property
    def spendable(self) -> int:
        """Both in all: a minute of the monthly allowance counts like a credit."""
        return self.credits + self.minutes_left


@dataclass(frozen=True, kw_only=True)
class _Share:
    """Minutes, by where they come from."""

    allowance: int
    credits: int


def minutes_for(duration_ms: int) -> int:
    """Started minutes: 60,000 ms are 1, 60,001 ms are 2."""
    return -(-duration_ms // _MINUTE_MS)


def place_hold(
    reference: str,
    *,
    account: BillingAccount,
    minutes: int,
    kind: str = "file",
    now: datetime | None = None,
) -> Hold:
    """Set `minutes` aside for the job `reference`; `kind`: file, live or ai.

    Placed before under this reference: that hold, in any state; nothing moves. A job
    that is run again after its hold was closed needs a reference of its own.
    Raises NoCreditsError, ReferenceTakenError (it is another account's).
    """
    placed_at = now or timezone.now()
    with transaction.atomic():
        locked = _lock_account(account.pk)
        hold = Hold.objects.filter(reference=reference).first()
        if hold is not None:
            if hold.account_id != locked.pk:
                raise ReferenceTakenError(f"The hold {reference} is another account's.")
            return hold
        return place_new_hold(reference, locked=locked, minutes=minutes, kind=kind, now=placed_at)


def place_new_hold(
    reference: str, *, locked: BillingAccount, minutes: int, now: datetime, kind: str = "file"
) -> Hold:
    """`place_hold` for a reference that is new, by a caller that has locked the account.

    `locked`: with its plan, as read under the lock (`plans.lock_account_for`). Four statements, two
    where use isn't metered. Raises NoCreditsError.
    """
    allowance = _allowance_of(locked, held_at=now, now=now)
    share = _take(locked, allowance=allowance, minutes=minutes)
    hold = Hold.objects.create(
        reference=reference,
        account=locked,
        allowance=allowance,
        allowance_minutes=share.allowance,
        credit_minutes=share.credits,
        kind=kind,
        created_at=now,
    )
    taken = _Share(allowance=-share.allowance, credits=-share.credits)
    _write_entries(hold, taken, kind=EntryKind.HOLD, reference=reference, now=now)
    return hold


def extend_hold(reference: str, *, total_minutes: int, now: datetime | None = None) -> bool:
    """Make the hold cover `total_minutes` in all; False, and nothing moved, where that is refused.

    Refused: not enough left, or the hold is closed. True at once if it covers that already, so a
    worker that doesn't know whether it asked before asks again.
    Raises HoldNotFoundError.
    """
    try:
        with transaction.atomic():
            return _extend(_lock_hold(reference), total_minutes, now=now or timezone.now())
    except NoCreditsError:
        return False


def settle_hold(reference: str, *, billed_ms: int, now: datetime | None = None) -> Charge:
    """Charge the started minutes of `billed_ms`, at most what is held; the rest goes back.

    Closed before: what it cost then; nothing moves. Raises HoldNotFoundError.
    """
    settled_at = now or timezone.now()
    with transaction.atomic():
        hold = _lock_hold(reference)
        if hold.state != HoldState.HELD:
            return _charge_of(hold)
        held = hold.allowance_minutes + hold.credit_minutes
        charged = min(minutes_for(billed_ms), held)
        hold.settled_allowance_minutes = min(charged, hold.allowance_minutes)
        hold.settled_credit_minutes = charged - hold.settled_allowance_minutes
        hold.billed_ms = billed_ms
        _close(hold, state=HoldState.SETTLED, kind=EntryKind.SETTLEMENT, now=settled_at)
        return _charge_of(hold)


def release_hold(reference: str, *, now: datetime | None = None) -> bool:
    """Give everything back; False where nothing was held (any more) under this reference."""
    with transaction.atomic():
        try:
            hold = _lock_hold(reference)
        except HoldNotFoundError:
            return False
        if hold.state != HoldState.HELD:
            return False
        _close(hold, state=HoldState.RELEASED, kind=EntryKind.RELEASE, now=now or timezone.now())
        return True


def grant_credits(
    account: BillingAccount,
    *,
    amount: int,
    reference: str,
    reason: str,
    kind: EntryKind = EntryKind.GRANT,
    now: datetime | None = None,
) -> bool:
    """Add credits, once for each `reference` (of its kind): False if that was done before.

    Raises ValueError for an amount below 1, ReferenceTakenError where the reference stands for
    another account or amount.
    """
    if amount < 1:
        raise ValueError(f"{amount} credits can't be granted: it must be 1 or more.")
    with transaction.atomic():
        locked = _lock_account(account.pk)
        entry, is_new = LedgerEntry.objects.get_or_create(
            reference=reference,
            kind=kind,
            bucket=Bucket.CREDITS,
            defaults={
                "account": locked,
                "amount": amount,
                "reason": reason,
                "created_at": now or timezone.now(),
            },
        )
        if (entry.account_id, entry.amount) != (locked.pk, amount):
            raise ReferenceTakenError(f"{reference} stands for another grant.")
        if is_new:
            _move_credits(locked, amount)
        return is_new


def read_balance(account: BillingAccount, *, now: datetime | None = None) -> Balance:
    """What `account` may spend at this moment. Two queries; writes nothing."""
    fresh = BillingAccount.objects.select_related("plan").get(pk=account.pk)
    month = month_of(now or timezone.now())
    allowance = Allowance.objects.filter(account=fresh, month=month).first()
    # An allowance that isn't opened yet, or that the plan has outgrown, counts as it will be.
    granted, left = (
        (allowance.minutes_granted, allowance.minutes_available) if allowance else (0, 0)
    )
    return Balance(
        credits=fresh.credits_available,
        minutes_left=left + max(0, fresh.plan.monthly_minutes - granted),
        is_metered=fresh.plan.is_metered,
    )


def _lock_account(account_id: UUID) -> BillingAccount:
    return (
        BillingAccount.objects.select_for_update(of=("self",))
        .select_related("plan")
        .get(pk=account_id)
    )


def _lock_hold(reference: str) -> Hold:
    """Lock the hold and its account; both, so that movements of an account queue up."""
    hold = (
        Hold.objects.select_for_update(of=("self", "account"))
        .select_related("account__plan")
        .filter(reference=reference)
        .first()
    )
    if hold is None:
        raise HoldNotFoundError(f"Nothing was ever held for {reference}.")
    return hold


def _allowance_of(account: BillingAccount, *, held_at: datetime, now: datetime) -> Allowance | None:
    if not account.plan.is_metered:
        return None
    return open_allowance(account, month=month_of(held_at), now=now)


def _take(account: BillingAccount, *, allowance: Allowance | None, minutes: int) -> _Share:
    """Take `minutes` off the cached balances, or raise NoCreditsError before any change."""
    if not account.plan.is_metered:
        return _Share(allowance=0, credits=0)
    left = allowance.minutes_available if allowance else 0
    share = _Share(allowance=min(minutes, left), credits=minutes - min(minutes, left))
    if share.credits > account.credits_available:
        raise _refusal(minutes, credits_left=account.credits_available, minutes_left=left)
    if allowance and share.allowance:
        _move_minutes(allowance.pk, -share.allowance)
    if share.credits:
        _move_credits(account, -share.credits)
    return share


def _move_credits(account: BillingAccount, amount: int) -> None:
    """Move the cached balance; the condition holds where no lock does (and outlives mistakes)."""
    moved = BillingAccount.objects.filter(
        pk=account.pk, credits_available__gte=max(0, -amount)
    ).update(credits_available=F("credits_available") + amount)
    if moved != 1:
        raise _refusal(-amount, credits_left=account.credits_available, minutes_left=0)


def _move_minutes(allowance_id: int, amount: int) -> None:
    moved = Allowance.objects.filter(
        pk=allowance_id, minutes_available__gte=max(0, -amount)
    ).update(minutes_available=F("minutes_available") + amount)
    if moved != 1:
        raise _refusal(-amount, credits_left=0, minutes_left=0)


def _refusal(minutes: int, *, credits_left: int, minutes_left: int) -> NoCreditsError:
    return NoCreditsError(
        f"This needs {minutes} min, but your account has {minutes_left} min of this month and"
        f" {credits_left} credits left.",
        extra={"credits": credits_left, "minutes_left": minutes_left, "minutes_needed": minutes},
    )


def _extend(hold: Hold, total_minutes: int, *, now: datetime) -> bool:
    missing = total_minutes - hold.allowance_minutes - hold.credit_minutes
    if hold.state != HoldState.HELD:
        return False
    if missing <= 0 or not hold.account.plan.is_metered:
        return True
    allowance = _allowance_of(hold.account, held_at=hold.created_at, now=now)
    share = _take(hold.account, allowance=allowance, minutes=missing)
    hold.allowance = hold.allowance or allowance
    hold.allowance_minutes += share.allowance
    hold.credit_minutes += share.credits
    hold.extensions += 1
    hold.save(update_fields=["allowance", "allowance_minutes", "credit_minutes", "extensions"])
    taken = _Share(allowance=-share.allowance, credits=-share.credits)
    reference = f"{hold.reference}:{hold.extensions + 1}"
    _write_entries(hold, taken, kind=EntryKind.HOLD, reference=reference, now=now)
    return True


def _close(hold: Hold, *, state: HoldState, kind: EntryKind, now: datetime) -> None:
    """Close a held hold by compare-and-set, and give back what wasn't settled."""
    moved = Hold.objects.filter(pk=hold.pk, state=HoldState.HELD).update(
        state=state,
        closed_at=now,
        billed_ms=hold.billed_ms,
        settled_allowance_minutes=hold.settled_allowance_minutes,
        settled_credit_minutes=hold.settled_credit_minutes,
    )
    if moved != 1:
        raise RuntimeError(f"The hold {hold.reference} was closed under its lock.")
    returned = _Share(
        allowance=hold.allowance_minutes - hold.settled_allowance_minutes,
        credits=hold.credit_minutes - hold.settled_credit_minutes,
    )
    if returned.credits:
        _move_credits(hold.account, returned.credits)
    if hold.allowance_id and returned.allowance:
        _move_minutes(hold.allowance_id, returned.allowance)
    _write_entries(hold, returned, kind=kind, reference=hold.reference, now=now)


def _write_entries(
    hold: Hold, share: _Share, *, kind: EntryKind, reference: str, now: datetime
) -> None:
    """Write a movement down: one entry for each bucket that the hold has a part in."""
    parts = [
        (Bucket.CREDITS, share.credits, None, hold.credit_minutes),
        (Bucket.ALLOWANCE, share.allowance, hold.allowance_id, hold.allowance_minutes),
    ]
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            account_id=hold.account_id,
            bucket=bucket,
            allowance_id=allowance_id,
            hold=hold,
            kind=kind,
            amount=amount,
            reference=reference,
            created_at=now,
        )
        for bucket, amount, allowance_id, held in parts
        if amount or (held and kind == EntryKind.SETTLEMENT)
    )


def _charge_of(hold: Hold) -> Charge:
    return Charge(
        minutes=hold.settled_allowance_minutes + hold.settled_credit_minutes,
        credits=hold.settled_credit_minutes,
        allowance_minutes=hold.settled_allowance_minutes,
    )
