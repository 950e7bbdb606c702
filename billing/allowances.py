"""The free minutes of a month (UTC): opened when they are first needed."""

from datetime import UTC, date, datetime

from django.db.models import F

from billing.models import Allowance, BillingAccount, Bucket, EntryKind, LedgerEntry


def month_of(moment: datetime) -> date:
    """The first day of the moment's month, in UTC."""
    return moment.astimezone(UTC).date().replace(day=1)


def open_allowance(account: BillingAccount, *, month: date, now: datetime) -> Allowance | None:
    """Return the month's allowance of a locked account; None where its plan has no free minutes.

    Made, and granted in the ledger, where there is none. A plan that has grown since adds the
    difference. The caller holds the account's lock, so no one else creates it concurrently.
    """
    granted = account.plan.monthly_minutes
    allowance = Allowance.objects.filter(account=account, month=month).first()
    if allowance is None:
        if granted == 0:
            return None
        allowance = Allowance.objects.create(
            account=account, month=month, minutes_granted=0, minutes_available=0
        )
    if allowance.minutes_granted < granted:
        _grant_minutes(allowance, up_to=granted, now=now)
    return allowance


def _grant_minutes(allowance: Allowance, *, up_to: int, now: datetime) -> None:
    missing = up_to - allowance.minutes_granted
    Allowance.objects.filter(pk=allowance.pk).update(
        minutes_granted=F("minutes_granted") + missing,
        minutes_available=F("minutes_available") + missing,
    )
    LedgerEntry.objects.create(
        account_id=allowance.account_id,
        bucket=Bucket.ALLOWANCE,
        allowance=allowance,
        kind=EntryKind.ALLOWANCE,
        amount=missing,
        reference=f"{allowance.account_id}:{allowance.month:%Y-%m}:{up_to}",
        created_at=now,
    )
    allowance.minutes_granted += missing
    allowance.minutes_available += missing
