"""Short-lived keys: what a server of a customer's hands to a browser, for live speech only.

A key of the account vouches for it: it ends with that key, at the latest. It is signed and not
stored, can't make another one, and counts on live sockets only (`principals.OF_SOCKETS`).

Its characters may stand in an address and in a WebSocket's subprotocol, where browsers put them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core import signing
from django.views.decorators.debug import sensitive_variables

from accounts.authentication import AuthenticationError, check_key_still_good
from accounts.models import ApiKey

_PREFIX = "ek_"
_SALT = "accounts.live_keys"
_SEPARATOR = "."
LONGEST_S = 7200


@dataclass(frozen=True)
class LiveKey:
    """`session`: what a session that it opens is configured with."""

    api_key: ApiKey
    session: dict[str, Any]


def issue_live_key(
    api_key: ApiKey, *, expires_at: datetime, session: dict[str, Any] | None = None
) -> str:
    """Return a raw short-lived key of `api_key`. `session`: as `LiveKey` has it, small."""
    stated = {"key": str(api_key.pk), "until": int(expires_at.timestamp()), "session": session}
    signer = signing.Signer(salt=_SALT, sep=_SEPARATOR)
    return _PREFIX + signer.sign_object(stated, compress=True)


def is_live_key(raw: str) -> bool:
    """Whether `raw` is one by its format, which no key has."""
    return raw.startswith(_PREFIX)


@sensitive_variables("raw", "stated")
def redeem_live_key(raw: str) -> LiveKey:
    """Return what it stands for. Raises AuthenticationError for a forged or an expired one, and for
    one whose key has ended. One query."""
    signer = signing.Signer(salt=_SALT, sep=_SEPARATOR)
    try:
        stated = signer.unsign_object(raw.removeprefix(_PREFIX))
    except (signing.BadSignature, ValueError):
        raise AuthenticationError("This short-lived key is not valid.") from None
    if stated["until"] <= datetime.now(UTC).timestamp():
        raise AuthenticationError("This short-lived key has expired. Ask for another one.")
    api_key = ApiKey.objects.select_related("user").filter(pk=stated["key"]).first()
    if api_key is None:
        raise AuthenticationError("This short-lived key is not valid.")
    check_key_still_good(api_key)
    return LiveKey(api_key, stated["session"] or {})
