"""Webhook messages, checked as https://www.standardwebhooks.com/ defines it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from open_stt.errors import SignatureError

_PREFIX = "whsec_"
TOLERANCE_S = 300.0


def verify_webhook(
    secret: str,
    body: bytes | str,
    headers: Mapping[str, str],
    *,
    tolerance_s: float = TOLERANCE_S,
) -> dict[str, Any]:
    """Return the event of a message that the server signed with `secret` (`whsec_…`).

    `body`: exactly the bytes received. Raises SignatureError for what isn't the server's, or is
    older (or newer) than the tolerance. A message may arrive twice: remember its `webhook-id`.
    """
    content = body.encode() if isinstance(body, str) else body
    named = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, timestamp = named["webhook-id"], named["webhook-timestamp"]
        signatures = named["webhook-signature"].split()
        sent_at = int(timestamp)
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except KeyError as missing:
        raise SignatureError(f"The header {missing.args[0]} is missing.") from None
    except (ValueError, binascii.Error):
        raise SignatureError("The secret or the timestamp can't be read.") from None
    if abs(time.time() - sent_at) > tolerance_s:
        raise SignatureError("The message is too old, or this machine's clock is wrong.")
    signed = f"{message_id}.{timestamp}.".encode() + content
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    if not any(
        hmac.compare_digest(each.encode(), f"v1,{expected}".encode()) for each in signatures
    ):
        raise SignatureError("The message isn't signed with this secret.")
    event: dict[str, Any] = json.loads(content)
    return event
