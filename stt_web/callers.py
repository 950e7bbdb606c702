"""Who sends a request, found out once, before its body is read."""

from dataclasses import dataclass

from accounts.authentication import authenticate_token, check_scope, read_bearer
from accounts.client_address import find_client_address
from accounts.models import ApiKey, User
from billing.quotas import Limits, limits_for
from stt_web.asgi_messages import HTTPScope, find_header


@dataclass(frozen=True)
class Caller:
    """A user with a key, or (`user` is None) an anonymous visitor, known by `address`."""

    user: User | None
    api_key: ApiKey | None
    address: str
    limits: Limits


def identify_caller(scope: HTTPScope, *, needed_scope: str) -> Caller:
    """Return who is calling. Raises AuthenticationError or ScopeError. One to four queries."""
    raw = read_bearer(find_header(scope, b"authorization"))
    api_key = authenticate_token(raw) if raw is not None else None
    check_scope(api_key, needed_scope)
    user = api_key.user if api_key is not None else None
    return Caller(user=user, api_key=api_key, address=address_of(scope), limits=limits_for(user))


def address_of(scope: HTTPScope) -> str:
    client = scope["client"]
    return find_client_address(
        peer=client[0] if client else "",
        forwarded_for=find_header(scope, b"x-forwarded-for"),
    )
