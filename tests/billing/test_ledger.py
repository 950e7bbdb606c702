"""Money follows results: what a job costs, on every way that it can go."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from billing.audit import check_ledger
from billing.ledger import (
    Charge,
    HoldNotFoundError,
    NoCreditsError,
    ReferenceTakenError,
    extend_hold,
    grant_credits,
    minutes_for,
    place_hold,
    read_balance,
    release_hold,
    settle_hold,
)
from billing.models import BillingAccount, Bucket, EntryKind, Hold, HoldState, LedgerEntry
from tests.billing.conftest import MakeAccount

JANUARY = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 1, 0, 1, tzinfo=UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def left_of(account: BillingAccount, *, now: datetime | None = None) -> tuple[int, int]:
    """(credits, minutes of the month) that are left."""
    balance = read_balance(account, now=now)
    return balance.credits, balance.minutes_left


@pytest.fixture(autouse=True)
def _ledger_adds_up(db: None) -> object:
    """After each test every balance is the sum of its entries."""
    yield
    assert check_ledger() == []


@pytest.mark.parametrize(
    ("duration_ms", "minutes"),
    [(0, 0), (1, 1), (59_999, 1), (60_000, 1), (60_001, 2), (120_000, 2), (36_000_000, 600)],
)
def test_a_started_minute_counts_as_one(duration_ms: int, minutes: int) -> None:
    assert minutes_for(duration_ms) == minutes


@pytest.mark.parametrize(("billed_ms", "credits_left"), [(60_000, 9), (60_001, 8)])
def test_sixty_seconds_cost_one_credit_and_a_millisecond_more_costs_two(
    make_account: MakeAccount, billed_ms: int, credits_left: int
) -> None:
    account = make_account(credits=10)
    place_hold("job", account=account, minutes=5)
    settle_hold("job", billed_ms=billed_ms)
    assert left_of(account) == (credits_left, 0)


def test_a_hold_takes_the_months_minutes_before_credits(make_account: MakeAccount) -> None:
    account = make_account(credits=10, minutes=3)
    hold = place_hold("job", account=account, minutes=5)
    assert (hold.allowance_minutes, hold.credit_minutes) == (3, 2)
    assert left_of(account) == (8, 0)


def test_what_was_not_transcribed_goes_back_credits_first(make_account: MakeAccount) -> None:
    account = make_account(credits=10, minutes=3)
    place_hold("job", account=account, minutes=5)
    charge = settle_hold("job", billed_ms=3_500 + 60_000)
    assert charge == Charge(minutes=2, credits=0, allowance_minutes=2)
    assert left_of(account) == (10, 1)


def test_a_settlement_never_exceeds_what_was_held(make_account: MakeAccount) -> None:
    account = make_account(credits=10)
    place_hold("job", account=account, minutes=2)
    assert settle_hold("job", billed_ms=600_000).minutes == 2
    assert left_of(account) == (8, 0)


def test_every_settlement_is_written_down_also_where_nothing_goes_back(
    make_account: MakeAccount,
) -> None:
    account = make_account(credits=10, minutes=2)
    place_hold("job", account=account, minutes=3)
    settle_hold("job", billed_ms=180_000)
    written = account.entries.filter(reference="job").order_by("kind", "bucket")
    assert list(written.values_list("kind", "bucket", "amount")) == [
        (EntryKind.HOLD, Bucket.ALLOWANCE, -2),
        (EntryKind.HOLD, Bucket.CREDITS, -1),
        (EntryKind.SETTLEMENT, Bucket.ALLOWANCE, 0),
        (EntryKind.SETTLEMENT, Bucket.CREDITS, 0),
    ]


def test_a_release_gives_everything_back(make_account: MakeAccount) -> None:
    account = make_account(credits=10, minutes=3)
    place_hold("job", account=account, minutes=5)
    assert release_hold("job")
    assert left_of(account) == (10, 3)


def test_nothing_moves_when_a_hold_is_refused(make_account: MakeAccount) -> None:
    account = make_account(credits=1, minutes=3)
    with pytest.raises(NoCreditsError) as refusal:
        place_hold("job", account=account, minutes=5)
    assert refusal.value.status == 402
    assert refusal.value.extra == {"credits": 1, "minutes_left": 3, "minutes_needed": 5}
    assert left_of(account) == (1, 3)
    assert not Hold.objects.filter(reference="job").exists()


def test_a_refusal_leaves_the_callers_transaction_usable(make_account: MakeAccount) -> None:
    account = make_account(credits=1)
    with transaction.atomic():
        with pytest.raises(NoCreditsError):
            place_hold("too-long", account=account, minutes=2)
        place_hold("short", account=account, minutes=1)
    assert left_of(account) == (0, 0)


def test_a_hold_is_undone_with_the_callers_transaction(make_account: MakeAccount) -> None:
    account = make_account(credits=10)

    def submit() -> None:
        with transaction.atomic():
            place_hold("job", account=account, minutes=5)
            raise ZeroDivisionError  # before the transcript was stored

    with pytest.raises(ZeroDivisionError):
        submit()
    assert left_of(account) == (10, 0)


def test_each_movement_happens_once_however_often_it_is_asked_for(
    make_account: MakeAccount,
) -> None:
    account = make_account(credits=10)
    for _ in range(2):
        place_hold("job", account=account, minutes=2)
        assert extend_hold("job", total_minutes=3)
    assert left_of(account) == (7, 0)
    assert settle_hold("job", billed_ms=60_000) == settle_hold("job", billed_ms=180_000)
    assert not release_hold("job")
    assert left_of(account) == (9, 0)


def test_a_settlement_after_a_release_costs_nothing(make_account: MakeAccount) -> None:
    account = make_account(credits=10)
    place_hold("job", account=account, minutes=2)
    release_hold("job")
    assert settle_hold("job", billed_ms=60_000).minutes == 0
    assert left_of(account) == (10, 0)


def test_an_extension_is_split_like_a_hold_and_goes_back_in_reverse(
    make_account: MakeAccount,
) -> None:
    account = make_account(credits=10, minutes=4)
    place_hold("job", account=account, minutes=2)
    assert extend_hold("job", total_minutes=5)
    assert extend_hold("job", total_minutes=7)
    assert left_of(account) == (7, 0)
    settle_hold("job", billed_ms=300_000)
    assert left_of(account) == (9, 0)


def test_an_extension_to_what_is_held_or_less_moves_nothing(make_account: MakeAccount) -> None:
    account = make_account(credits=10, minutes=1)
    place_hold("job", account=account, minutes=4)
    assert extend_hold("job", total_minutes=4)
    assert extend_hold("job", total_minutes=2)
    assert left_of(account) == (7, 0)


def test_a_refused_extension_leaves_the_hold_as_it_was(make_account: MakeAccount) -> None:
    account = make_account(credits=3)
    place_hold("job", account=account, minutes=2)
    assert not extend_hold("job", total_minutes=4)
    assert left_of(account) == (1, 0)
    assert settle_hold("job", billed_ms=600_000).minutes == 2


@pytest.mark.parametrize("close", ["settle", "release"])
def test_a_closed_hold_is_not_extended(make_account: MakeAccount, close: str) -> None:
    account = make_account(credits=10)
    place_hold("job", account=account, minutes=2)
    if close == "settle":
        settle_hold("job", billed_ms=120_000)
    else:
        release_hold("job")
    before = left_of(account)
    assert not extend_hold("job", total_minutes=1)
    assert not extend_hold("job", total_minutes=5)
    assert left_of(account) == before


def test_a_job_over_the_end_of_the_month_belongs_to_the_month_it_was_held_in(
    make_account: MakeAccount,
) -> None:
    account = make_account(minutes=10)
    place_hold("job", account=account, minutes=4, now=JANUARY)
    assert extend_hold("job", total_minutes=6, now=FEBRUARY)
    settle_hold("job", billed_ms=300_000, now=FEBRUARY)
    assert left_of(account, now=JANUARY) == (0, 5)
    assert left_of(account, now=FEBRUARY) == (0, 10)


def test_minutes_of_a_month_are_granted_once_and_not_carried_over(
    make_account: MakeAccount,
) -> None:
    account = make_account(minutes=10)
    for month, now in (("a", JANUARY), ("b", JANUARY), ("c", FEBRUARY)):
        place_hold(month, account=account, minutes=1, now=now)
    assert left_of(account, now=JANUARY) == (0, 8)
    assert left_of(account, now=FEBRUARY) == (0, 9)
    assert account.entries.filter(kind=EntryKind.ALLOWANCE).count() == 2


def test_a_larger_plan_adds_the_difference_within_the_month(make_account: MakeAccount) -> None:
    account = make_account(minutes=10)
    place_hold("before", account=account, minutes=8)
    account.plan.monthly_minutes = 15
    account.plan.save()
    assert left_of(account) == (0, 7)
    place_hold("after", account=account, minutes=7)
    assert left_of(account) == (0, 0)


def test_use_that_is_not_metered_is_recorded_and_costs_nothing(make_account: MakeAccount) -> None:
    account = make_account(is_metered=False)
    place_hold("job", account=account, minutes=600)
    assert extend_hold("job", total_minutes=1_200)
    assert settle_hold("job", billed_ms=61_000).minutes == 0
    hold = Hold.objects.get(reference="job")
    assert (hold.state, hold.billed_ms) == (HoldState.SETTLED, 61_000)
    assert not LedgerEntry.objects.filter(account=account).exists()


def test_a_grant_is_made_once_for_its_reference(make_account: MakeAccount) -> None:
    account = make_account()
    assert grant_credits(account, amount=5, reference="event-1", reason="gift")
    assert not grant_credits(account, amount=5, reference="event-1", reason="gift")
    assert left_of(account) == (5, 0)


def test_a_reference_of_another_grant_is_refused(make_account: MakeAccount) -> None:
    account, other = make_account(), make_account()
    grant_credits(account, amount=5, reference="event-1", reason="gift")
    for wrong, amount in ((other, 5), (account, 6)):
        with pytest.raises(ReferenceTakenError):
            grant_credits(wrong, amount=amount, reference="event-1", reason="gift")
    assert left_of(other) == (0, 0)


@pytest.mark.parametrize("amount", [0, -1])
def test_a_grant_of_nothing_or_less_is_refused(make_account: MakeAccount, amount: int) -> None:
    account = make_account(credits=10)
    with pytest.raises(ValueError, match="1 or more"):
        grant_credits(account, amount=amount, reference="event-1", reason="gift")


def test_a_hold_of_another_account_is_not_handed_out(make_account: MakeAccount) -> None:
    place_hold("job", account=make_account(credits=5), minutes=1)
    with pytest.raises(ReferenceTakenError):
        place_hold("job", account=make_account(credits=5), minutes=1)


def test_what_was_never_held_is_not_settled_or_extended(db: None) -> None:
    with pytest.raises(HoldNotFoundError):
        settle_hold("nothing", billed_ms=1)
    with pytest.raises(HoldNotFoundError):
        extend_hold("nothing", total_minutes=1)
    assert not release_hold("nothing")


def test_the_ledger_retains_the_amounts_of_a_deleted_user(make_account: MakeAccount) -> None:
    account = make_account(credits=5)
    place_hold("job", account=account, minutes=2)
    settle_hold("job", billed_ms=60_000)
    assert account.user is not None
    account.user.delete()
    account.refresh_from_db()
    assert account.user is None
    assert left_of(account) == (4, 0)


def test_the_database_refuses_to_change_an_entry(make_account: MakeAccount) -> None:
    make_account(credits=5)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        LedgerEntry.objects.update(amount=6)


@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="Django's tests empty a SQLite database by deleting"
)
def test_the_database_refuses_to_delete_an_entry(make_account: MakeAccount) -> None:
    make_account(credits=5)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        LedgerEntry.objects.all().delete()


def test_a_smaller_plan_takes_no_minutes_of_this_month(make_account: MakeAccount) -> None:
    account = make_account(minutes=60)
    place_hold("job", account=account, minutes=10)
    account.plan.monthly_minutes = 30
    account.plan.save()
    assert left_of(account) == (0, 50)
