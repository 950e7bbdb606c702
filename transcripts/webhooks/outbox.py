"""Storing deliveries in the transaction of their event, and enqueueing the pump after it.

The message to the broker is a hint: Celery beat has the pump check every few seconds anyway.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from stt_web.core.broker import enqueue
from transcripts.models import Transcript
from transcripts.webhooks.events import Event, event_of, write_job_body, write_transcript_body
from transcripts.webhooks.models import WebhookDelivery, WebhookEndpoint

DELIVER_TASK = "transcripts.deliver_webhooks"
QUEUE = "webhooks"
_HINT_EXPIRES_S = 30.0


def enqueue_status_events(transcript: Transcript) -> None:
    """Write that `transcript`, as it stands in memory, reached its final status.

    Inside the transaction that gives it that status. Two queries at most; one for an account
    without endpoints, none for a guest.
    """
    record_event(event_of(transcript), transcript)


def record_event(event: Event, transcript: Transcript) -> None:
    """Store deliveries to those of the owner's endpoints that want `event`. Each is delivered once,
    however often this is called.
    """
    if transcript.owner_id is None:
        return
    _record(
        event,
        transcript.owner_id,
        key=f"{transcript.pk}:{event}",
        write=lambda now: write_transcript_body(event, transcript, now=now),
        about=Q(transcript=None) | Q(transcript=transcript.pk),
    )


def record_job_event(
    event: Event, owner_id: UUID, *, key: str, data: dict[str, object], path: str = ""
) -> None:
    """As `record_event`, about other work: `data` describes it, `key` is the event's own, and
    `path` the address of what there is of it.
    """
    _record(
        event,
        owner_id,
        key=key,
        write=lambda now: write_job_body(event, data, path=path, now=now),
        about=Q(transcript=None),
    )


def _record(
    event: Event, owner_id: UUID, *, key: str, write: Callable[[datetime], str], about: Q
) -> None:
    # Race: `endpoints.disable_endpoint` lets what waits fail: this comes before it, or not at all.
    enabled = (
        WebhookEndpoint.objects.select_for_update(no_key=True)
        .filter(about, owner_id=owner_id, disabled_at=None)
        .order_by("pk")
    )
    wanting = [endpoint for endpoint in enabled if not endpoint.events or event in endpoint.events]
    if not wanting:
        return
    now = timezone.now()
    body = write(now)
    WebhookDelivery.objects.bulk_create(
        [make_delivery(endpoint, event=event, key=key, body=body, now=now) for endpoint in wanting],
        ignore_conflicts=True,
    )
    enqueue_delivery()


def make_delivery(
    endpoint: WebhookEndpoint, *, event: str, key: str, body: str, now: datetime
) -> WebhookDelivery:
    """Return a delivery that is due at once, not stored."""
    return WebhookDelivery(
        endpoint=endpoint, event=str(event), key=key, body=body, created_at=now, next_try_at=now
    )


def enqueue_delivery() -> None:
    """Enqueue a pump once the transaction at hand commits."""
    enqueue(DELIVER_TASK, queue=QUEUE, expires_s=_HINT_EXPIRES_S)
