"""Repairs of enhancements that no process works on, and the end of what is a day old."""

import logging
from datetime import datetime
from functools import partial

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from stt_web.core.background import run_guarded
from stt_web.core.metrics import SWEEPS_REQUEUED
from transcripts.enhancement.files import delete_files
from transcripts.enhancement.lease import cancel_enhancement, change_enhancement
from transcripts.enhancement.models import Enhancement
from transcripts.enhancement.order import STORED_FOR, send_enhancement
from transcripts.enhancement.run import EXHAUSTED, fail_enhancement
from transcripts.jobs.lease import has_run_out
from transcripts.jobs.row_lease import AS_WAITING, is_due
from transcripts.jobs.sweep import BATCH_ROWS, is_unsent
from transcripts.models.status import Status

logger = logging.getLogger(__name__)


def sweep_enhancements() -> None:
    """Requeue or fail what was abandoned, and enqueue what waits. Two queries without work."""
    now = timezone.now()
    for step in (_end_expired, _enqueue_waiting):
        run_guarded(partial(step, now), name="sweep")


def purge_enhancements() -> None:
    """Delete what ended a day ago, with its files."""
    ended = Enhancement.objects.filter(finished_at__lt=timezone.now() - STORED_FOR)
    for enhancement in ended[:BATCH_ROWS]:
        delete_enhancement(enhancement)


def delete_enhancement(enhancement: Enhancement) -> None:
    """Remove the row and the files; what is under way is cancelled. Idempotent."""
    cancel_enhancement(enhancement)
    Enhancement.objects.filter(pk=enhancement.pk).delete()
    delete_files(enhancement.pk)


def remove_enhancements(user: User) -> None:
    """Delete all of a person's."""
    own = Enhancement.objects.filter(owner=user)
    while (enhancement := own.first()) is not None:
        delete_enhancement(enhancement)


def _end_expired(now: datetime) -> None:
    is_over = has_run_out(now, tries="tries")
    expired = Enhancement.objects.filter(is_over, status=Status.PROCESSING)
    for enhancement in expired[:BATCH_ROWS]:
        rows = expired.filter(attempt=enhancement.attempt)
        if enhancement.tries >= settings.MAX_STALLED_TRIES:
            run_guarded(partial(fail_enhancement, rows, enhancement, EXHAUSTED), name="sweep")
        elif change_enhancement(rows, enhancement.pk, **AS_WAITING):
            SWEEPS_REQUEUED.inc()
            logger.warning("event=enhancement_lease_ran_out enhancement_id=%s", enhancement.pk)


def _enqueue_waiting(now: datetime) -> None:
    waiting = Enhancement.objects.filter(is_due(), is_unsent(now), status=Status.QUEUED)
    rows = waiting.order_by("created_at").values_list("pk", "queue", "enqueued_at")
    for pk, queue, last_enqueued_at in rows[:BATCH_ROWS]:
        if not send_enhancement(pk, queue=queue, last_enqueued_at=last_enqueued_at):
            return  # the broker is down: the next round tries again
