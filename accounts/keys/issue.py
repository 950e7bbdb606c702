"""API keys: their format, and how one is created and revoked.

A raw key exists in the answer to its creation and in its owner's hands, nowhere else: here it
becomes a digest as soon as it can. Whether a client's key is valid is decided by
`accounts.authentication`.
"""

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from types import EllipsisType
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.audit import KEY_TYPE, record_own_action
from accounts.keys import cache
from accounts.keys.notifications import notify_key_created
from accounts.models import ApiKey, User
from stt_web.core import wakeups
from stt_web.core.errors import ApiError

# What a key may be narrowed to. A key without scopes may do everything its owner may.
OPERATE = "operate"  # of operators: the server is examined, and has models fetched
SCOPES = ("transcribe", "read", "manage", OPERATE)

MAX_KEYS = 100  # of one user, revoked ones not counted
# A key without scopes and expiry expires by itself: most leaked keys are unused ones.
DEFAULT_LIFETIME = timedelta(days=365)

_PREFIX = "stt_"
_RANDOM_BYTES = 32  # 43 characters of base64url
_VISIBLE_CHARACTERS = 10  # 6 of them random: enough to distinguish keys, no help in guessing
_SHAPE = re.compile(r"stt_[A-Za-z0-9_-]{43}\Z")


class KeyRefusedError(ApiError):
    """A key that can't be made."""


class WiderKeyError(KeyRefusedError):
    """The new key would have scopes that the key that asks lacks."""

    status = 403
    code = "missing_scope"


class OutlivingKeyError(KeyRefusedError):
    """The new key would expire after the key that asks."""

    status = 403
    code = "outlives_key"


class NotOperatorError(KeyRefusedError):
    """Only operators may examine the server, and have keys that are made for it."""

    status = 403
    code = "not_an_operator"

    def __init__(self) -> None:
        super().__init__("Only an operator of this server may do this.")


class TooManyKeysError(KeyRefusedError):
    """There are as many keys as one account may have."""

    code = "too_many_keys"


class EndedKeyError(KeyRefusedError):
    """The key that asks was revoked."""

    status = 401
    code = "invalid_key"


