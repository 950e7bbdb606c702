"""Who a request is from, by whichever credential it shows; and who is let in with which."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from accounts.authentication import AuthenticationError, ScopeError
from accounts.guest_tokens import digest_guest_token, make_guest_token
from accounts.keys import cache
from accounts.keys.issue import SCOPES, issue_api_key, revoke_api_key
from accounts.live_keys import issue_live_key
from accounts.models import User
from accounts.permissions import PrincipalAuthentication, principal_of
from accounts.principals import (
    OF_GUESTS_TOO,
    OF_SOCKETS,
    OF_THE_API,
    OF_UPLOADS,
    Credential,
    Principal,
    check_known,
    check_scopes,
    check_still_good,
    read_key,
    resolve_principal,
)
from accounts.tickets import issue_ticket
from tests.accounts.pages.people import browser_of, member

ADDRESS = "192.0.2.1"


@pytest.fixture
def user(db: None) -> User:
    return member("ada@example.com")


@pytest.fixture(autouse=True)
def _nothing_cached() -> Iterator[None]:
    cache.evict_keys()
    yield
    cache.evict_keys()


def resolve(
    raw: str = "",
    *,
    query: str = "",
    cookie: str = "",
    accepted: frozenset[Credential] = frozenset(Credential),
) -> Principal:
    return resolve_principal(
        {"authorization": f"Bearer {raw}"} if raw else {},
        {"token": query} if query else {},
        {settings.SESSION_COOKIE_NAME: cookie} if cookie else {},
        ADDRESS,
        accepted=accepted,
    )


def session_of(user: User) -> str:
    return browser_of(user).cookies[settings.SESSION_COOKIE_NAME].value


def live_key_of(user: User) -> str:
    api_key, _ = issue_api_key(user, name="server")
    return issue_live_key(api_key, expires_at=timezone.now() + timedelta(minutes=1))


def make_credential(kind: Credential, user: User) -> dict[str, Any]:
    """Return what a client of this kind shows; a kind without an entry here fails."""
    return {
        Credential.TICKET: lambda: {"raw": issue_ticket(user)},
        Credential.GUEST_TOKEN: lambda: {"raw": make_guest_token()[0]},
        Credential.SESSION: lambda: {"cookie": session_of(user)},
        Credential.LIVE_KEY: lambda: {"raw": live_key_of(user)},
    }[kind]()


@pytest.mark.parametrize("kind", Credential)
def test_each_kind_of_credential_names_its_principal(user: User, kind: Credential) -> None:
    shown = make_credential(kind, user)

    principal = resolve(**shown)

    assert principal.is_known
    assert principal.address == ADDRESS
    is_live = kind is Credential.LIVE_KEY  # its key vouches for it
    assert principal.scopes == ({"transcribe"} if is_live else set(SCOPES))
    assert (principal.api_key is not None) == is_live
    if kind is Credential.GUEST_TOKEN:
        assert principal.user is None
        assert principal.guest_digest == digest_guest_token(shown["raw"])
    else:
        assert (principal.user, principal.guest_digest) == (user, "")


def test_a_key_names_its_owner_and_what_it_is_narrowed_to(user: User) -> None:
    api_key, raw = issue_api_key(user, name="laptop", scopes=["read"])

    principal = resolve(raw, accepted=frozenset())

    assert (principal.user, principal.api_key) == (user, api_key)
    assert principal.scopes == {"read"}


@pytest.mark.parametrize("accepted", [OF_UPLOADS, OF_SOCKETS, OF_THE_API, OF_GUESTS_TOO])
@pytest.mark.parametrize("kind", Credential)
def test_a_kind_that_is_not_accepted_opens_nothing(
    user: User, kind: Credential, accepted: frozenset[Credential]
) -> None:
    shown = make_credential(kind, user)

    if kind in accepted:
        assert resolve(**shown, accepted=accepted).is_known
    elif kind is Credential.SESSION:
        assert not resolve(**shown, accepted=accepted).is_known
    else:
        with pytest.raises(AuthenticationError) as refusal:
            resolve(**shown, accepted=accepted)
        assert (refusal.value.status, refusal.value.code) == (401, "invalid_key")


def test_no_credential_is_no_one_known(db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        principal = resolve()

    assert principal == Principal(address=ADDRESS)
    assert not principal.is_known
    with pytest.raises(AuthenticationError) as refusal:
        check_known(principal)
    assert refusal.value.code == "missing_key"


def test_a_wrong_token_is_refused_also_beside_a_session(user: User) -> None:
    with pytest.raises(AuthenticationError):
        resolve("stt_wrong", cookie=session_of(user))


def test_a_header_wins_over_an_address_and_an_address_over_a_session(user: User) -> None:
    other, third = member("bob@example.com"), member("cyd@example.com")
    _, raw = issue_api_key(user, name="laptop")
    _, in_address = issue_api_key(other, name="page")
    cookie = session_of(third)

    assert resolve(raw, query=in_address, cookie=cookie).user == user
    assert resolve(query=in_address, cookie=cookie).user == other
    assert resolve(cookie=cookie).user == third


def test_a_key_costs_one_query_and_a_moment_later_none(
    user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    api_key, raw = issue_api_key(user, name="laptop")
    resolve(raw)  # notes its use, which it does once a minute
    cache.evict_keys()

    with django_assert_num_queries(1):
        resolve(raw)
    with django_assert_num_queries(0):
        assert resolve(raw).api_key == api_key


@pytest.mark.django_db(transaction=True)
def test_a_principal_whose_key_ended_is_not_good_any_more() -> None:
    api_key, raw = issue_api_key(member("ada@example.com"), name="laptop")
    principal = resolve(raw)
    check_still_good(principal)

    revoke_api_key(api_key)

    with pytest.raises(AuthenticationError):
        check_still_good(principal)


@pytest.mark.parametrize("kind", [Credential.TICKET, Credential.SESSION])
def test_a_principal_whose_account_closed_is_not_good_any_more(
    user: User, kind: Credential
) -> None:
    principal = resolve(**make_credential(kind, user))
    check_still_good(principal)

    User.objects.update(is_active=False)

    with pytest.raises(AuthenticationError):
        check_still_good(principal)


def test_a_guest_and_no_one_are_always_good(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        check_still_good(Principal(guest_digest="abc"))
        check_still_good(Principal())


@pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "  Bearer   abc  "])
def test_a_bearer_header_is_read_with_any_spacing(header: str) -> None:
    assert read_key(header) == "abc"


def test_no_header_is_no_key() -> None:
    assert read_key("") is None


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer  ", "abc", "Token abc"])
def test_a_malformed_header_is_refused(header: str) -> None:
    with pytest.raises(AuthenticationError, match="Bearer <key>"):
        read_key(header)


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("/v1/listen", "Token abc"),
        ("/v1/listen", "token abc"),
        ("/v1/auth/grant", "TOKEN  abc"),
        ("/v2/transcript", "abc"),
        ("/asr", "Basic eDphYmM="),  # x:abc
        ("/detect-language", "basic YWJjOg=="),  # abc:
    ],
)
def test_other_services_clients_show_keys_in_their_own_forms(path: str, header: str) -> None:
    assert read_key(header, path=path) == "abc"
    assert read_key("Bearer abc", path=path) == "abc"


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("/v1/transcribe", "Token abc"),
        ("/v1/transcribe", "Basic eDphYmM="),
        ("/v1/listen", "abc"),
        ("/v1/listen", "Basic eDphYmM="),
        ("/v2/upload", "Token abc"),
        ("/v2/upload", "Basic eDphYmM="),
        ("/asr", "Token abc"),
        ("/asr", "abc"),
        ("/asr", "Basic !"),
        ("/asr", "Basic Og=="),  # :
    ],
)
def test_a_form_counts_at_its_own_addresses_only(path: str, header: str) -> None:
    with pytest.raises(AuthenticationError):
        read_key(header, path=path)


class TestRequests:
    """What DRF makes of it."""

    def request(self, path: str = "/", **headers: str) -> Request:
        view = APIView(authentication_classes=[PrincipalAuthentication])
        made = APIRequestFactory().get(path, headers=headers)
        request: Request = view.initialize_request(made)
        return request

    def test_a_request_with_a_key_has_its_owner(self, user: User) -> None:
        api_key, raw = issue_api_key(user, name="laptop")
        request = self.request(Authorization=f"Bearer {raw}")
        assert request.user == user
        assert principal_of(request).api_key == api_key

    def test_a_request_without_a_key_is_nobodys(self, db: None) -> None:
        assert not self.request().user.is_authenticated

    def test_a_key_in_a_requests_address_is_not_read(self, user: User) -> None:
        _, raw = issue_api_key(user, name="laptop")
        assert not self.request(f"/?token={raw}").user.is_authenticated

    def test_a_missing_key_is_401_and_not_403(self) -> None:
        header = PrincipalAuthentication().authenticate_header(self.request())
        assert header.startswith("Bearer")
        assert NotAuthenticated.status_code == 401


@pytest.mark.parametrize("scopes", [[], ["transcribe"], ["read", "transcribe"]])
def test_a_key_may_do_what_it_is_meant_for(user: User, scopes: list[str]) -> None:
    _, raw = issue_api_key(user, name="laptop", scopes=scopes)
    check_scopes(resolve(raw), "transcribe")


def test_a_key_that_is_meant_for_other_things_is_403(user: User) -> None:
    _, raw = issue_api_key(user, name="laptop", scopes=["read"])
    with pytest.raises(ScopeError, match="transcribe") as refusal:
        check_scopes(resolve(raw), "read", "transcribe")
    assert refusal.value.status == 403


def test_a_session_may_do_everything(user: User) -> None:
    check_scopes(resolve(cookie=session_of(user)), *SCOPES)
