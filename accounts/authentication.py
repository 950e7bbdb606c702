"""Whether an API key is good: the only place where one is looked up.

    AuthenticationError (ApiError, 401)     one sentence for every bad key, so that no one learns
                                            from it which keys exist
    ScopeError (ApiError, 403)              a good key that isn't meant for this
    KeyThrottledError (ApiError, 429)       too many unknown keys from one address

Where a key, or another credential, is read from a request: `accounts.principals`.
"""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.key_forms import challenge_at
from accounts.keys import cache
from accounts.keys.issue import digest_key, has_key_shape
from accounts.keys.throttle import check_key_throttle, count_unknown_key
from accounts.models import ApiKey, User
from stt_web.core.errors import HOW_TO_SEND_A_KEY, ApiError

_LAST_USED_EVERY = timedelta(minutes=1)


class AuthenticationError(ApiError):
    """The key is malformed, unknown, expired or revoked, or not meant for this address."""

    status = 401
    code = "invalid_key"

    def __init__(self, message: str) -> None:
        super().__init__(message, headers={"WWW-Authenticate": challenge_at("")})

    def headers_at(self, path: str) -> dict[str, str]:
        return {**self.headers, "WWW-Authenticate": challenge_at(path)}


_BAD_KEY = "This API key is not valid: check that it is complete, not expired and not revoked."
CLOSED = "This account is closed."
ENDED = "This API key was revoked, or expired, while the request waited."


class MissingKeyError(AuthenticationError):
    """No key, and no session, was shown."""

    code = "missing_key"

    def __init__(self) -> None:
        super().__init__(HOW_TO_SEND_A_KEY)


class ScopeError(ApiError):
    """The key is narrowed to other things."""

    status = 403
    code = "missing_scope"


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


def check_key_still_good(api_key: ApiKey | None) -> None:
    """Raise AuthenticationError where the key has ended, or its account closed, since it was read.

    One query; none where no key was shown.
    """
    if api_key is None:
        return
    now_is = ApiKey.objects.select_related("user").filter(pk=api_key.pk).first()
    if now_is is None or not _is_good(now_is, timezone.now()):
        raise AuthenticationError(ENDED)


def hold_open(user: User) -> None:
    """Keep the account from being closed until the transaction ends (`account_deletion`).

    Else something could be made for it behind its removal. Raises AuthenticationError where it is
    closed. One query.
    """
    rows = User.objects.select_for_update(no_key=True).filter(pk=user.pk, is_active=True)
    if rows.values_list("pk", flat=True).first() is None:
        raise AuthenticationError(CLOSED)


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
