"""Two-step log-in: turned on with an app's code, asked for at log-in, recovery codes once each."""

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from tests.accounts.mailbox import deliver
from tests.accounts.pages.people import log_in, member, proven_browser_of

pytestmark = pytest.mark.django_db


def code_of(secret: str) -> str:
    """What an authenticator app shows now."""
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def turn_on(browser: Client) -> str:
    """Scan the secret and confirm it, as a person does; return the secret."""
    page = browser.get("/account/2fa/totp/activate/").content.decode()
    (secret,) = re.findall(r'<code id="secret">(\w+)</code>', page)
    browser.post("/account/2fa/totp/activate/", {"code": code_of(secret)})
    cache.clear()  # a code works once; the next would come in half a minute
    return str(secret)


@pytest.fixture
def ann() -> User:
    return member("ann@example.com")


def test_logging_in_takes_the_code_too(ann: User, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        secret = turn_on(proven_browser_of(ann))
    browser = Client()

    asked = log_in(browser, ann.email)
    assert asked.redirect_chain[-1][0] == "/account/2fa/authenticate/"
    assert browser.get("/account/").status_code == 302
    browser.post("/account/2fa/authenticate/", {"code": "000000"})
    assert browser.get("/account/").status_code == 302
    browser.post("/account/2fa/authenticate/", {"code": code_of(secret)})

    assert browser.get("/account/").status_code == 200
    assert "Two-step log-in is on" in [message.subject for message in deliver()]


def test_a_recovery_code_works_once(ann: User) -> None:
    owner = proven_browser_of(ann)
    turn_on(owner)
    page = owner.get("/account/2fa/recovery-codes/").content.decode()
    code = re.findall(r"<li><code>(\w+)</code>", page)[0]

    for expected in (200, 302):
        browser = Client()
        log_in(browser, ann.email)
        browser.post("/account/2fa/authenticate/", {"code": code})
        assert browser.get("/account/").status_code == expected


def test_codes_are_not_guessed_for_long(ann: User) -> None:
    secret = turn_on(proven_browser_of(ann))
    browser = Client()
    log_in(browser, ann.email)
    for _ in range(6):
        browser.post("/account/2fa/authenticate/", {"code": "000000"})

    browser.post("/account/2fa/authenticate/", {"code": code_of(secret)})

    assert browser.get("/account/").status_code == 302


def test_the_secret_is_encrypted_at_rest(ann: User) -> None:
    secret = turn_on(proven_browser_of(ann))

    assert secret not in str(Authenticator.objects.get(type="totp").data)


def test_turning_it_off_asks_for_a_proof_when_the_last_one_is_old(ann: User) -> None:
    browser = proven_browser_of(ann)
    turn_on(browser)
    session = browser.session
    for record in session["account_authentication_methods"]:
        record["at"] = time.time() - 3600
    session.save()

    answer = browser.post("/account/2fa/totp/deactivate/")

    assert "/reauthenticate/" in answer["Location"]
    assert Authenticator.objects.filter(type="totp").exists()
