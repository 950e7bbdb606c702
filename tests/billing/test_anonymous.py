"""Three a day for each network address, by UTC, without knowing the address."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from billing.anonymous import (
    AnonymousLimitError,
    count_anonymous_use,
    purge_anonymous_use,
    return_anonymous_use,
)
from billing.models import AnonymousUse
from tests.billing.conftest import run_at_once

NOON = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)


def is_served(address: str, *, now: datetime = NOON) -> bool:
    try:
        count_anonymous_use(address, now=now)
    except AnonymousLimitError:
        return False
    return True


@pytest.mark.django_db
def test_the_third_is_served_and_the_fourth_refused() -> None:
    assert [is_served("192.0.2.1") for _ in range(5)] == [True, True, True, False, False]


@pytest.mark.django_db
def test_another_address_has_its_own_share() -> None:
    assert [is_served(f"192.0.2.{n}") for n in (1, 1, 1, 2)] == [True] * 4


@pytest.mark.django_db
def test_a_refusal_states_when_to_come_back() -> None:
    late = NOON.replace(hour=23, minute=59, second=30)
    for _ in range(3):
        count_anonymous_use("192.0.2.1", now=late)
    with pytest.raises(AnonymousLimitError) as refusal:
        count_anonymous_use("192.0.2.1", now=late)
    assert refusal.value.status == 429
    assert refusal.value.headers == {
        "Retry-After": "30",
        "RateLimit-Policy": '"anonymous";q=3;w=86400',
        "RateLimit": '"anonymous";r=0;t=30',
    }


@pytest.mark.django_db
def test_the_share_is_new_after_midnight_utc_in_any_zone_of_the_clock() -> None:
    last = datetime(2026, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert [is_served("192.0.2.1", now=last) for _ in range(4)] == [True, True, True, False]
    first = (last + timedelta(microseconds=1)).astimezone()
    assert [is_served("192.0.2.1", now=first) for _ in range(4)] == [True, True, True, False]


@pytest.mark.django_db
def test_an_ipv6_site_shares_one_count() -> None:
    addresses = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2::abcd"]
    assert [is_served(address) for address in addresses] == [True] * 3
    assert not is_served("2001:db8:1:2:3:4:5:6")
    assert is_served("2001:db8:1:3::1")


@pytest.mark.django_db
def test_an_ipv4_address_counts_as_itself_however_it_is_written() -> None:
    assert [is_served("::ffff:192.0.2.1") for _ in range(3)] == [True] * 3
    assert not is_served("192.0.2.1")
    assert is_served("::ffff:192.0.2.2")


@pytest.mark.django_db
def test_a_use_that_is_given_back_can_be_had_again() -> None:
    for _ in range(3):
        digest = count_anonymous_use("192.0.2.1", now=NOON)
    return_anonymous_use(digest, counted_at=NOON)
    assert [is_served("192.0.2.1") for _ in range(2)] == [True, False]


@pytest.mark.django_db
def test_more_given_back_than_taken_does_not_add_up() -> None:
    digest = count_anonymous_use("192.0.2.1", now=NOON)
    for _ in range(3):
        return_anonymous_use(digest, counted_at=NOON)
    assert [is_served("192.0.2.1") for _ in range(4)] == [True, True, True, False]


@pytest.mark.django_db
def test_neither_the_address_nor_anything_like_it_is_stored() -> None:
    digest = count_anonymous_use("192.0.2.1", now=NOON)
    stored = AnonymousUse.objects.get()
    assert stored.address_digest == digest
    assert len(digest) == 64
    assert "192" not in str(stored)


@pytest.mark.django_db
def test_counts_of_past_days_are_purged_and_todays_stays() -> None:
    count_anonymous_use("192.0.2.1", now=NOON - timedelta(days=1))
    count_anonymous_use("192.0.2.1", now=NOON)
    assert purge_anonymous_use(before=NOON.date()) == 1
    assert AnonymousUse.objects.get().day == NOON.date()


@pytest.mark.database
def test_no_more_than_three_are_served_when_all_come_at_once(transactional_db: None) -> None:
    assert sum(run_at_once([partial(is_served, "192.0.2.1")] * 24)) == 3
