"""The end of a text job: its status, what it made, and who is notified of it, in one transaction.

Its order of locks is that of `transcripts/locks`: transcript, job, webhook endpoints.
"""

import logging
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from stt_web.core.errors import ApiError
from transcripts.intelligence.models import TextJob, TextOperation
from transcripts.intelligence.results import store_result
from transcripts.intelligence.text_jobs.lease import (
    TextLease,
    change_job,
)
from transcripts.intelligence.text_tasks import TextTask, place_of
from transcripts.jobs.lease import LeaseLostError
from transcripts.locks import lock_transcript
from transcripts.models import Status
from transcripts.services.job_status import CLOSED_LEASE
from transcripts.services.shown_text_jobs import describe_text_job, without_texts
from transcripts.webhooks.events import Event
from transcripts.webhooks.outbox import record_job_event

logger = logging.getLogger(__name__)

# The inference service may be back later: what failed so is tried again.
AWAY_CODES = frozenset(
    ("inference_unavailable", "inference_full", "inference_error", "text_timeout")
)


def complete_text_job(lease: TextLease, job: TextJob, body: dict[str, Any]) -> None:
    """Store the answer, as a result of its transcript where it is of one.

    Raises LeaseLostError, and what `store_result` raises. The race: a deletion or cancellation;
    the row's condition decides, and takes the result back.
    """
    with transaction.atomic():
        result = None
        if job.transcript is not None:
            kind, name = place_of(TextTask(job.operation, job.fields))
            result = store_result(
                job.transcript, kind=kind, name=name, body=body, revision=job.revision
            )
        answer = {} if result is not None else body
        _close(lease.rows(), job, Status.COMPLETED, result=result, answer=answer)
        _notify(job, is_failure=False)
    logger.info("event=text_job_completed job_id=%s operation=%s", job.pk, job.operation)


def finish_processing(rows: QuerySet[TextJob], job: TextJob, *, error: ApiError | None) -> None:
    """End the processing of a transcript; `error`: what kept it from the steps that are left.

    Raises LeaseLostError.
    """
    outcomes = job.answer.setdefault("steps", {})
    if error is not None:
        for step in job.answer["wanted"]:
            outcomes.setdefault(step, failed_step(error))
    failures = [each for each in outcomes.values() if each["error"]]
    status = Status.COMPLETED_WITH_WARNINGS if failures else Status.COMPLETED
    if failures and len(failures) == len(outcomes):
        status = Status.FAILED
    first = failures[0]["error"] if failures else {"code": "", "message": ""}
    with transaction.atomic():
        if job.transcript_id is not None and not lock_transcript(job.transcript_id):
            raise LeaseLostError
        _close(
            rows,
            job,
            status,
            answer=job.answer,
            error_code=first["code"],
            error_message=first["message"],
        )
        _notify(job, is_failure=False)
    logger.info("event=transcript_processed job_id=%s status=%s", job.pk, status)


def failed_step(error: ApiError) -> dict[str, Any]:
    return {"result_id": None, "error": {"code": error.code, "message": error.message[:500]}}


def fail_text_job(rows: QuerySet[TextJob], job: TextJob, error: ApiError) -> None:
    """Fail it if it is (still) among `rows`, visibly; without effect where it is not."""
    try:
        if job.operation == TextOperation.INDEX:
            logger.warning("event=vectors_not_made job_id=%s code=%s", job.pk, error.code)
            rows.filter(pk=job.pk).delete()  # the first question makes them
            return
        if job.operation == TextOperation.PROCESS:
            finish_processing(rows, job, error=error)
            return
        with transaction.atomic():
            if job.transcript_id is not None and not lock_transcript(job.transcript_id):
                return
            _close(
                rows,
                job,
                Status.FAILED,
                error_code=error.code,
                error_message=error.message[:500],
                error_status=error.status,
            )
            _notify(job, is_failure=True)
    except LeaseLostError:
        return
    logger.warning("event=text_job_failed job_id=%s code=%s", job.pk, error.code)


def _close(rows: QuerySet[TextJob], job: TextJob, status: str, **changes: Any) -> None:
    values = {
        "status": status,
        "finished_at": timezone.now(),
        "fields": without_texts(job.fields),
        "revision": job.revision,
        **changes,
    }
    if not change_job(rows, job.pk, **values, **CLOSED_LEASE):
        raise LeaseLostError
    for name, value in values.items():
        setattr(job, name, value)


def _notify(job: TextJob, *, is_failure: bool) -> None:
    if not job.is_asynchronous:
        return
    event = Event.TEXT_JOB_FAILED if is_failure else Event.TEXT_JOB_COMPLETED
    if job.operation == TextOperation.PROCESS:
        event = Event.PROCESSED
    # A job that is done again by itself ends twice: `attempt` tells its ends apart.
    key = f"{job.pk}:{job.attempt}:{event}"
    path = reverse("transcript", args=[str(job.transcript_id)]) if job.transcript_id else ""
    data = describe_text_job(job, has_answer=False)
    record_job_event(event, job.owner_id, key=key, data=data, path=path)
