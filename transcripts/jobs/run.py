"""From a queued job to a finished transcript: claim, then the stages (`transcripts.pipeline`).

Every stage can be repeated: what is stored is not done again. An early end of the work leaves
the row either with a final status, or queued, or with a lease that runs out.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings

from stt_web.core.metrics import JOB_WAIT_SECONDS
from stt_web.core.outages import is_outage
from stt_web.core.request_id import request_id_var
from stt_web.core.tracing import note, span
from transcripts.inference.errors import InferenceError
from transcripts.jobs import lease as leases
from transcripts.jobs.concurrency import enqueue_next
from transcripts.jobs.enqueue import enqueue
from transcripts.jobs.lease import Lease, LeaseEnd, LeaseLostError, WorkStoppedError
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.outages import outages_outlasted
from transcripts.jobs.results import JobRun, open_job
from transcripts.jobs.stages.finalize import fail
from transcripts.media.errors import MediaError
from transcripts.models import Transcript

if TYPE_CHECKING:
    from opentelemetry.trace import Span

logger = logging.getLogger(__name__)

Stages = Sequence[Callable[[JobRun], None]]


def run_stages(job_id: UUID, stages: Stages) -> None:
    """Work on a job if it is queued. Blocks until it is done or can't go on; never raises
    for what happens to the job."""
    claimed = leases.claim_job(job_id)
    if claimed is None:
        return
    lease, row = claimed
    request_id_var.set(row.request_id)
    if row.attempt == 1 and row.started_at is not None:
        waited_s = (row.started_at - row.created_at).total_seconds()
        JOB_WAIT_SECONDS.labels(row.queue, row.kind).observe(max(0.0, waited_s))
    with (
        leases.heartbeat.hold(lease),
        outages_outlasted(lease, partial(_release, lease, row, counts_as_try=False)),
    ):
        _run(open_job(lease, row), stages)
    _enqueue_next_of(row.transcript)


def _run(job: JobRun, stages: Stages) -> None:
    try:
        for stage in stages:
            job.lease.check()
            with span(stage.__name__, stt__stage=stage.__name__) as traced:
                stage(job)
                _note_result(traced, job)
    except LeaseLostError:
        logger.warning("event=lease_lost transcript_id=%s job_id=%s", job.transcript.pk, job.row.pk)
    except WorkStoppedError as stop:
        _release_or_fail(job, counts_as_try=stop.reason is LeaseEnd.STALLED)
    except (InferenceError, MediaError) as error:
        fail(job, code=error.code, message=error.message)
    except Exception as error:
        if is_outage(error):  # `outages_outlasted` notes it
            raise
        logger.exception(
            "event=job_broke transcript_id=%s job_id=%s", job.transcript.pk, job.row.pk
        )
        job.last_failure = "internal_error"
        _release_or_fail(job, counts_as_try=True)


def _note_result(traced: "Span | None", job: JobRun) -> None:
    row = job.row
    duration_s = row.audio_duration_ms / 1000
    note(traced, stt__model=row.model_used, stt__language=row.language)
    note(traced, stt__audio__duration=duration_s)


def _enqueue_next_of(transcript: Transcript) -> None:
    """Enqueue the owner's next waiting job; where that fails, the sweeper does."""
    try:
        enqueue_next(transcript.owner)
    except Exception:
        logger.exception("event=enqueue_next_failed transcript_id=%s", transcript.pk)


def _release_or_fail(job: JobRun, *, counts_as_try: bool) -> None:
    """Queue it again for any worker, or fail it where that was tried often enough."""
    is_used_up = job.row.stalled_tries >= settings.MAX_STALLED_TRIES
    if counts_as_try and is_used_up:
        code, message = exhausted_error(job.last_failure)
        fail(job, code=code, message=message)
    else:
        _release(job.lease, job.row, counts_as_try=counts_as_try)


def _release(lease: Lease, row: TranscriptionJob, *, counts_as_try: bool) -> None:
    if leases.release_lease(lease, row, counts_as_try=counts_as_try):
        enqueue(row.pk)


def exhausted_error(last_failure: str = "") -> tuple[str, str]:
    """Return code and sentence for a job whose tries are used up."""
    if last_failure in ("inference_unavailable", "inference_full"):
        return (
            "inference_unavailable",
            "The speech recognition service could not be reached for too long. Nothing was"
            " charged; please send the recording again later.",
        )
    return (
        last_failure or "too_many_tries",
        "The transcription was tried several times without getting any further. Nothing was"
        " charged; please try again, or with another copy of the recording.",
    )
