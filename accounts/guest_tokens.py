"""The one-time token by which a guest, a person without an account, finds a transcript again.

It opens that one transcript, the resumable upload that it comes by, and nothing else, until the
transcript is deleted or an account takes it over. Like a key, it is shown once and stored as a
digest.
"""

import hashlib
import re
import secrets

from django.views.decorators.debug import sensitive_variables

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
    """Whether `raw`, from an Authorization header, is one by its format, which no key has."""
    return _SHAPE.match(raw) is not None
