"""GET /api/v1/usage/: 30 days by day, every one there."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from billing.ledger import grant_credits, place_hold, release_hold, settle_hold
from billing.models import BillingAccount
from billing.plans import account_for, change_plan
from billing.usage import read_daily_usage
from tests.accounts.people import Person, create_person

URL = "/api/v1/usage/"
# An hour that belongs to three different days in the zones below.
MIDNIGHT = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)

pytestmark = pytest.mark.database


def use(
    account: BillingAccount, reference: str, *, minutes: int, kind: str = "file", at: datetime
) -> None:
    place_hold(reference, account=account, minutes=minutes, kind=kind, now=at)
    settle_hold(reference, billed_ms=minutes * 60_000, now=at)


def test_a_new_account_has_thirty_empty_days(owner: Person) -> None:
    usage = owner.client.get(URL).json()
    today = timezone.now().date()
    assert [day["date"] for day in usage["days"]] == [
        str(today - timedelta(days=ago)) for ago in reversed(range(30))
    ]
    nothing = {"minutes": 0, "jobs": 0, "credits": 0}
    assert usage["totals"] == {**nothing, "by_kind": dict.fromkeys(["file", "live", "ai"], nothing)}
    assert all({**day, "date": None} == {"date": None, **usage["totals"]} for day in usage["days"])


def test_what_was_used_stands_at_its_day_by_kind(owner: Person) -> None:
    account = account_for(owner.user)
    grant_credits(account, amount=5, reference="gift", reason="test")
    change_plan(account, plan_id="paid")
    now = timezone.now()
    use(account, "a", minutes=2, at=now)
    use(account, "b", minutes=1, at=now)
    use(account, "c", minutes=1, kind="live", at=now - timedelta(days=1))
    place_hold("running", account=account, minutes=1)
    usage = owner.client.get(URL).json()
    today, yesterday = usage["days"][-1], usage["days"][-2]
    assert today["by_kind"]["file"] == {"minutes": 3, "jobs": 2, "credits": 3}
    assert yesterday["by_kind"]["live"] == {"minutes": 1, "jobs": 1, "credits": 1}
    totals = {name: usage["totals"][name] for name in ("minutes", "jobs", "credits")}
    assert totals == {"minutes": 4, "jobs": 3, "credits": 4}


def test_minutes_of_the_month_are_used_and_cost_no_credits(owner: Person) -> None:
    use(account_for(owner.user), "a", minutes=2, at=timezone.now())
    totals = owner.client.get(URL).json()["totals"]
    assert (totals["minutes"], totals["credits"]) == (2, 0)


def test_use_that_is_not_metered_is_shown_as_recorded(owner: Person) -> None:
    account = account_for(owner.user)
    change_plan(account, plan_id="local")
    use(account, "a", minutes=3, at=timezone.now())
    totals = owner.client.get(URL).json()["totals"]
    assert (totals["minutes"], totals["jobs"], totals["credits"]) == (3, 1, 0)


def test_what_was_released_was_not_used(owner: Person) -> None:
    place_hold("job", account=account_for(owner.user), minutes=3)
    release_hold("job")
    assert owner.client.get(URL).json()["totals"]["jobs"] == 0


def test_another_users_use_is_theirs(owner: Person) -> None:
    outsider = create_person("outsider@example.com")
    use(account_for(outsider.user), "job", minutes=1, at=timezone.now())
    assert owner.client.get(URL).json()["totals"]["jobs"] == 0


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("UTC", date(2026, 3, 29)),
        ("America/New_York", date(2026, 3, 28)),
        ("Europe/Prague", date(2026, 3, 29)),
        ("Pacific/Kiritimati", date(2026, 3, 29)),
    ],
)
def test_a_day_is_the_accounts_own(owner: Person, zone: str, day: date) -> None:
    account = account_for(owner.user)
    use(account, "job", minutes=1, at=MIDNIGHT)
    days, _ = read_daily_usage(account, time_zone=zone, now=MIDNIGHT)
    assert [when for when, period in days.items() if period.total.jobs] == [day]
    assert list(days)[-1] == day


def test_the_thirty_first_day_back_is_not_shown(owner: Person) -> None:
    account = account_for(owner.user)
    prague = ZoneInfo("Europe/Prague")  # where a day of these thirty has 23 hours
    now = datetime(2026, 4, 10, 12, tzinfo=prague)
    first = datetime(2026, 3, 12, 0, 0, tzinfo=prague)
    use(account, "in", minutes=1, at=first)
    use(account, "out", minutes=1, at=first - timedelta(milliseconds=1))
    days, totals = read_daily_usage(account, time_zone="Europe/Prague", now=now)
    assert (len(days), totals.total.jobs) == (30, 1)
    assert days[date(2026, 3, 12)].total.jobs == 1


def test_usage_takes_the_same_queries_with_any_history(
    owner: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    account = account_for(owner.user)
    owner.client.get(URL)
    for ago in range(3):
        with django_assert_num_queries(4):  # the plan, the requests a minute, the account, use
            owner.client.get(URL)
        for number in range(5):
            moment = timezone.now() - timedelta(days=ago)
            use(account, f"job-{ago}-{number}", minutes=1, at=moment)
