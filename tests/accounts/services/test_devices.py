"""A limit on guesses can't be spent by another: neither an owner's log-in nor a good key."""

import logging

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from accounts.client_address import find_client_address
from accounts.keys.issue import issue_api_key
from accounts.keys.throttle import MAX_UNKNOWN_KEYS
from accounts.models import KnownDevice, User
from stt_web.core.addresses import site_of
from tests.accounts.pages.people import browser_of, log_in, member
from tests.accounts.people import Person, client_with

KEYS = "/api/v1/keys/"


def lock_out(email: str) -> None:
    """What a stranger does: wrong passwords until none is taken any more."""
    for number in range(6):
        stranger = Client(REMOTE_ADDR=f"198.51.100.{number + 1}")
        log_in(stranger, email, password=f"guess {number}")


def is_in(client: Client) -> bool:
    return client.get("/account/profile/").status_code == 200


@pytest.fixture
def ann(db: None) -> User:
    cache.clear()
    return member("ann@example.com")


def test_an_owner_with_a_known_browser_logs_in_while_strangers_guess(ann: User) -> None:
    browser = browser_of(ann)
    browser.post("/account/logout/")

    lock_out(ann.email)
    log_in(browser, ann.email)

    assert is_in(browser)


def test_an_unknown_browser_is_locked_out_with_the_right_password(ann: User) -> None:
    lock_out(ann.email)
    stranger = Client(REMOTE_ADDR="203.0.113.5")

    log_in(stranger, ann.email)

    assert not is_in(stranger)


@pytest.mark.parametrize("cookie", ["", "made-up", "of another account"])
def test_a_cookie_that_is_no_device_of_the_account_opens_no_counter_of_its_own(
    ann: User, cookie: str
) -> None:
    other = browser_of(member("bob@example.com"))
    value = (
        other.cookies[settings.DEVICE_COOKIE_NAME].value
        if cookie == "of another account"
        else cookie
    )
    lock_out(ann.email)
    stranger = Client(REMOTE_ADDR="203.0.113.5")
    stranger.cookies[settings.DEVICE_COOKIE_NAME] = value

    log_in(stranger, ann.email)

    assert not is_in(stranger)


def test_a_stolen_device_cookie_gives_five_guesses_and_no_more(ann: User) -> None:
    browser = browser_of(ann)
    browser.post("/account/logout/")
    for number in range(5):
        log_in(browser, ann.email, password=f"guess {number}")

    log_in(browser, ann.email)

    assert not is_in(browser)
    assert KnownDevice.objects.filter(user=ann).count() == 1


def test_a_network_that_guesses_stops_no_known_browser_in_it(ann: User) -> None:
    browser = browser_of(ann)
    browser.post("/account/logout/")
    for number in range(11):  # ten a minute are let through from one address
        log_in(Client(), f"user{number}@example.com", password="guess")

    log_in(browser, ann.email)

    assert is_in(browser)


def test_a_good_key_is_never_refused_for_others_guesses(owner: Person) -> None:
    for number in range(MAX_UNKNOWN_KEYS + 5):
        answer = client_with(f"stt_{number:043}").get(KEYS)
    assert answer.status_code == 429

    _, new = issue_api_key(owner.user, name="seen by no process yet")

    assert client_with(new).get(KEYS).status_code == 200
    assert client_with(f"stt_{0:043}").get(KEYS).status_code == 429


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("", ""),
    ],
)
def test_one_subscriber_has_one_address_for_every_limit(address: str, site: str) -> None:
    assert site_of(address) == site


def test_allauths_limits_count_an_ipv6_network_as_one_and_ipv4_in_ipv6_apart(ann: User) -> None:
    for number in range(10):
        client = Client(REMOTE_ADDR=f"2001:db8:1:2::{number + 1}")
        log_in(client, f"user{number}@example.com", password="guess")
    same = Client(REMOTE_ADDR="2001:db8:1:2:ffff::1")
    log_in(same, ann.email)
    assert not is_in(same)

    for number in range(10):
        client = Client(REMOTE_ADDR="::ffff:192.0.2.1")
        log_in(client, f"user{number}@example.com", password="guess")
    other = Client(REMOTE_ADDR="::ffff:192.0.2.2")
    log_in(other, ann.email)
    assert is_in(other)


def test_a_forwarded_address_of_an_untrusted_peer_is_warned_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            found = find_client_address(peer="172.16.9.9", forwarded_for="192.0.2.1", trusted=[])
        find_client_address(peer="172.16.9.8", forwarded_for="192.0.2.1", trusted=["172.16.9.8"])

    assert found == "172.16.9.9"
    warnings = [each for each in caplog.records if "untrusted_forwarded_for" in each.message]
    assert len(warnings) == 1
    assert "STT_TRUSTED_PROXIES" in warnings[0].message
