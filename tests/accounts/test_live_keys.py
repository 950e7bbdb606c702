"""Short-lived keys: what they open is in the tests of sockets and principals."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.authentication import AuthenticationError
from accounts.keys.issue import issue_api_key, revoke_api_key
from accounts.live_keys import issue_live_key, redeem_live_key
from accounts.models import ApiKey, User
from tests.accounts.pages.people import member

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> ApiKey:
    return issue_api_key(member("ann@example.com"), name="server")[0]


def issue(key: ApiKey, *, lasts_s: float = 60) -> str:
    expires_at = timezone.now() + timedelta(seconds=lasts_s)
    return issue_live_key(key, expires_at=expires_at, session={"type": "transcription"})


def test_it_stands_for_its_key_and_what_it_configures(key: ApiKey) -> None:
    live = redeem_live_key(issue(key))
    assert (live.api_key, live.session) == (key, {"type": "transcription"})


def test_it_may_stand_in_a_subprotocol(key: ApiKey) -> None:
    """RFC 6455: a token of RFC 2616."""
    assert set(issue(key)) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
    )


@pytest.mark.parametrize("raw", ["ek_", "ek_x", "ek_x.y", "ek_eyJrIjoxfQ.abc", "ek_é.x"])
def test_a_forged_one_is_refused(db: None, raw: str) -> None:
    with pytest.raises(AuthenticationError):
        redeem_live_key(raw)


def test_it_ends_by_itself_with_its_key_and_with_the_account(key: ApiKey) -> None:
    raw = issue(key)
    with pytest.raises(AuthenticationError, match="expired"):
        redeem_live_key(issue(key, lasts_s=-1))
    User.objects.update(is_active=False)
    with pytest.raises(AuthenticationError):
        redeem_live_key(raw)
    User.objects.update(is_active=True)
    revoke_api_key(key)
    with pytest.raises(AuthenticationError):
        redeem_live_key(raw)
