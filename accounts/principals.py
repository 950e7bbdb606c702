"""Who sends a request: the one place where a client's credentials are read.

    resolve_principal     headers, query, cookies and address → Principal, whichever way they came
    resolve_request       the same for a Django request
    check_scopes          whether the principal may do this
    check_still_good      whether its credential is good at this moment, too

DRF (`accounts.permissions`), plain views and uploads (`billing.admission`) and live sockets all ask
here. Keys come as `Authorization: Bearer K`; where another service's clients call, in its forms
as well (`key_forms`). A further kind of credential is a member of Credential and a branch in
`_of_token`; where it counts is in the sets below. A token of a kind that isn't accepted is refused
like an unknown key.
"""

import base64
import binascii
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from accounts.authentication import (
    ENDED,
    AuthenticationError,
    MissingKeyError,
    ScopeError,
    authenticate_token,
    check_key_still_good,
)
from accounts.client_address import request_address
from accounts.guest_tokens import digest_guest_token, is_guest_token
from accounts.key_forms import AuthorizationForm, form_at
from accounts.keys.issue import SCOPES
from accounts.live_keys import is_live_key, redeem_live_key
from accounts.models import ApiKey, User
from accounts.services.sessions import load_session_user
from accounts.tickets import is_ticket, redeem_ticket
from stt_web.core.errors import HOW_TO_SEND_A_KEY

_ALL_SCOPES = frozenset(SCOPES)


class Credential(Enum):
    """What some requests may show instead of a key, which all take."""

    TICKET = auto()  # of our pages, for `/v1/` (`accounts.tickets`)
    GUEST_TOKEN = auto()  # of one transcript, and its upload (`accounts.guest_tokens`)
    SESSION = auto()
    LIVE_KEY = auto()  # a short-lived key for live speech (`accounts.live_keys`)


# What is accepted where, beside keys.
OF_UPLOADS = frozenset({Credential.TICKET})
OF_PARTS = OF_UPLOADS | {Credential.GUEST_TOKEN}  # of an upload that was begun
OF_PAGE_FORMS = OF_UPLOADS | {Credential.SESSION}
OF_SOCKETS = OF_PAGE_FORMS | {Credential.LIVE_KEY}
OF_THE_API = frozenset({Credential.SESSION})
OF_GUESTS_TOO = OF_THE_API | {Credential.GUEST_TOKEN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A user, by key, ticket or session; a guest, by the token of a transcript; or no one known.

    `api_key`: the one that was shown. `guest_digest`: of a guest's token. `scopes`: what the
    credential may do; only a key can be narrowed. `address`: where the request came from.
    `live_session`: what a short-lived key configures.
    """

    user: User | None = None
    api_key: ApiKey | None = None
    guest_digest: str = ""
    scopes: frozenset[str] = _ALL_SCOPES
    address: str = ""
    live_session: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        return self.user is not None or bool(self.guest_digest)


@sensitive_variables("headers", "query", "cookies", "raw")
def resolve_principal(
    headers: Mapping[str, str],
    query: Mapping[str, str],
    cookies: Mapping[str, str],
    address: str,
    *,
    accepted: Collection[Credential],
    path: str = "",
    load_session: Callable[[str], User | None] = load_session_user,
) -> Principal:
    """Return who sends this to `path`, by the first credential that is there.

    `headers` by names in lower case, `query` of live sockets only: a browser, and the SDK, can't
    set a socket's headers; other addresses are logged on the way. `load_session` returns whose
    session a cookie names. No query for a key that was used a moment ago, else one.

    Raises AuthenticationError for a credential that is wrong here, also where none is needed: a
    client that sends one means it.
    """
    raw = read_key(headers.get("authorization", ""), path=path) or query.get("token")
    if raw is not None:
        return _of_token(raw, address=address, accepted=accepted)
    user = None
    if Credential.SESSION in accepted:
        user = load_session(cookies.get(settings.SESSION_COOKIE_NAME, ""))
    return Principal(user=user, address=address)


def resolve_request(
    request: HttpRequest,
    *,
    accepted: Collection[Credential],
    load_session: Callable[[str], User | None] | None = None,
) -> Principal:
    """The same for a Django request, whose session is the one that its middleware has."""
    return resolve_principal(
        request.headers,
        {},
        request.COOKIES,
        request_address(request),
        accepted=accepted,
        path=request.path,
        load_session=load_session or (lambda _: find_session_user(request)),
    )


def find_session_user(request: HttpRequest) -> User | None:
    user = getattr(request, "user", None)
    return user if isinstance(user, User) and user.is_active else None


@sensitive_variables("raw")
def _of_token(raw: str, *, address: str, accepted: Collection[Credential]) -> Principal:
    if Credential.TICKET in accepted and is_ticket(raw):
        return Principal(user=redeem_ticket(raw), address=address)
    if Credential.GUEST_TOKEN in accepted and is_guest_token(raw):
        return Principal(guest_digest=digest_guest_token(raw), address=address)
    if Credential.LIVE_KEY in accepted and is_live_key(raw):
        return _of_live_key(raw, address=address)
    api_key = authenticate_token(raw, address=address)
    scopes = frozenset(api_key.scopes) or _ALL_SCOPES
    return Principal(user=api_key.user, api_key=api_key, scopes=scopes, address=address)


@sensitive_variables("raw")
def _of_live_key(raw: str, *, address: str) -> Principal:
    live = redeem_live_key(raw)
    return Principal(
        user=live.api_key.user,
        api_key=live.api_key,
        scopes=frozenset({"transcribe"}),
        address=address,
        live_session=live.session,
    )


@sensitive_variables("header", "raw", "first")
def read_key(header: str, *, path: str = "") -> str | None:
    """Return the token of an `Authorization` header; None where the header is empty.

    Raises AuthenticationError for a form that isn't one of `path`, and for a scheme with nothing
    behind it. Schemes are read in upper and lower case.
    """
    if not header.strip():
        return None
    form = form_at(path)
    first, _, raw = header.strip().partition(" ")
    match first.lower(), form:
        case ("bearer", _) | ("token", AuthorizationForm.TOKEN):
            found = raw.strip()
        case "basic", AuthorizationForm.BASIC:
            found = _read_password(raw)
        case _, AuthorizationForm.BARE:
            found = first if not raw else ""
        case _:
            found = ""
    if not found:
        raise AuthenticationError(HOW_TO_SEND_A_KEY)
    return found


@sensitive_variables("encoded", "user", "password")
def _read_password(encoded: str) -> str:
    """Return the password, or, where that is empty, the name; empty where neither is there."""
    try:
        user, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return (password or user).strip()


def check_scopes(principal: Principal, *scopes: str) -> None:
    """Raise ScopeError if the principal's credential lacks one of `scopes`."""
    for scope in scopes:
        if scope not in principal.scopes:
            raise ScopeError(f"This API key is not meant for this: it lacks the scope “{scope}”.")


def check_known(principal: Principal) -> None:
    """Raise MissingKeyError where no credential was shown."""
    if not principal.is_known:
        raise MissingKeyError


def check_still_good(principal: Principal) -> None:
    """Raise AuthenticationError where a key has ended, or an account closed, since it was read.

    For requests whose body takes long to arrive. One query; none for a guest.
    """
    if principal.api_key is not None:
        check_key_still_good(principal.api_key)
        return
    user = principal.user
    if user is not None and not User.objects.filter(pk=user.pk, is_active=True).exists():
        raise AuthenticationError(ENDED)
