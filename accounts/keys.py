"""API keys as such: how they look, how one is made, and how one is revoked.

A raw key exists in the answer to its creation and in its owner's hands, nowhere else: here it
becomes a digest as soon as it can. Whether a key that somebody shows is good is
`accounts.authentication`'s to say.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts import key_cache
from accounts.models import ApiKey, User
from accounts.services.key_notices import announce_key
from stt_web.errors import ApiError

# What a key may be narrowed to. A key without scopes may do everything its owner may.
SCOPES = ("transcribe", "read", "manage")

MAX_KEYS = 100  # of one user, revoked ones not counted

_PREFIX = "stt_"
_RANDOM_BYTES = 32  # 43 characters of base64url
_VISIBLE_CHARACTERS = 10  # 6 of them random: enough to tell keys apart, no help in guessing
_SHAPE = re.compile(r"stt_[A-Za-z0-9_-]{43}\Z")


class KeyRefusedError(ApiError):
    """A key that can't be made: too many, or wider than the one that asks."""


def issue_api_key(
    user: User, *, name: str, scopes: Sequence[str] = (), expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Make a key for `user`; return it with the raw key, which can't be had again.

    Raises ValueError for a scope that isn't one of `SCOPES`.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise ValueError(f"No such scope: {', '.join(unknown)}.")
    raw = _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    api_key = ApiKey.objects.create(
        user=user,
        name=name,
        prefix=raw[:_VISIBLE_CHARACTERS],
        digest=digest_key(raw),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    return api_key, raw


def issue_requested_key(
    user: User,
    *,
    asked_with: ApiKey | None,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
) -> tuple[ApiKey, str]:
    """Make a key that `user` asks for, with the key `asked_with` or in a session (None).

    A narrowed key makes only keys that are no wider, else it would not be narrowed: without
    `scopes`, they are its own. Raises KeyRefusedError.
    """
    own_scopes = asked_with.scopes if asked_with is not None else []
    if own_scopes and not set(scopes) <= set(own_scopes):
        raise KeyRefusedError(
            f"The key that you use is narrowed to {', '.join(own_scopes)}, and so are those that"
            " it makes.",
            status=403,
            code="missing_scope",
        )
    with transaction.atomic():
        # Counted under the user's lock: requests that come together can't all be the last one.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if ApiKey.objects.filter(user=user, revoked_at=None).count() >= MAX_KEYS:
            raise KeyRefusedError(
                f"You have {MAX_KEYS} keys. Revoke one that you don't need.", code="too_many_keys"
            )
        made = issue_api_key(user, name=name, scopes=scopes or own_scopes, expires_at=expires_at)
        announce_key(made[0])
    return made


def revoke_api_key(api_key: ApiKey, *, now: datetime | None = None) -> bool:
    """Revoke a key; False if it had been revoked before.

    This process refuses it from the commit on, others within `key_cache.TTL_S`.
    """
    revoked_at = now or timezone.now()
    changed = ApiKey.objects.filter(pk=api_key.pk, revoked_at=None).update(revoked_at=revoked_at)
    key_cache.forget_keys_on_commit()
    return changed == 1


@sensitive_variables("raw")
def digest_key(raw: str) -> str:
    return hashlib.sha256(raw.encode()).hexdigest()


@sensitive_variables("raw")
def has_key_shape(raw: str) -> bool:
    """Whether `raw` can be a key at all: what can't is refused without a query."""
    return _SHAPE.match(raw) is not None
