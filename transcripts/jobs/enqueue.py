"""Enqueueing work: a message is a hint that may get lost, never the truth.

A row that waits is enqueued again at growing intervals (`jobs/sweep`); twice is harmless,
for the second worker finds the row claimed.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from stt_web.core import broker
from transcripts.jobs.models import TranscriptionJob
from transcripts.models import Status

TRANSCRIBE_TASK = "transcripts.transcribe"


def enqueue(job_id: UUID | str) -> bool:
    """Enqueue a queued job; False if the broker could not be reached.

    Never raises for a broker that is down, and does not wait for it longer than the socket
    timeouts of the settings: the sweeper enqueues it again.
    """
    waiting = TranscriptionJob.objects.filter(pk=job_id, status=Status.QUEUED)
    row = waiting.values_list("queue", "enqueued_at").first()
    return row is not None and send_message(job_id, queue=row[0], last_enqueued_at=row[1])


def enqueue_job(job: TranscriptionJob) -> bool:
    """Enqueue a row that was inserted as enqueued (`enqueued_at`); as `enqueue`.

    No query: no one else can have enqueued it. A process that dies before leaves it to the
    sweeper.
    """
    return _send(job.pk, queue=job.queue, last_enqueued_at=job.enqueued_at)


def send_message(job_id: UUID | str, *, queue: str, last_enqueued_at: datetime | None) -> bool:
    """Send the message, unless another process did since `last_enqueued_at` (compare-and-set)."""
    now = timezone.now()
    waiting = TranscriptionJob.objects.filter(pk=job_id, status=Status.QUEUED)
    if not waiting.filter(enqueued_at=last_enqueued_at).update(
        enqueued_at=now, enqueue_count=F("enqueue_count") + 1
    ):
        return True
    return _send(job_id, queue=queue, last_enqueued_at=now)


def _send(job_id: UUID | str, *, queue: str, last_enqueued_at: datetime | None) -> bool:
    if broker.send_now(TRANSCRIBE_TASK, [str(job_id)], queue=queue):
        return True
    waiting = TranscriptionJob.objects.filter(pk=job_id, status=Status.QUEUED)
    waiting.filter(enqueued_at=last_enqueued_at).update(enqueued_at=None)
    return False
