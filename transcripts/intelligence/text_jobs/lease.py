"""The right of a worker to one text job (`jobs/row_lease`)."""

import logging
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from stt_web.core import wakeups
from transcripts.intelligence.models import TextJob
from transcripts.jobs.row_lease import RowLease, claim_row, is_due, release_row
from transcripts.locks import lock_transcript
from transcripts.models import Status
from transcripts.services.job_status import CLOSED_LEASE
from transcripts.services.shown_text_jobs import without_texts

logger = logging.getLogger(__name__)


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


class TextLease(RowLease):
    """`done`: how far an earlier worker got: only what is beyond that counts as progress, which
    sets the counts of tries and waits back.
    """

    model = TextJob
    change = staticmethod(change_job)
    done = 0

    def report(self, done: int, total: int) -> None:
        """Store how many parts are done."""
        counts = {"tries": 0, "waits": 0} if done > self.done else {}
        self.done = max(done, self.done)
        self.report_row(done=done, total=total, **counts)


def claim_text_job(job_id: UUID) -> tuple[TextLease, TextJob] | None:
    """Claim a job that waits; None where there is none, or its time hasn't come."""
    job = TextJob.objects.filter(is_due(), pk=job_id, status=Status.QUEUED).first()
    claimed = job and claim_row(TextLease, job, related=("owner", "transcript"))
    if not claimed:
        return None
    lease, current = claimed
    lease.done = current.done
    return lease, current


def release_text_job(lease: TextLease, *, wait_s: float | None = None, is_try: bool = True) -> bool:
    """Let any worker take it; with `wait_s` not before, and as a wait and not as a try."""
    return release_row(lease, wait_s=wait_s, is_try=is_try)


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
