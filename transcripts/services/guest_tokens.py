"""The one-time token by which a guest finds a transcript again.

It opens that one transcript and nothing else, for as long as the transcript is stored (an hour
after it is answered), or until an account takes it over (`services/guests`). Like a key, it is
shown once and stored as a digest.
"""

import hashlib
import re
import secrets
from datetime import timedelta

from django.views.decorators.debug import sensitive_variables

GUEST_TEXT_LIFETIME = timedelta(hours=1)
_PREFIX = "sttt_"
_SHAPE = re.compile(r"sttt_[A-Za-z0-9_-]{43}\Z")


def make_guest_token() -> tuple[str, str]:
    """Return a new raw token (256 random bits) and its digest."""
    raw = _PREFIX + secrets.token_urlsafe(32)
    return raw, digest_guest_token(raw)


@sensitive_variables("raw")
def digest_guest_token(raw: str) -> str:
    """Return SHA-256 in hex: 256 random bits need no slow hash."""
    return hashlib.sha256(raw.encode()).hexdigest()


@sensitive_variables("raw")
def is_guest_token(raw: str) -> bool:
    return _SHAPE.match(raw) is not None
