"""RateLimit headers on every answer, and 429 beyond the plan's requests a minute."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from accounts.client_address import digest_address
from accounts.models import RateWindow
from accounts.principals import Principal
from accounts.rate_windows import count_in_window, purge_windows
from billing.models import Plan
from billing.plans import account_for, change_plan
from billing.quotas import limits_for
from billing.request_rates import RateLimitError, count_request
from tests.accounts.people import Person, create_person
from tests.billing.conftest import run_at_once

URL = "/api/v1/account/"
pytestmark = pytest.mark.usefixtures("within_a_minute")
NOON = datetime(2026, 3, 31, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def person(owner: Person) -> Person:
    """A user who may send three requests a minute."""
    Plan.objects.filter(pk="free").update(requests_per_minute=3)
    return owner


def test_an_answer_states_what_is_left(person: Person) -> None:
    answer = person.client.get(URL)
    assert answer.headers["RateLimit-Policy"] == (
        '"default";q=3;w=60, "live";q=2;qu="concurrent-requests"'
    )
    assert re.fullmatch(r'"default";r=2;t=([1-9]|[1-5]\d|60)', answer.headers["RateLimit"])


def test_too_many_requests_are_429_until_the_minute_is_over(person: Person) -> None:
    limits, principal = limits_for(person.user), Principal(user=person.user)
    for _ in range(3):
        count_request(principal, limits=limits, now=NOON)
    with pytest.raises(RateLimitError) as refusal:
        count_request(principal, limits=limits, now=NOON + timedelta(seconds=18))
    assert refusal.value.headers["Retry-After"] == "42"
    assert refusal.value.headers["RateLimit"] == '"default";r=0;t=42'
    count_request(principal, limits=limits, now=NOON + timedelta(seconds=60))


def test_a_429_has_the_one_shape_and_its_headers(person: Person) -> None:
    answers = [person.client.get(URL) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit"].startswith('"default";r=0;t=')


def test_errors_carry_the_headers_too(person: Person) -> None:
    answer = person.client.post(URL)
    assert answer.status_code == 405
    assert "RateLimit" in answer.headers


def test_all_keys_of_a_user_share_one_count(person: Person) -> None:
    other = create_person(person.user.email)
    left = [client.get(URL).headers["RateLimit"] for client in (person.client, other.client)]
    assert [value.split(";")[1] for value in left] == ["r=2", "r=1"]


def test_without_a_limit_nothing_is_counted(owner: Person) -> None:
    change_plan(account_for(owner.user), plan_id="local")
    answer = owner.client.get(URL)
    assert "RateLimit" not in answer.headers
    assert not RateWindow.objects.exists()


def test_guests_are_counted_by_address(db: None) -> None:
    limits = limits_for(None)
    for address in ("2001:db8:1:2::1", "2001:db8:1:2::2"):
        headers = count_request(Principal(address=address), limits=limits, now=NOON)
    assert headers["RateLimit"] == '"default";r=58;t=60'
    assert RateWindow.objects.get().pk == f"guest:{digest_address('2001:db8:1:2::3')}"


def test_who_is_not_let_in_is_not_counted(db: None) -> None:
    Client().get(URL)
    assert not RateWindow.objects.exists()


@pytest.mark.database
def test_every_one_is_counted_when_all_come_at_once(transactional_db: None) -> None:
    counted = run_at_once([lambda: count_in_window("somebody", window_s=60, now=NOON).count] * 40)
    assert sorted(counted) == list(range(1, 41))


@pytest.mark.database
@pytest.mark.django_db
def test_a_clock_that_is_behind_joins_the_newer_window() -> None:
    later = NOON + timedelta(seconds=60)
    assert count_in_window("somebody", window_s=60, now=later).count == 1
    assert count_in_window("somebody", window_s=60, now=NOON).count == 2
    assert count_in_window("somebody", window_s=60, now=later).count == 3


@pytest.mark.django_db
def test_old_windows_are_purged() -> None:
    count_in_window("old", window_s=60, now=NOON - timedelta(days=2))
    count_in_window("new", window_s=60, now=NOON)
    assert purge_windows(now=NOON) == 1
    assert RateWindow.objects.get().pk == "new"
