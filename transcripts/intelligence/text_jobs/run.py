"""From a text job that waits to its end: claimed, worked on, finished; never raises for its fate.

the inference service is away   it waits, longer each time, then fails
the worker dies or hangs        its lease runs out, and another one begins again
cancelled, deleted              the heartbeat or the next part notices, and the call is ended
"""

import logging
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections

from stt_web.core.errors import ApiError
from stt_web.core.outages import is_outage
from stt_web.core.request_id import request_id_var
from transcripts.inference.errors import InferenceError
from transcripts.inference.language import CancelToken
from transcripts.intelligence.engines import TextEngines, as_api_error
from transcripts.intelligence.models import TextJob, TextOperation
from transcripts.intelligence.text_jobs.finish import (
    AWAY_CODES,
    complete_text_job,
    fail_text_job,
)
from transcripts.intelligence.text_jobs.lease import (
    TextLease,
    claim_text_job,
    release_text_job,
)
from transcripts.intelligence.text_jobs.steps import process_transcript
from transcripts.intelligence.text_jobs.vectors import index_text
from transcripts.intelligence.text_tasks import (
    TextTask,
    perform,
    perform_sent,
    read_transcript,
)
from transcripts.jobs.lease import LeaseEnd, LeaseLostError, WorkStoppedError, heartbeat
from transcripts.jobs.outages import outages_outlasted
from transcripts.services.text_jobs import send_text_job

logger = logging.getLogger(__name__)

_LONGEST_S = 12 * 3600.0  # of one call; what stands still ends by `PROGRESS_DEADLINE_S`
_MOST_WAITS = 6
_EXHAUSTED = ApiError(
    "This was tried several times without an end. Send a shorter text, or try again later.",
    code="too_many_tries",
    status=503,
)


def run_text_job(job_id: UUID) -> None:
    claimed = claim_text_job(job_id)
    if claimed is None:
        return
    lease, job = claimed
    request_id_var.set(job.request_id)
    token = CancelToken(within_s=_LONGEST_S)
    try:
        with (
            heartbeat.hold(lease),
            outages_outlasted(lease, partial(_release_or_fail, lease, job, is_try=False)),
            lease.guard(token.cancel),
        ):
            _run(lease, job, token)
    finally:
        close_old_connections()


def _run(lease: TextLease, job: TextJob, token: CancelToken) -> None:
    try:
        _work(lease, job, token)
    except LeaseLostError:
        logger.warning("event=text_lease_lost job_id=%s", job.pk)
    except WorkStoppedError as stop:
        _release_or_fail(lease, job, is_try=stop.reason is LeaseEnd.STALLED)
    except ApiError as error:
        _wait_or_fail(lease, job, error)
    except Exception as error:
        if is_outage(error):  # `outages_outlasted` notes it
            raise
        logger.exception("event=text_job_broke job_id=%s", job.pk)
        _release_or_fail(lease, job, is_try=True)


def _work(lease: TextLease, job: TextJob, token: CancelToken) -> None:
    try:
        engines = TextEngines(job.owner, token=token)
        engines.note_parts, engines.note_progress = lease.report, lease.note_progress
        if job.operation == TextOperation.INDEX:
            index_text(lease, job, engines)
        elif job.operation == TextOperation.PROCESS:
            process_transcript(lease, job, engines)
        else:
            _carry_out(lease, job, engines)
    except InferenceError as error:
        lease.check()  # that is what ended the call
        raise as_api_error(error, token=token) from error


def _carry_out(lease: TextLease, job: TextJob, engines: TextEngines) -> None:
    task = TextTask(job.operation, job.fields)
    if job.transcript is None:
        body = perform_sent(task, engines)
    else:
        job.revision = job.transcript.revision
        body = perform(task, read_transcript(task, job.transcript), engines)
    lease.check()
    complete_text_job(lease, job, body)


def _release_or_fail(lease: TextLease, job: TextJob, *, is_try: bool) -> None:
    """The count of tries is that of the claim: progress since then has set it back."""
    tries = lease.rows().values_list("tries", flat=True).first()
    if is_try and tries is not None and tries >= settings.MAX_STALLED_TRIES:
        fail_text_job(lease.rows(), job, _EXHAUSTED)
    elif release_text_job(lease, is_try=is_try):
        send_text_job(job.pk, last_enqueued_at=None)


def _wait_or_fail(lease: TextLease, job: TextJob, error: ApiError) -> None:
    waits = lease.rows().values_list("waits", flat=True).first()
    if waits is None:
        return
    if error.code in AWAY_CODES and waits < _MOST_WAITS:
        release_text_job(lease, wait_s=settings.TEXT_RETRY_S * 2**waits)
        return
    fail_text_job(lease.rows(), job, error)
