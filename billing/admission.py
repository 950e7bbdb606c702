"""Who sends a request, found out once, before its body is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils import timezone

from accounts.authentication import (
    ScopeError,
    authenticate_token,
    check_scope,
    check_still_good,
    read_bearer,
    read_socket_token,
)
from accounts.client_address import find_client_address
from accounts.models import ApiKey, User
from accounts.socket_session import read_session_user
from accounts.tickets import is_ticket, redeem_ticket
from billing.quotas import Limits, limits_for
from billing.request_rates import count_request
from stt_web.core.asgi.messages import HTTPScope, WebSocketScope, find_header, find_headers


@dataclass(frozen=True)
class Caller:
    """A user with a key, a ticket or a session; or a guest at `address` (`user` is None).

    `rate_limit_headers` belong on every answer.
    """

    user: User | None
    api_key: ApiKey | None
    address: str
    limits: Limits
    rate_limit_headers: Mapping[str, str] = field(default_factory=dict)


def check_caller(caller: Caller) -> None:
    """Raise AuthenticationError where the caller's key, ticket or session has ended since."""
    check_still_good(caller.user, caller.api_key)


def identify_caller(scope: HTTPScope, *, needed_scope: str) -> Caller:
    """Return who is calling, and count the request.

    Raises AuthenticationError, ScopeError, RateLimitError. At most five queries; one or two for a
    key that was seen a moment ago.
    """
    address = address_of(scope)
    raw = read_bearer(find_header(scope, b"authorization"))
    user, api_key = _authenticate(raw, address=address) if raw is not None else (None, None)
    return _admit(user, api_key, address=address, needed_scope=needed_scope)


def identify_speaker(scope: WebSocketScope, *, needed_scope: str) -> Caller:
    """The same for a live socket: its header or `?token=`, else the session cookie of our pages.

    Raises OriginError, too.
    """
    address = address_of(scope)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    raw = read_socket_token(headers, query_string=scope["query_string"])
    user: User | None
    if raw is not None:
        user, api_key = _authenticate(raw, address=address)
    else:
        user, api_key = read_session_user(headers, is_tls=scope.get("scheme") == "wss"), None
    return _admit(user, api_key, address=address, needed_scope=needed_scope)


def _admit(user: User | None, api_key: ApiKey | None, *, address: str, needed_scope: str) -> Caller:
    limits = limits_for(user)
    counted = count_request(user, address=address, limits=limits, now=timezone.now())
    try:
        check_scope(api_key, needed_scope)
    except ScopeError as refusal:
        refusal.headers |= counted
        raise
    return Caller(
        user=user, api_key=api_key, address=address, limits=limits, rate_limit_headers=counted
    )


def _authenticate(raw: str, *, address: str) -> tuple[User, ApiKey | None]:
    if is_ticket(raw):
        return redeem_ticket(raw), None
    api_key = authenticate_token(raw, address=address)
    return api_key.user, api_key


def address_of(scope: HTTPScope | WebSocketScope) -> str:
    client = scope.get("client")
    return find_client_address(
        peer=client[0] if client else "",
        forwarded_for=",".join(find_headers(scope, b"x-forwarded-for")),
    )
