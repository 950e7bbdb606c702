"""People with a key, who send requests."""

from dataclasses import dataclass

from django.test import Client

from accounts.keys.issue import issue_api_key
from accounts.models import ApiKey, User


@dataclass(frozen=True)
class Person:
    user: User
    api_key: ApiKey
    raw: str
    client: Client


def create_person(email: str, *, scopes: tuple[str, ...] = ()) -> Person:
    """Make a user with a key, and a client that sends it."""
    user = User.objects.filter(email=email).first() or User.objects.create_user(email)
    api_key, raw = issue_api_key(user, name="test", scopes=scopes)
    return Person(user=user, api_key=api_key, raw=raw, client=client_with(raw))


def client_with(raw: str) -> Client:
    """A client that sends JSON, with this key."""
    return Client(headers={"Authorization": f"Bearer {raw}"})
