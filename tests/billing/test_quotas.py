"""What each tier may do at most, as the contract has it."""

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from billing.ledger import grant_credits
from billing.models import BillingAccount, Plan
from billing.plans import (
    PlanNotFoundError,
    account_for,
    add_missing_plans,
    change_plan,
)
from billing.quotas import limits_for
from tests.billing.conftest import run_at_once

MB = 1_000_000


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("ada@example.com")


def test_a_guest_has_three_a_day_of_100_mb_one_at_a_time(db: None) -> None:
    limits = limits_for(None)
    assert (limits.daily_transcriptions, limits.max_file_bytes) == (3, 100 * MB)
    assert limits.concurrency == 1


def test_a_new_account_has_the_free_plan(user: User) -> None:
    limits = limits_for(user)
    assert (limits.max_file_bytes, limits.concurrency) == (500 * MB, 2)
    assert account_for(user).plan.monthly_minutes == 600


def test_an_account_with_credits_has_the_limits_of_the_paid_plan(user: User) -> None:
    grant_credits(account_for(user), amount=1, reference="gift", reason="test")
    limits = limits_for(user)
    assert (limits.max_file_bytes, limits.concurrency) == (2_000 * MB, 5)


def test_credits_narrow_nothing_that_the_plan_leaves_open(user: User) -> None:
    change_plan(account_for(user), plan_id="local")
    grant_credits(account_for(user), amount=1, reference="gift", reason="test")
    limits = limits_for(user)
    assert (limits.max_file_bytes, limits.concurrency) == (0, 0)
    assert not limits.is_metered


def test_an_edited_plan_counts_at_once_and_survives_a_migration(user: User) -> None:
    Plan.objects.filter(pk="free").update(concurrency=9)
    add_missing_plans()
    assert limits_for(user).concurrency == 9


def test_an_unknown_plan_is_refused_with_those_that_exist(user: User) -> None:
    with pytest.raises(PlanNotFoundError, match="anonymous, free, local, paid"):
        change_plan(account_for(user), plan_id="gold")
    assert account_for(user).plan_id == "free"


@pytest.mark.parametrize(("credits", "queries"), [(0, 1), (5, 2)])
def test_limits_cost_a_query_and_one_more_with_credits(
    user: User, django_assert_num_queries: DjangoAssertNumQueries, credits: int, queries: int
) -> None:
    account = account_for(user)
    if credits:
        grant_credits(account, amount=credits, reference="gift", reason="test")
    with django_assert_num_queries(queries):
        limits_for(user)


@pytest.mark.database
def test_an_account_is_made_once_when_all_ask_at_once(transactional_db: None) -> None:
    user = User.objects.create_user("ada@example.com")
    accounts = run_at_once([lambda: account_for(user)] * 16)
    assert len({account.pk for account in accounts}) == 1
    assert BillingAccount.objects.count() == 1
