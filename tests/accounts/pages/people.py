"""People who log in with a password."""

import uuid
from typing import Any

from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import User
from billing.ledger import place_hold, settle_hold
from billing.quotas import account_for

PASSWORD = "correct-horse-battery-7"


def member(email: str, *, is_verified: bool = True, is_staff: bool = False) -> User:
    """Make a user who signed up and (usually) confirmed the address."""
    user = User.objects.create_user(email, PASSWORD, is_staff=is_staff)
    EmailAddress.objects.create(user=user, email=email, primary=True, verified=is_verified)
    return user


def log_in(client: Client, email: str, *, password: str = PASSWORD) -> Any:
    return client.post("/account/login/", {"login": email, "password": password}, follow=True)


def browser_of(user: User) -> Client:
    """A browser in which `user` has logged in."""
    client = Client()
    log_in(client, user.email)
    assert client.get("/account/profile/").status_code == 200
    return client


def idle_browser_of(user: User) -> Client:
    """The same, an hour after the log-in."""
    client = browser_of(user)
    let_an_hour_pass(client)
    return client


def let_an_hour_pass(client: Client) -> None:
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 3600
    session.save()


def proven_browser_of(user: User) -> Client:
    """A browser that logged in an hour ago, and has just been asked for the password again."""
    client = idle_browser_of(user)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    return client


def use_minutes(user: User, minutes: int) -> None:
    """Let a recording of that length be charged to `user`."""
    reference = uuid.uuid4().hex
    place_hold(reference, account=account_for(user), minutes=minutes)
    settle_hold(reference, billed_ms=minutes * 60_000)
