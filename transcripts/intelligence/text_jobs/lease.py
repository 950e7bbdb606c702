"""The right of a worker to one text job: claimed, renewed, given back (as `jobs/lease` has it).

The fence is `attempt`: it moves on with each claim, and nothing is written under an old one.
"""

import logging
import os
import socket
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from stt_web.core import wakeups
from transcripts.intelligence.models import TextJob
from transcripts.jobs.lease import Lease, LeaseEnd, next_expiry
from transcripts.locks import lock_transcript
from transcripts.models import Status
from transcripts.services.shown_text_jobs import without_texts

logger = logging.getLogger(__name__)

CLOSED_LEASE: dict[str, object] = {"lease_owner": "", "lease_expires_at": None}
# Of a job that any worker may claim, and that is to be enqueued.
AS_WAITING = CLOSED_LEASE | {
    "status": Status.QUEUED,
    "enqueued_at": None,
    "enqueue_count": 0,
    "not_before": None,
}


class TextLease(Lease):
    """Of a text job. `report` is for the thread that works. `done`: how far an earlier worker got:
    only what is beyond that counts as progress, which sets the counts of tries and waits back.
    """

    done = 0

    def rows(self) -> QuerySet[Any]:
        return TextJob.objects.filter(
            pk=self.job_id, attempt=self.attempt, status=Status.PROCESSING
        )

    def report(self, done: int, total: int) -> None:
        """Store how many parts are done. Ends the lease where the row is not ours any more."""
        self.note_progress()
        self.check()
        is_further = done > self.done
        counts = {"tries": 0, "waits": 0} if is_further else {}
        self.done = max(done, self.done)
        if not change_job(self.rows(), self.job_id, done=done, total=total, **counts):
            self.end(LeaseEnd.LOST)
            self.check()


def claim_text_job(job_id: UUID) -> tuple[TextLease, TextJob] | None:
    """Claim a job that waits; None where there is none, or its time hasn't come.

    The race: another worker with the same message. The compare-and-set is on `attempt`.
    """
    rows = TextJob.objects.select_related("owner", "transcript").filter(pk=job_id)
    now = timezone.now()
    is_due = Q(not_before=None) | Q(not_before__lte=now)
    job = rows.filter(is_due, status=Status.QUEUED).first()
    if job is None:
        return None
    attempt = job.attempt + 1
    claimed = change_job(
        TextJob.objects.filter(status=Status.QUEUED, attempt=job.attempt),
        job_id,
        status=Status.PROCESSING,
        attempt=attempt,
        tries=F("tries") + 1,
        lease_owner=f"{socket.gethostname()}:{os.getpid()}"[:100],
        lease_expires_at=next_expiry(),
        started_at=job.started_at or now,
    )
    if not claimed:
        return None
    lease = TextLease(job_id, attempt)
    current: TextJob | None = lease.rows().select_related("owner", "transcript").first()
    if current is None:
        return None
    lease.done = current.done
    return lease, current


def change_job(rows: QuerySet[TextJob], job_id: UUID, **changes: object) -> bool:
    """Change the job if it is (still) among `rows`, and wake those who follow it. One statement."""
    with transaction.atomic():
        if not rows.filter(pk=job_id).update(**changes, changed_at=timezone.now()):
            return False
        wake_followers(job_id)
    return True


def wake_followers(job_id: UUID) -> None:
    wakeups.wake(wakeups.TRANSCRIPT, job_id)
    rows = TextJob.objects.filter(pk=job_id).values_list("transcript_id", flat=True)
    for transcript_id in rows:
        if transcript_id is not None:
            wakeups.wake(wakeups.TRANSCRIPT, transcript_id)


def release_text_job(lease: TextLease, *, wait_s: float | None = None) -> bool:
    """Let any worker take it; with `wait_s` not before, and as a wait and not as a try."""
    changes: dict[str, object] = dict(AS_WAITING)
    if wait_s is not None:
        changes["not_before"] = timezone.now() + timedelta(seconds=wait_s)
        changes["tries"] = 0
        changes["waits"] = F("waits") + 1
    return change_job(lease.rows(), lease.job_id, **changes)


def cancel_text_job(job: TextJob) -> bool:
    """End it if it waits or is worked on; its worker notices within a heartbeat."""
    open_rows = TextJob.objects.filter(status__in=(Status.QUEUED, Status.PROCESSING))
    with transaction.atomic():
        if job.transcript_id is not None:
            lock_transcript(job.transcript_id)
        return change_job(
            open_rows,
            job.pk,
            status=Status.CANCELLED,
            finished_at=timezone.now(),
            fields=without_texts(job.fields),
            **CLOSED_LEASE,
        )
