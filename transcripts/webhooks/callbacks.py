"""One message about one transcript, to the address that the request for it named.

A callback is an endpoint of one transcript: delivered, retried and guarded like all others. What is
sent is a dialect's (`settings.CALLBACK_BODIES`), and is written when it is sent, from the
transcript as it is then. It isn't signed: its receiver knows no secret of ours.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import User
from stt_web.core.encryption import decrypt, encrypt
from transcripts.models import OPEN_STATUSES, Transcript
from transcripts.option_kinds import InvalidOptionError
from transcripts.webhooks.addresses import BadUrlError, check_literal, read_url
from transcripts.webhooks.events import Event, event_of
from transcripts.webhooks.models import WebhookDelivery, WebhookEndpoint
from transcripts.webhooks.outbox import record_event
from transcripts.webhooks.sender import Request

_EVENTS = [str(event) for event in (Event.COMPLETED, Event.FAILED, Event.CANCELLED)]
WriteBody = Callable[[Transcript, Mapping[str, object]], Mapping[str, object]]


@dataclass(frozen=True, kw_only=True)
class Callback:
    """`dialect`: of `settings.CALLBACK_BODIES`; `asked`: what its writer is given, as JSON."""

    url: str
    dialect: str
    asked: Mapping[str, object]
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)


def check_callback(url: str, *, field: str) -> None:
    """Raise InvalidOptionError, which names `field`, unless it may be called."""
    try:
        check_literal(read_url(url))
    except BadUrlError as error:
        raise InvalidOptionError(field, error.message) from None


def store_callback(transcript: Transcript, owner: User, callback: Callback) -> None:
    """Have the callback called once the transcript is finished; at once, if it is. Stored twice for
    the same request, it is called once. Inside a transaction that holds the transcript's lock.

    Race: `change_status` takes that lock before it ends a job and records the event: wholly before
    this, which then records it, or behind it.
    """
    WebhookEndpoint.objects.get_or_create(
        transcript=transcript,
        url=callback.url,
        dialect=callback.dialect,
        asked=dict(callback.asked),
        method=callback.method,
        defaults={
            "owner": owner,
            "events": _EVENTS,
            "headers_encrypted": encrypt(json.dumps(dict(callback.headers))),
        },
    )
    now = Transcript.objects.get(pk=transcript.pk)
    if now.status not in OPEN_STATUSES:
        record_event(event_of(now), now)


def write_callback(
    endpoint: WebhookEndpoint, delivery: WebhookDelivery, *, now: datetime
) -> Request | None:
    """Return what is to be sent; None where the transcript is gone. Raises UndecipherableError."""
    transcript = endpoint.transcript
    if transcript is None:
        return None
    write: WriteBody = import_string(settings.CALLBACK_BODIES[endpoint.dialect])
    body = json.dumps(dict(write(transcript, endpoint.asked)), ensure_ascii=False)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "open-stt-webhooks/1",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        **json.loads(decrypt(endpoint.headers_encrypted)),
    }
    return Request(url=endpoint.url, headers=headers, body=body.encode(), method=endpoint.method)
