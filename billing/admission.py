"""What a principal may send: its limits and its requests, looked up and counted once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import parse_qs

from django.utils import timezone

from accounts.authentication import ScopeError
from accounts.client_address import find_client_address
from accounts.principals import (
    OF_PAGE_FORMS,
    OF_PARTS,
    OF_SOCKETS,
    OF_UPLOADS,
    Principal,
    check_known,
    check_scopes,
    check_still_good,
    resolve_principal,
)
from accounts.socket_session import load_page_user, read_cookies
from billing.quotas import Limits, limits_for
from billing.request_rates import count_request
from stt_web.core.asgi.messages import HTTPScope, WebSocketScope, find_headers


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A principal that was let in, and its limits. `rate_limit_headers` belong on every answer."""

    principal: Principal
    limits: Limits
    rate_limit_headers: Mapping[str, str] = field(default_factory=dict)


def admit(principal: Principal, *scopes: str) -> Caller:
    """Count a request of `principal`, who needs `scopes` for it. All requests are counted here.

    Raises RateLimitError, ScopeError, each with the headers of the answer. At most three queries.
    """
    limits = limits_for(principal.user)
    counted = count_request(principal, limits=limits, now=timezone.now())
    try:
        check_scopes(principal, *scopes)
    except ScopeError as refusal:
        refusal.headers |= counted
        raise
    return Caller(principal=principal, limits=limits, rate_limit_headers=counted)


def check_caller(caller: Caller) -> None:
    """Raise AuthenticationError where the caller's key, ticket or session has ended since."""
    check_still_good(caller.principal)


def identify_caller(scope: HTTPScope, *, needed_scope: str) -> Caller:
    """Return who uploads something, before the body is read; the request is counted.

    Raises AuthenticationError, ScopeError, RateLimitError. At most five queries; one or two for a
    key that was seen a moment ago.
    """
    principal = resolve_principal(
        _headers_of(scope),
        {},
        {},
        address_of(scope),
        accepted=OF_UPLOADS,
        path=scope["path"],
    )
    return admit(principal, needed_scope)


def identify_page_caller(scope: HTTPScope) -> Caller:
    """Return whose page's form this is, by the session: forms of other sites' pages are refused.

    Raises MissingKeyError, OriginError, RateLimitError. At most six queries.
    """
    headers = _headers_of(scope)
    principal = resolve_principal(
        {},
        {},
        read_cookies(headers.get("cookie", "")),
        address_of(scope),
        accepted=OF_PAGE_FORMS,
        load_session=partial(load_page_user, headers=headers, is_tls=scope["scheme"] == "https"),
    )
    check_known(principal)
    return admit(principal, "transcribe")


def identify_part(scope: HTTPScope, *, needed_scope: str) -> Caller:
    """Return who sends a part of an upload, whose beginning was counted: this is not. A guest's is:
    a token that opens nothing costs no more than to make it up.

    Raises MissingKeyError, AuthenticationError, ScopeError, RateLimitError. At most four queries.
    """
    principal = resolve_principal(
        _headers_of(scope),
        {},
        {},
        address_of(scope),
        accepted=OF_PARTS,
        path=scope["path"],
    )
    check_known(principal)
    if principal.user is None:
        return admit(principal, needed_scope)
    check_scopes(principal, needed_scope)
    return Caller(principal=principal, limits=limits_for(principal.user))


def identify_reader(scope: HTTPScope) -> Principal:
    """Return whose key this is. Nothing is counted: what is done with it is, where it is done.

    Raises MissingKeyError, AuthenticationError. At most two queries.
    """
    principal = resolve_principal(_headers_of(scope), {}, {}, address_of(scope), accepted=())
    check_known(principal)
    return principal


def identify_live_caller(
    scope: WebSocketScope, *, needed_scope: str, offered_key: str = ""
) -> Caller:
    """The same for a live socket: its header or `?token=`, else the session cookie of our pages.

    `offered_key`: of a subprotocol, which is where a browser puts one; it comes first. Raises
    OriginError, too.
    """
    headers = _headers_of(scope)
    if offered_key:
        headers["authorization"] = f"Bearer {offered_key}"
    is_tls = scope.get("scheme") == "wss"
    query = parse_qs(scope["query_string"].decode("latin-1"))
    principal = resolve_principal(
        headers,
        {name: values[0] for name, values in query.items()},
        read_cookies(headers.get("cookie", "")),
        address_of(scope),
        accepted=OF_SOCKETS,
        path=scope["path"],
        load_session=partial(load_page_user, headers=headers, is_tls=is_tls),
    )
    return admit(principal, needed_scope)


def address_of(scope: HTTPScope | WebSocketScope) -> str:
    client = scope.get("client")
    return find_client_address(
        peer=client[0] if client else "",
        forwarded_for=",".join(find_headers(scope, b"x-forwarded-for")),
    )


def _headers_of(scope: HTTPScope | WebSocketScope) -> dict[str, str]:
    """Return the headers by their names, in lower case; of several with one name, the first."""
    pairs = reversed(list(scope["headers"]))
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}
