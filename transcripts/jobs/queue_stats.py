"""How much waits and who works on what: for operators. Four queries, however much there is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, QuerySet
from django.utils import timezone

from transcripts.jobs.models import Queue, TranscriptionJob
from transcripts.models import Status

MAX_LEASES = 100


@dataclass(frozen=True)
class QueueState:
    queue: str
    waiting: int
    oldest_at: datetime | None  # when what waits longest came
    running: int


def read_queues() -> list[QueueState]:
    """Return each queue's state. Two queries, both on an index of open rows only."""
    queued = TranscriptionJob.objects.filter(status=Status.QUEUED).order_by()
    waiting = {
        queue: (count, oldest_at)
        for queue, count, oldest_at in queued.values_list("queue").annotate(
            Count("pk"), Min("created_at")
        )
    }
    processing = TranscriptionJob.objects.filter(status=Status.PROCESSING).order_by()
    running = dict(processing.values_list("queue").annotate(Count("pk")))
    return [
        QueueState(queue, *waiting.get(queue, (0, None)), running.get(queue, 0))
        for queue in Queue.values
    ]


@dataclass(frozen=True)
class FailureCount:
    code: str
    jobs: int
    last_at: datetime


def count_failures(*, within: timedelta = timedelta(days=1)) -> list[FailureCount]:
    """Return why jobs failed lately, the commonest reason first. One query, on an index of them."""
    failed = TranscriptionJob.objects.filter(
        status=Status.FAILED, finished_at__gte=timezone.now() - within
    ).order_by()
    counted = failed.values_list("error_code").annotate(Count("pk"), Max("finished_at"))
    found = (FailureCount(code, jobs, last_at) for code, jobs, last_at in counted)
    return sorted(found, key=lambda each: (-each.jobs, each.code))


def list_leases() -> QuerySet[TranscriptionJob]:
    """Return what is being worked on, the lease that ends first in front. One query."""
    processing = TranscriptionJob.objects.filter(status=Status.PROCESSING).order_by(
        "lease_expires_at"
    )
    return processing.select_related("transcript__recording").only(
        "queue",
        "attempt",
        "stalled_tries",
        "lease_owner",
        "lease_expires_at",
        "resume_ms",
        "transcript__recording__probed_ms",
        "progressed_at",
    )[:MAX_LEASES]
