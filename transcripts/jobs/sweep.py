"""Repairs what no process works on any more: every few seconds, and at worker start.

- Leases that ran out go back to the queue, or fail once their tries are used up.
- Rows that wait and whose message may be lost are enqueued again, at growing intervals.

Several sweepers may run at once: each change is a compare-and-set. Without work a sweep
is three queries, however many rows there are.
"""

import logging
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from stt_web.core.background import run_guarded
from stt_web.core.clocks import is_ahead
from stt_web.core.metrics import SWEEPS_REQUEUED
from transcripts.jobs.enqueue import send_message
from transcripts.jobs.lease import has_run_out
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.run import exhausted_error
from transcripts.jobs.stages.finalize import fail_rows
from transcripts.models import Status
from transcripts.services.job_status import AS_WAITING, change_status, link_transcript

logger = logging.getLogger(__name__)

BATCH_ROWS = 200
# The n-th message about a row is followed by the next one after half a lease × 2^(n-1): about
# 10, 20, 40 s …, at last every 11 minutes. Twenty long recordings that wait their turn are few
# messages; a lost message costs seconds.
LONGEST_INTERVAL_DOUBLINGS = 6


def sweep_transcripts() -> None:
    """Do one round."""
    now = timezone.now()
    for step in (_fail_used_up, _requeue_expired, _enqueue_waiting):
        run_guarded(partial(step, now), name="sweep")


def _expired(now: datetime) -> QuerySet[TranscriptionJob]:
    is_due = has_run_out(now, tries="stalled_tries")
    return TranscriptionJob.objects.filter(is_due, status=Status.PROCESSING)


def _fail_used_up(now: datetime) -> None:
    used_up = _expired(now).filter(stalled_tries__gte=settings.MAX_STALLED_TRIES)
    code, message = exhausted_error()
    for job in _oldest(used_up):
        rows = used_up.filter(attempt=job.attempt)
        failing = partial(fail_rows, rows, job, code=code, message=message)
        run_guarded(failing, name="sweep")  # one row that can't be failed blocks no other


def _requeue_expired(now: datetime) -> None:
    rows = _expired(now).filter(stalled_tries__lt=settings.MAX_STALLED_TRIES)
    for job in _oldest(rows):
        expired = rows.filter(attempt=job.attempt)
        run_guarded(partial(_requeue, expired, job), name="sweep")


def _requeue(rows: QuerySet[TranscriptionJob], job: TranscriptionJob) -> None:
    if change_status(rows, job, Status.QUEUED, **AS_WAITING):
        SWEEPS_REQUEUED.inc()
        logger.warning("event=lease_ran_out transcript_id=%s job_id=%s", job.transcript_id, job.pk)


def _oldest(rows: QuerySet[TranscriptionJob]) -> list[TranscriptionJob]:
    related = rows.select_related("transcript__owner", "transcript__recording")
    jobs = list(related.order_by("lease_expires_at")[:BATCH_ROWS])
    for job in jobs:
        link_transcript(job)
    return jobs


def _enqueue_waiting(now: datetime) -> None:
    due = TranscriptionJob.objects.filter(is_unsent(now), status=Status.QUEUED)
    waiting = due.order_by("created_at").values_list("pk", "queue", "enqueued_at")
    for pk, queue, last_enqueued_at in waiting[:BATCH_ROWS]:
        if not send_message(pk, queue=queue, last_enqueued_at=last_enqueued_at):
            return  # the broker is down: the next round tries again


def is_unsent(now: datetime) -> Q:
    """What waits and has no message under way, by the times of those that were sent: one that lies
    ahead was written by a clock that was wrong.
    """
    first = timedelta(seconds=settings.LEASE_S / 2)
    due = Q(enqueued_at=None) | is_ahead("enqueued_at", now=now)
    due |= Q(enqueued_at__lt=now - first * 2**LONGEST_INTERVAL_DOUBLINGS)
    for doublings in range(LONGEST_INTERVAL_DOUBLINGS):
        due |= Q(enqueue_count__lte=doublings + 1, enqueued_at__lt=now - first * 2**doublings)
    return due
