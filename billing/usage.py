"""What an account used: by day in its own time zone, and in the month so far.

A job belongs to the day on which it was accepted, like its charge. What was released (failed, or
cancelled before any text) was not used.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, F, IntegerField, QuerySet, Sum, When
from django.db.models.functions import TruncDate

from billing.allowances import month_of
from billing.models import BillingAccount, Hold, HoldState

DAYS = 30
KINDS = ("file", "live", "ai")


@dataclass
class Usage:
    """`minutes`: charged, or (not metered) transcribed; `credits`: those of them paid with
    credits."""

    minutes: int = 0
    jobs: int = 0
    credits: int = 0

    def add(self, *, minutes: int, jobs: int, credits: int) -> None:
        self.minutes += minutes
        self.jobs += jobs
        self.credits += credits


@dataclass
class Period:
    """What was used in all, and of each kind."""

    total: Usage = field(default_factory=Usage)
    by_kind: dict[str, Usage] = field(default_factory=lambda: {kind: Usage() for kind in KINDS})

    def add(self, kind: str, *, minutes: int, jobs: int, credits: int) -> None:
        for usage in (self.total, self.by_kind.setdefault(kind, Usage())):
            usage.add(minutes=minutes, jobs=jobs, credits=credits)


def read_daily_usage(
    account: BillingAccount, *, time_zone: str, now: datetime
) -> tuple[dict[date, Period], Period]:
    """Return the last 30 days, today included, oldest first, every one there; and their sum.

    One query for any history: the database groups.
    """
    zone = ZoneInfo(time_zone)
    days = {day: Period() for day in _last_days(now.astimezone(zone).date())}
    sum_of_days = Period()
    first = datetime.combine(next(iter(days)), time.min, zone)
    used = (
        _settled(account, since=first)
        .annotate(day=TruncDate("created_at", tzinfo=zone))
        .values("day", "kind")
        .annotate(
            minutes=Sum(_minutes_of_a_hold()),
            jobs=Count("pk"),
            credits=Sum("settled_credit_minutes"),
        )
        .order_by()
    )
    for row in used:
        figures = {name: row[name] for name in ("minutes", "jobs", "credits")}
        if row["day"] in days:  # a clock that is ahead of ours may have made tomorrow's
            days[row["day"]].add(row["kind"], **figures)
            sum_of_days.add(row["kind"], **figures)
    return days, sum_of_days


def count_minutes_used(account: BillingAccount, *, now: datetime) -> int:
    """Minutes used in the UTC month of `now`, by allowance and credits together. One query."""
    first = datetime.combine(month_of(now), time.min, ZoneInfo("UTC"))
    used = _settled(account, since=first).aggregate(minutes=Sum(_minutes_of_a_hold()))
    return used["minutes"] or 0


def _settled(account: BillingAccount, *, since: datetime) -> QuerySet[Hold]:
    return Hold.objects.filter(account=account, state=HoldState.SETTLED, created_at__gte=since)


def _minutes_of_a_hold() -> Case:
    """What was charged; where use isn't metered, what was transcribed."""
    return Case(
        When(allowance_minutes=0, credit_minutes=0, then=(F("billed_ms") + 59_999) / 60_000),
        default=F("settled_allowance_minutes") + F("settled_credit_minutes"),
        output_field=IntegerField(),
    )


def _last_days(today: date) -> Iterator[date]:
    for ago in reversed(range(DAYS)):
        yield today - timedelta(days=ago)
