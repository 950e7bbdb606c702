"""Writing deliveries down, in the transaction of what they tell of, and telling the broker after.

The message to the broker is a hint: Celery beat has the pump look every few seconds anyway.
"""

import logging
from datetime import datetime

from celery import current_app
from django.db import transaction
from django.utils import timezone

from transcripts.models import Transcript, WebhookDelivery, WebhookEndpoint
from transcripts.webhooks.events import Event, event_of, write_transcript_body

logger = logging.getLogger(__name__)

DELIVER_TASK = "transcripts.deliver_webhooks"
QUEUE = "webhooks"
_HINT_EXPIRES_S = 30.0


def tell_of_status(transcript: Transcript) -> None:
    """Write that `transcript`, as it stands in memory, reached its final status.

    Inside the transaction that gives it that status. Two queries at most; one for an account
    without endpoints, none for a visitor.
    """
    tell(event_of(transcript), transcript)


def tell(event: Event, transcript: Transcript) -> None:
    """Write deliveries to those of the owner's endpoints that want `event`. The same is told once,
    however often this is called.
    """
    if transcript.owner_id is None:
        return
    enabled = WebhookEndpoint.objects.filter(owner_id=transcript.owner_id, disabled_at=None)
    wanting = [endpoint for endpoint in enabled if not endpoint.events or event in endpoint.events]
    if not wanting:
        return
    now = timezone.now()
    body = write_transcript_body(event, transcript, now=now)
    WebhookDelivery.objects.bulk_create(
        [
            make_delivery(endpoint, event=event, key=f"{transcript.pk}:{event}", body=body, now=now)
            for endpoint in wanting
        ],
        ignore_conflicts=True,
    )
    transaction.on_commit(tell_broker)


def make_delivery(
    endpoint: WebhookEndpoint, *, event: str, key: str, body: str, now: datetime
) -> WebhookDelivery:
    """Return a delivery that is due at once, not stored."""
    return WebhookDelivery(
        endpoint=endpoint, event=str(event), key=key, body=body, created_at=now, next_try_at=now
    )


def tell_broker() -> None:
    """Have a pump look now. Never raises for a broker that is down."""
    try:
        current_app.send_task(
            DELIVER_TASK, queue=QUEUE, expires=_HINT_EXPIRES_S, retry=False, ignore_result=True
        )
    except Exception:  # kombu passes on whatever its transports raise
        logger.exception("event=webhooks_not_announced")
