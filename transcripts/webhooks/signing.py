"""Secrets and signatures, as the Standard Webhooks specification has them ("Signature scheme").

Its reference library signs; several signatures, one a secret, have spaces between.
"""

import base64
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from django.views.decorators.debug import sensitive_variables
from standardwebhooks import Webhook

_PREFIX = "whsec_"
_SECRET_BYTES = 32  # the specification: 24 to 64


def make_secret() -> str:
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


@sensitive_variables()
def sign(
    *, message_id: str, timestamp_s: int, body: bytes, secrets_: Sequence[str]
) -> dict[str, str]:
    """Return the three headers. body: UTF-8, as it is sent. `secrets_`: newest first."""
    sent_at = datetime.fromtimestamp(timestamp_s, UTC)
    signatures = [Webhook(secret).sign(message_id, sent_at, body.decode()) for secret in secrets_]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(signatures),
    }
