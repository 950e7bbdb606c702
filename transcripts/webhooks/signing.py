"""Secrets and signatures, as the Standard Webhooks specification has them ("Signature scheme").

HMAC-SHA256 over `id.timestamp.body`, one signature a secret, `v1,` before each, spaces between.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from django.views.decorators.debug import sensitive_variables

_PREFIX = "whsec_"
_SECRET_BYTES = 32  # the specification: 24 to 64


def make_secret() -> str:
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


@sensitive_variables()
def sign(
    *, message_id: str, timestamp_s: int, body: bytes, secrets_: Sequence[str]
) -> dict[str, str]:
    """Return the three headers. `secrets_`: newest first."""
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    signatures = [f"v1,{_digest(secret, signed)}" for secret in secrets_]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(signatures),
    }


@sensitive_variables()
def _digest(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
