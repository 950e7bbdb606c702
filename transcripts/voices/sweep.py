"""Repairs of voice jobs that no process works on, and the end of what is stored for a day."""

import logging
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from stt_web.core.background import run_guarded
from stt_web.core.clocks import is_ahead
from stt_web.core.metrics import SWEEPS_REQUEUED
from transcripts.jobs.lease import has_run_out
from transcripts.jobs.sweep import BATCH_ROWS
from transcripts.models import OPEN_STATUSES, Status
from transcripts.voices.errors import EXHAUSTED
from transcripts.voices.finish import delete_voice_job, fail_voice_job
from transcripts.voices.lease import AS_WAITING, change_job, send_voice_job
from transcripts.voices.models import VoiceJob

logger = logging.getLogger(__name__)

STORED = timedelta(hours=24)


def sweep_voice_jobs() -> None:
    """One round: two queries without work. Several may run at once: each change is a
    compare-and-set.
    """
    now = timezone.now()
    for step in (_end_expired, _enqueue_waiting):
        run_guarded(partial(step, now), name="sweep")


def purge_voice_jobs() -> None:
    """Delete what ended a day ago, with its speech."""
    ended = VoiceJob.objects.exclude(status__in=OPEN_STATUSES)
    for job in ended.filter(finished_at__lt=timezone.now() - STORED)[:BATCH_ROWS]:
        delete_voice_job(job)


def _end_expired(now: datetime) -> None:
    is_over = has_run_out(now, tries="tries")
    expired = VoiceJob.objects.filter(is_over, status=Status.PROCESSING)
    for job in expired.select_related("owner")[:BATCH_ROWS]:
        rows = expired.filter(attempt=job.attempt)
        if job.tries >= settings.MAX_STALLED_TRIES:
            run_guarded(partial(fail_voice_job, rows, job, EXHAUSTED), name="sweep")
        elif change_job(rows, job.pk, **AS_WAITING):
            SWEEPS_REQUEUED.inc()
            logger.warning("event=voice_lease_ran_out job_id=%s", job.pk)


def _enqueue_waiting(now: datetime) -> None:
    lost = Q(enqueued_at=None) | Q(enqueued_at__lt=now - timedelta(seconds=10 * settings.LEASE_S))
    lost |= is_ahead("enqueued_at", now=now)
    waiting = VoiceJob.objects.filter(lost, status=Status.QUEUED).order_by("created_at")
    for job_id in waiting.values_list("pk", flat=True)[:BATCH_ROWS]:
        if not send_voice_job(job_id):
            return  # the broker is down: the next round tries again
