"""People who log in with a password."""

from typing import Any

from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import User

PASSWORD = "correct-horse-battery-7"


def member(email: str, *, is_verified: bool = True) -> User:
    """Make somebody who signed up and (usually) confirmed the address."""
    user = User.objects.create_user(email, PASSWORD)
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
