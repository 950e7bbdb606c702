"""Repairs of text jobs that no process works on, as `jobs/sweep` has them for recordings.

- Leases that ran out go back to the queue, or fail once their tries are used up.
- Rows that wait and whose message may be lost, or whose time has come, are enqueued.
- What could not be made of a transcript because the inference service was away is made once more
  when that answers again.

Several may run at once: each change is a compare-and-set.
"""

import logging
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from stt_web.core.background import run_guarded
from stt_web.core.errors import ApiError
from stt_web.core.metrics import SWEEPS_REQUEUED
from transcripts.inference.catalog import InferenceUnavailableError
from transcripts.inference.routing import inference_for
from transcripts.intelligence.models import TextJob, TextOperation
from transcripts.intelligence.text_jobs.finish import AWAY_CODES, fail_text_job
from transcripts.intelligence.text_jobs.lease import change_job
from transcripts.jobs.lease import has_run_out
from transcripts.jobs.row_lease import AS_WAITING, is_due
from transcripts.jobs.sweep import BATCH_ROWS, is_unsent
from transcripts.models import Status
from transcripts.services.text_jobs import send_text_job

logger = logging.getLogger(__name__)

_REPEATED_FOR = timedelta(hours=24)
# An answer to a text that has no transcript is fetched within a day; what is known of work on a
# transcript is of interest for a month.
_ANSWERS_STORED = timedelta(hours=24)
_JOBS_STORED = timedelta(days=30)
_EXHAUSTED = ApiError(
    "This was tried several times without an end. Send a shorter text, or try again later.",
    code="too_many_tries",
    status=503,
)


def sweep_text_jobs() -> None:
    now = timezone.now()
    for step in (_end_expired, _repeat_failed, _enqueue_waiting):
        run_guarded(partial(step, now), name="sweep")


def purge_text_jobs() -> None:
    """Delete what has ended long ago."""
    now = timezone.now()
    ended = TextJob.objects.exclude(finished_at=None)
    ended.filter(transcript=None, finished_at__lt=now - _ANSWERS_STORED).delete()
    ended.filter(finished_at__lt=now - _JOBS_STORED).delete()


def _end_expired(now: datetime) -> None:
    is_over = has_run_out(now, tries="tries")
    expired = TextJob.objects.filter(is_over, status=Status.PROCESSING)
    for job in expired.select_related("owner")[:BATCH_ROWS]:
        rows = expired.filter(attempt=job.attempt)
        if job.tries >= settings.MAX_STALLED_TRIES:
            run_guarded(partial(fail_text_job, rows, job, _EXHAUSTED), name="sweep")
        elif change_job(rows, job.pk, **AS_WAITING):
            SWEEPS_REQUEUED.inc()
            logger.warning("event=text_lease_ran_out job_id=%s", job.pk)


def _repeat_failed(now: datetime) -> None:
    failed = TextJob.objects.filter(
        operation=TextOperation.PROCESS,
        status__in=(Status.FAILED, Status.COMPLETED_WITH_WARNINGS),
        error_code__in=AWAY_CODES,
        is_repeated=False,
        finished_at__gt=now - _REPEATED_FOR,
    )
    for job in failed.select_related("owner")[:BATCH_ROWS]:
        if _is_back(job):
            _repeat(failed, job)


def _repeat(rows: QuerySet[TextJob], job: TextJob) -> None:
    steps = {
        name: outcome
        for name, outcome in job.answer.get("steps", {}).items()
        if not (outcome["error"] and outcome["error"]["code"] in AWAY_CODES)
    }
    changes = {
        **AS_WAITING,
        "answer": {**job.answer, "steps": steps},
        "is_repeated": True,
        "tries": 0,
        "waits": 0,
        "error_code": "",
        "error_message": "",
        "finished_at": None,
    }
    if change_job(rows, job.pk, **changes):
        logger.info("event=processing_repeated job_id=%s", job.pk)


def _is_back(job: TextJob) -> bool:
    """Whether the owner's inference service answers now."""
    try:
        return not inference_for(job.owner).list_models().is_stale
    except InferenceUnavailableError:
        return False


def _enqueue_waiting(now: datetime) -> None:
    waiting = TextJob.objects.filter(is_due(), is_unsent(now), status=Status.QUEUED)
    rows = waiting.order_by("created_at").values_list("pk", "enqueued_at")
    for pk, last_enqueued_at in rows[:BATCH_ROWS]:
        if not send_text_job(pk, last_enqueued_at=last_enqueued_at):
            return  # the broker is down: the next round tries again
