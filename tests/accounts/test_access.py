"""A key is its owner's: to everybody else it isn't there."""

import uuid

import pytest

from accounts.access import KeyNotFoundError, get_api_key, list_api_keys
from accounts.keys.issue import issue_api_key, revoke_api_key
from accounts.models import User


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.create_user("owner@example.com")


@pytest.fixture
def outsider(db: None) -> User:
    return User.objects.create_user("outsider@example.com")


def test_the_owner_gets_the_key(owner: User) -> None:
    api_key, _ = issue_api_key(owner, name="laptop")
    assert get_api_key(owner, str(api_key.pk)) == api_key


def test_another_users_key_is_not_found(owner: User, outsider: User) -> None:
    api_key, _ = issue_api_key(owner, name="laptop")
    with pytest.raises(KeyNotFoundError) as refusal:
        get_api_key(outsider, str(api_key.pk))
    assert refusal.value.status == 404


@pytest.mark.parametrize("key_id", ["", "17", "not-an-id", str(uuid.UUID(int=1))])
def test_an_id_of_nothing_is_not_found(owner: User, key_id: str) -> None:
    with pytest.raises(KeyNotFoundError):
        get_api_key(owner, key_id)


def test_a_revoked_key_is_not_found(owner: User) -> None:
    api_key, _ = issue_api_key(owner, name="laptop")
    revoke_api_key(api_key)
    with pytest.raises(KeyNotFoundError):
        get_api_key(owner, str(api_key.pk))


def test_a_list_has_ones_own_keys_newest_first(owner: User, outsider: User) -> None:
    for name in ("first", "second", "revoked"):
        api_key, _ = issue_api_key(owner, name=name)
    revoke_api_key(api_key)
    issue_api_key(outsider, name="another's")
    assert [key.name for key in list_api_keys(owner)] == ["second", "first"]
