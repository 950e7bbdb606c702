"""Authentication: the only place where a client's key is parsed and looked up.

    AuthenticationError (ApiError, 401)     one sentence for every bad key, so that no one learns
                                            from it which keys exist
    ScopeError (ApiError, 403)              a good key that isn't meant for this
    KeyThrottledError (ApiError, 429)           too many unknown keys from one address

`/v1/` and `/api/v1/` read the header (`read_bearer`, `ApiKeyAuthentication`); live sockets also
take `?token=` (`read_socket_token`), and nothing else does.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from django.db.models import Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.client_address import request_address
from accounts.keys import cache
from accounts.keys.issue import digest_key, has_key_shape
from accounts.keys.throttle import check_key_throttle, count_unknown_key
from accounts.models import ApiKey, User
from stt_web.core.errors import HOW_TO_SEND_A_KEY, ApiError

_LAST_USED_EVERY = timedelta(minutes=1)
_CHALLENGE = 'Bearer realm="stt"'


class AuthenticationError(ApiError):
    """The key is missing where one is needed, malformed, unknown, expired or revoked."""

    status = 401
    code = "invalid_key"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message, code=code, headers={"WWW-Authenticate": _CHALLENGE})


_BAD_KEY = "This API key is not valid: check that it is complete, not expired and not revoked."


class ScopeError(ApiError):
    status = 403
    code = "missing_scope"


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>` for DRF: `request.user` is the owner, `request.auth` the key.

    No header: None, so that a session may be tried. A bad key is 401 everywhere, also where no key
    is needed: a client that sends one means it.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        raw = read_bearer(request.META.get("HTTP_AUTHORIZATION", ""))
        if raw is None:
            return None
        api_key = authenticate_token(raw, address=request_address(request._request))
        return api_key.user, api_key

    def authenticate_header(self, request: Request) -> str:
        return _CHALLENGE


def read_bearer(header: str) -> str | None:
    """Return the raw key of an `Authorization` header; None where the header is empty.

    Raises AuthenticationError for any other scheme, and for `Bearer` with nothing behind it.
    """
    if not header.strip():
        return None
    scheme, _, raw = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not raw.strip():
        raise AuthenticationError(HOW_TO_SEND_A_KEY)
    return raw.strip()


def read_socket_token(headers: Mapping[str, str], *, query_string: bytes) -> str | None:
    """Return the raw key of a socket's opening request: its header, else `?token=`.

    `headers` has names in lower case. A browser, and the SDK, can't set a socket's headers.
    """
    raw = read_bearer(headers.get("authorization", ""))
    if raw is not None:
        return raw
    return next(iter(parse_qs(query_string.decode("latin-1")).get("token", [])), None)


@sensitive_variables("raw")
def authenticate_token(raw: str, *, address: str = "", now: datetime | None = None) -> ApiKey:
    """Return the key, with its `user`, or raise AuthenticationError.

    One query, and none for `cache.TTL_S` after; once a minute a second one, for `last_used_at`.
    From an `address` (`accounts.client_address`) that guesses: KeyThrottledError.
    """
    asked_at = now or timezone.now()
    api_key = None
    if has_key_shape(raw):
        digest = digest_key(raw)
        api_key = cache.find_key(digest, load=lambda: _load_key(digest, address, asked_at))
    if api_key is None or not _is_good(api_key, asked_at):
        raise AuthenticationError(_BAD_KEY)
    _record_use(api_key, asked_at)
    return api_key


def check_still_good(user: User | None, api_key: ApiKey | None) -> None:
    """Raise AuthenticationError where a key has ended, or an account closed, since it was read.

    For requests whose body takes long to arrive. One query; none for a guest.
    """
    if api_key is not None:
        now_is = ApiKey.objects.select_related("user").filter(pk=api_key.pk).first()
        is_good = now_is is not None and _is_good(now_is, timezone.now())
    else:
        is_good = user is None or User.objects.filter(pk=user.pk, is_active=True).exists()
    if not is_good:
        raise AuthenticationError("This API key was revoked, or expired, while the request waited.")


def check_scope(api_key: ApiKey | None, *scopes: str) -> None:
    """Raise ScopeError if the key lacks one of `scopes`; a session (None) may do all."""
    if api_key is None or not api_key.scopes:
        return
    for scope in scopes:
        if scope not in api_key.scopes:
            raise ScopeError(f"This API key is not meant for this: it lacks the scope “{scope}”.")


def _load_key(digest: str, address: str, now: datetime) -> ApiKey | None:
    # Before the throttle: a valid key is never refused for the guesses of others.
    try:  # `get`, not `first`: an unneeded order is a fifth of what Django takes for this
        return ApiKey.objects.select_related("user").get(digest=digest, revoked_at=None)
    except ApiKey.DoesNotExist:
        check_key_throttle(address, now=now)
        count_unknown_key(address, now=now)
        return None


def _is_good(api_key: ApiKey, now: datetime) -> bool:
    is_expired = api_key.expires_at is not None and api_key.expires_at <= now
    return api_key.user.is_active and api_key.revoked_at is None and not is_expired


def _record_use(api_key: ApiKey, now: datetime) -> None:
    stale = now - _LAST_USED_EVERY
    if api_key.last_used_at is not None and api_key.last_used_at > stale:
        return
    # Conditional: of many processes that see the old time, one writes.
    ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=stale), pk=api_key.pk).update(
        last_used_at=now
    )
    cache.note_use(api_key.digest, used_at=now)
