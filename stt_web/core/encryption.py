"""Encryption at rest of the few secrets that must be read again, such as an instance's token.

Fernet (AES-128-CBC with HMAC-SHA256). Its keys are derived from `STT_ENCRYPTION_KEYS`, newest
first, and from the secret key behind them: what is written uses the first, what is read may use
any, so that a new key is put in front and the old ones stay until `manage.py reencrypt_secrets`
has encrypted everything again.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

_PURPOSE = b"stt encryption at rest"
MASK = "••••••••"


class UndecipherableError(Exception):
    """None of the keys opens it: a key was taken away too early, or the row is damaged."""


@sensitive_variables("text")
def encrypt(text: str) -> str:
    """Return `text` so that it can be stored; the empty text stays empty."""
    return _fernet().encrypt(text.encode()).decode("ascii") if text else ""


def decrypt(stored: str) -> str:
    """Return what `encrypt` was given. Raises UndecipherableError."""
    try:
        return _fernet().decrypt(stored.encode()).decode() if stored else ""
    except InvalidToken:
        raise UndecipherableError("No key of STT_ENCRYPTION_KEYS opens this secret.") from None


def reencrypt(stored: str) -> str:
    """Return the same secret under the first key. Raises UndecipherableError."""
    return encrypt(decrypt(stored))


def _fernet() -> MultiFernet:
    return MultiFernet([_derive(key) for key in (*settings.ENCRYPTION_KEYS, settings.SECRET_KEY)])


def _derive(key: str) -> Fernet:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE)
    return Fernet(base64.urlsafe_b64encode(derived.derive(key.encode())))
