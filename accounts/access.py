"""Access to users' keys: takes the account, raises not-found for those of other accounts."""

import uuid

from django.db.models import QuerySet

from accounts.models import ApiKey, User
from stt_web.core.errors import ApiError


class KeyNotFoundError(ApiError):
    """There is none with this id, or it is revoked, or another account's."""

    status = 404
    code = "not_found"


def list_api_keys(user: User) -> QuerySet[ApiKey]:
    """The keys of `user` that aren't revoked, newest first."""
    return ApiKey.objects.filter(user=user, revoked_at=None).order_by("-created_at", "id")


def get_api_key(user: User, key_id: str) -> ApiKey:
    """Return the key, or raise KeyNotFoundError: unknown, another account's or revoked."""
    try:
        wanted = uuid.UUID(key_id)
    except ValueError:
        wanted = None
    found = list_api_keys(user).filter(pk=wanted).first() if wanted else None
    if found is None:
        raise KeyNotFoundError("You have no API key with this id.")
    return found
