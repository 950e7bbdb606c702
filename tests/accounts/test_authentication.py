"""Which keys are good, at what cost, and that none of them is ever written anywhere."""

import hashlib
import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.authentication import AuthenticationError, authenticate_token
from accounts.keys import cache
from accounts.keys.issue import issue_api_key, revoke_api_key
from accounts.models import ApiKey, User

NOON = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("ada@example.com")


def is_good(raw: str, *, now: datetime | None = None) -> bool:
    try:
        authenticate_token(raw, now=now)
    except AuthenticationError:
        return False
    return True


def test_a_new_key_names_its_owner(user: User) -> None:
    api_key, raw = issue_api_key(user, name="laptop")
    found = authenticate_token(raw)
    assert (found.pk, found.user.email) == (api_key.pk, "ada@example.com")


def test_only_the_digest_and_a_prefix_are_stored(user: User) -> None:
    api_key, raw = issue_api_key(user, name="laptop")
    row = ApiKey.objects.filter(pk=api_key.pk).values().get()
    assert row["digest"] == hashlib.sha256(raw.encode()).hexdigest()
    assert raw.startswith(row["prefix"])
    assert len(row["prefix"]) == 10
    assert not any(raw in str(value) for value in row.values())


@pytest.mark.parametrize(
    "raw", ["", "stt_", "stt_" + "x" * 42, "stt_" + "x" * 44, "x" * 47, "stt_" + "é" * 43]
)
def test_what_cannot_be_a_key_is_refused_without_a_query(
    db: None, django_assert_num_queries: DjangoAssertNumQueries, raw: str
) -> None:
    with django_assert_num_queries(0):
        assert not is_good(raw)


def test_an_unknown_key_is_refused_with_401_and_a_challenge(db: None) -> None:
    with pytest.raises(AuthenticationError) as refusal:
        authenticate_token("stt_" + "x" * 43)
    assert (refusal.value.status, refusal.value.code) == (401, "invalid_key")
    assert refusal.value.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_is_refused_from_its_expiry_on(user: User) -> None:
    _, raw = issue_api_key(user, name="laptop", expires_at=NOON)
    assert is_good(raw, now=NOON - timedelta(milliseconds=1))
    assert not is_good(raw, now=NOON)


def test_the_key_of_a_deactivated_user_is_refused(user: User) -> None:
    _, raw = issue_api_key(user, name="laptop")
    User.objects.update(is_active=False)
    assert not is_good(raw)


@pytest.mark.django_db(transaction=True)
def test_a_key_that_was_in_use_is_refused_as_soon_as_it_is_revoked() -> None:
    user = User.objects.create_user("ada@example.com")
    api_key, raw = issue_api_key(user, name="laptop")
    _, other = issue_api_key(user, name="desktop")
    assert is_good(raw)
    assert revoke_api_key(api_key)
    assert not is_good(raw)
    assert is_good(other)
    assert not revoke_api_key(api_key)


def test_a_key_that_another_process_revoked_is_refused_when_the_cache_is_stale(user: User) -> None:
    api_key, _ = issue_api_key(user, name="laptop")
    seconds = [0.0]

    def find() -> ApiKey | None:
        return cache.find_key(
            api_key.digest,
            load=lambda: ApiKey.objects.filter(revoked_at=None).select_related("user").first(),
            clock=lambda: seconds[0],
        )

    assert find() is not None
    ApiKey.objects.update(revoked_at=NOON)  # as another process does, behind this one's back
    seconds[0] = cache.TTL_S - 0.01
    assert find() is not None
    seconds[0] = cache.TTL_S
    assert find() is None


def test_a_key_revoked_while_it_is_read_is_not_stored(user: User) -> None:
    api_key, _ = issue_api_key(user, name="laptop")

    def load() -> ApiKey:
        found = ApiKey.objects.select_related("user").get(pk=api_key.pk)
        cache.evict_keys()  # it is revoked at this very moment
        return found

    assert cache.find_key(api_key.digest, load=load) is not None
    assert cache.find_key(api_key.digest, load=lambda: None) is None


def test_a_burst_costs_one_query_and_one_write(
    user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    _, raw = issue_api_key(user, name="laptop")
    with django_assert_num_queries(2):  # the key with its user; when it was last used
        for _ in range(20):
            authenticate_token(raw)


def test_requests_share_no_instance(user: User) -> None:
    _, raw = issue_api_key(user, name="laptop")
    authenticate_token(raw).user.email = "changed@example.com"
    assert authenticate_token(raw).user.email == "ada@example.com"


def test_last_used_is_written_once_a_minute(
    user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    api_key, raw = issue_api_key(user, name="laptop")
    authenticate_token(raw, now=NOON)
    with django_assert_num_queries(0):
        authenticate_token(raw, now=NOON + timedelta(seconds=59))
    authenticate_token(raw, now=NOON + timedelta(seconds=60))
    api_key.refresh_from_db()
    assert api_key.last_used_at == NOON + timedelta(seconds=60)


def test_a_key_never_reaches_a_log_or_an_error(
    user: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api_key, raw = issue_api_key(user, name="laptop")
    authenticate_token(raw)
    ApiKey.objects.update(revoked_at=timezone.now())
    cache.evict_keys()
    with pytest.raises(AuthenticationError) as refusal:
        authenticate_token(raw)
    shown = f"{caplog.text} {refusal.value!r} {refusal.value.as_body()} {api_key!r} {api_key}"
    assert raw not in shown


def test_an_unknown_scope_makes_no_key(user: User) -> None:
    with pytest.raises(ValueError, match="fly"):
        issue_api_key(user, name="laptop", scopes=["read", "fly"])
    assert not ApiKey.objects.exists()
