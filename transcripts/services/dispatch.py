"""Telling the broker about work: a hint that may get lost, never the truth.

A row that waits is told again at growing intervals (`services/sweep`); telling twice is harmless,
for the second worker finds the row claimed.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from stt_web.core import broker
from transcripts.models import Status, Transcript

TRANSCRIBE_TASK = "transcripts.transcribe"


def enqueue(transcript_id: UUID | str) -> bool:
    """Tell the broker that a queued transcript waits; False if it could not be told.

    Never raises for a broker that is down, and does not wait for it longer than the socket
    timeouts of the settings: the sweeper tells again.
    """
    waiting = Transcript.objects.filter(pk=transcript_id, status=Status.QUEUED)
    row = waiting.values_list("queue", "enqueued_at").first()
    return row is not None and tell_broker(transcript_id, queue=row[0], told_at=row[1])


def announce(transcript: Transcript) -> bool:
    """Tell the broker about a row that was inserted as told (`enqueued_at`); as `enqueue`.

    No query: nobody else can have told about it. A process that dies before leaves it to the
    sweeper.
    """
    told_at = transcript.enqueued_at
    return _send(transcript.pk, queue=transcript.queue, told_at=told_at)


def tell_broker(transcript_id: UUID | str, *, queue: str, told_at: datetime | None) -> bool:
    """Send the message, unless somebody else did since `told_at` (compare-and-set)."""
    now = timezone.now()
    waiting = Transcript.objects.filter(pk=transcript_id, status=Status.QUEUED)
    if not waiting.filter(enqueued_at=told_at).update(
        enqueued_at=now, enqueue_count=F("enqueue_count") + 1
    ):
        return True
    return _send(transcript_id, queue=queue, told_at=now)


def _send(transcript_id: UUID | str, *, queue: str, told_at: datetime | None) -> bool:
    if broker.send_now(TRANSCRIBE_TASK, [str(transcript_id)], queue=queue):
        return True
    waiting = Transcript.objects.filter(pk=transcript_id, status=Status.QUEUED)
    waiting.filter(enqueued_at=told_at).update(enqueued_at=None)
    return False