def issue_api_key(
    user: User,
    *,
    name: str,
    scopes: Sequence[str] = (),
    expires_at: datetime | None = None,
    created_by: ApiKey | None = None,
) -> tuple[ApiKey, str]:
    """Make a key for `user`; return it with the raw key, which can't be had again.

    `created_by`: the key that asked for it. Raises ValueError for a scope that isn't one of
    `SCOPES`, NotOperatorError for one that isn't the user's to have.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise ValueError(f"No such scope: {', '.join(unknown)}.")
    if OPERATE in scopes and not user.is_staff:
        raise NotOperatorError
    raw = _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    api_key = ApiKey.objects.create(
        user=user,
        name=name,
        prefix=raw[:_VISIBLE_CHARACTERS],
        digest=digest_key(raw),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
        created_by_key=created_by,
    )
    record_own_action(
        user.pk, action="create_key", object_type=KEY_TYPE, object_ids=[str(api_key.pk)]
    )
    return api_key, raw


def issue_requested_key(
    user: User,
    *,
    asked_with: ApiKey | None,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | EllipsisType | None = ...,
) -> tuple[ApiKey, str]:
    """Make a key that `user` asks for, with the key `asked_with` or in a session (None).

    A narrowed key makes only keys that are no wider, else it would not be narrowed: without
    `scopes`, they are its own. Nor does a key that expires make one that outlives it. `expires_at`:
    None is no expiry; left out, a key without scopes gets DEFAULT_LIFETIME. Raises KeyRefusedError.
    """
    own_scopes = asked_with.scopes if asked_with is not None else []
    if own_scopes and not set(scopes) <= set(own_scopes):
        raise WiderKeyError(
            f"The key that you use is narrowed to {', '.join(own_scopes)}, and so are those that"
            " it makes."
        )
    scopes = scopes or own_scopes
    with transaction.atomic():
        # Counted under the user's lock: requests that come together can't all be the last one.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if ApiKey.objects.filter(user=user, revoked_at=None).count() >= MAX_KEYS:
            raise TooManyKeysError(f"You have {MAX_KEYS} keys. Revoke one that you don't need.")
        _hold_key(asked_with)
        made = issue_api_key(
            user,
            name=name,
            scopes=scopes,
            expires_at=_choose_expiry(expires_at, scopes=scopes, asked_with=asked_with),
            created_by=asked_with,
        )
        notify_key_created(made[0])
    return made


def revoke_api_key(
    api_key: ApiKey, *, now: datetime | None = None, is_own_action: bool = True
) -> bool:
    """Revoke a key; False if it had been revoked before.

    `is_own_action`: False where an operator does it, who writes an entry of their own.

    This process refuses it from the commit on, others a moment later (`accounts.keys.cache`). What
    is open with it, a socket or a stream, ends then, too.
    """
    return _revoke([api_key.pk], now=now, is_own_action=is_own_action) == 1


def revoke_key_and_created(api_key: ApiKey) -> int:
    """Revoke a key and every key that it made, directly or by others; return how many that were.

    A key that one of them makes at this moment is found too: its maker is revoked first, and
    `issue_requested_key` holds the maker's row until the new key is committed.
    """
    revoked = int(revoke_api_key(api_key))
    while created := list_created_keys(api_key):
        revoked += _revoke([each.pk for each in created])
    return revoked


def revoke_all_keys(user: User) -> int:
    """Revoke every key of `user`; return how many there were."""
    working = ApiKey.objects.filter(user=user, revoked_at=None)
    return _revoke(list(working.values_list("pk", flat=True)))


def list_created_keys(api_key: ApiKey) -> list[ApiKey]:
    """Return the keys that still work and that `api_key` made, directly or by others. One query.

    A revoked key in between doesn't end the chain: what it made works on.
    """
    created: dict[UUID | None, list[ApiKey]] = {}
    for row in ApiKey.objects.filter(user=api_key.user_id).exclude(created_by_key=None):
        created.setdefault(row.created_by_key_id, []).append(row)
    found, makers = [], [api_key.pk]
    while makers:
        rows = created.pop(makers.pop(), [])
        makers += [row.pk for row in rows]
        found += [row for row in rows if row.revoked_at is None]
    return found


@sensitive_variables("raw")
def digest_key(raw: str) -> str:
    return hashlib.sha256(raw.encode()).hexdigest()


@sensitive_variables("raw")
def has_key_shape(raw: str) -> bool:
    """Whether `raw` can be a key at all: what can't is refused without a query."""
    return _SHAPE.match(raw) is not None


def _choose_expiry(
    asked: datetime | EllipsisType | None, *, scopes: Sequence[str], asked_with: ApiKey | None
) -> datetime | None:
    """Return when the new key expires. Raises KeyRefusedError."""
    latest = asked_with.expires_at if asked_with is not None else None
    if isinstance(asked, EllipsisType):
        usual = None if scopes else timezone.now() + DEFAULT_LIFETIME
        return min(filter(None, (usual, latest)), default=None)
    if latest is not None and (asked is None or asked > latest):
        raise OutlivingKeyError(
            f"The key that you use expires at {latest:%Y-%m-%d %H:%M} UTC, and so do those that it"
            " makes, at the latest."
        )
    return asked


def _hold_key(asked_with: ApiKey | None) -> None:
    """Lock the key that asks, so that `revoke_key_and_created` comes before or after the new one.

    Raises KeyRefusedError for one that was revoked since it was authenticated.
    """
    if asked_with is None:
        return
    working = ApiKey.objects.select_for_update().filter(pk=asked_with.pk, revoked_at=None)
    if working.values_list("pk").first() is None:
        raise EndedKeyError("This API key was revoked.")


def _revoke(
    keys: Collection[UUID], *, now: datetime | None = None, is_own_action: bool = True
) -> int:
    with transaction.atomic():
        # Locked: of two that revoke at once, the second finds none left to report.
        working = ApiKey.objects.select_for_update().filter(pk__in=keys, revoked_at=None)
        owners = dict(working.values_list("pk", "user_id"))
        changed = ApiKey.objects.filter(pk__in=owners, revoked_at=None).update(
            revoked_at=now or timezone.now()
        )
        if is_own_action:
            for owner in set(owners.values()):
                revoked = [str(pk) for pk, user_id in owners.items() if user_id == owner]
                record_own_action(
                    owner, action="revoke_key", object_type=KEY_TYPE, object_ids=revoked
                )
    cache.evict_keys_on_commit()
    if changed:
        wakeups.wake(wakeups.ACCESS, *keys)
    return changed
