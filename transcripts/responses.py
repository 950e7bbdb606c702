"""Answers about one transcript: finished in any format, accepted, or failed. Synchronous: queries.

Each carries the contract's `X-` headers, in every format.
"""

from typing import Any

from django.db.models import Q
from django.http import HttpResponse, JsonResponse

from billing.ledger import read_balance
from billing.quotas import account_for
from stt_web.core.errors import ApiError
from stt_web.core.refusals import translate_refusal
from transcripts.editing.original import load_original
from transcripts.exports.document import Document, load_document, spoken_language
from transcripts.exports.json import as_json, seconds, without_segments
from transcripts.exports.render import render
from transcripts.job_errors import job_error, location_of, warn_in_headers
from transcripts.jobs.models import TranscriptionJob
from transcripts.models import READABLE_STATUSES, Status, Transcript
from transcripts.services.shown_gaps import seconds_in

_STILL_PROCESSING_RETRY_S = 5


class StillProcessingError(ApiError):
    """A synchronous wait ran out, or the server stops; the job goes on."""

    status = 503
    code = "still_processing"

    def __init__(self, transcript: Transcript, *, is_stopping: bool = False) -> None:
        why = (
            "This server is being restarted, and the recording is still being worked on."
            if is_stopping
            else "This recording takes longer than one request may last, and is still being worked"
            " on."
        )
        super().__init__(
            f"{why} Send the same request again to go on waiting, or ask for the transcript by its"
            " id. It is charged once.",
            retry_after_s=_STILL_PROCESSING_RETRY_S,
            headers={"Location": location_of(transcript)},
            extra={"id": str(transcript.pk)},
        )


def answer_finished(transcript: Transcript, response_format: str) -> HttpResponse:
    """Return what the machine wrote, in a format. Raises ApiError if it failed or was cancelled."""
    if transcript.status not in READABLE_STATUSES:
        raise job_error(transcript)
    name = "txt" if response_format == "text" else response_format
    body, content_type = render(load_original(transcript), name)
    response = HttpResponse(body, content_type=content_type)
    return with_headers(response, transcript)


def answer_accepted(transcript: Transcript, *, guest_token: str = "") -> HttpResponse:
    """Return 202 with the transcript's address."""
    body = state_of(transcript)
    if guest_token:
        body["token"] = guest_token
    response = JsonResponse(body, status=202)
    response.headers["Location"] = location_of(transcript)
    response.headers["Preference-Applied"] = "respond-async"
    return with_headers(response, transcript)


def with_headers(response: HttpResponse, transcript: Transcript) -> HttpResponse:
    """Add the contract's headers, and those of `warn_in_headers`. Three queries at most."""
    duration_ms = transcript.job.audio_duration_ms or transcript.recording.probed_ms
    response.headers["X-Transcript-Id"] = str(transcript.pk)
    response.headers["X-Audio-Duration"] = f"{seconds(duration_ms):.3f}"
    response.headers["X-Credits-Charged"] = str(transcript.credits_charged)
    owner = transcript.owner
    left = read_balance(account_for(owner)).spendable if owner else 0
    response.headers["X-Credits-Left"] = str(left)
    response.headers["X-Model-Used"] = transcript.job.model_used
    warn_in_headers(response, transcript)
    return response


def state_of(transcript: Transcript) -> dict[str, Any]:
    """Return where the job stands. One query if it is queued, else none."""
    total_ms = transcript.job.audio_duration_ms or transcript.recording.probed_ms
    return {
        "id": str(transcript.pk),
        "status": transcript.status,
        "queue_position": queue_position(transcript),
        "progress": {
            "done_s": seconds(transcript.job.resume_ms),
            "total_s": seconds(total_ms) if total_ms else None,
        },
    }


def queue_position(transcript: Transcript) -> int | None:
    """Return its place among those that wait in its queue, 1 the next; None if it doesn't wait.

    One query. Workers take hints in the order of the broker: a place, no promise.
    """
    if transcript.status != Status.QUEUED:
        return None
    job = transcript.job
    before = Q(created_at__lt=job.created_at) | Q(created_at=job.created_at, pk__lt=job.pk)
    waiting = TranscriptionJob.objects.filter(status=Status.QUEUED, queue=job.queue)
    return waiting.filter(before).count() + 1


def describe_transcript(transcript: Transcript) -> dict[str, Any]:
    """Return the whole transcript as it stands, for the management surface. Five queries."""
    document = load_document(transcript)
    return summarise(transcript, document) | as_json(document) | state_of(transcript)


def describe_without_segments(transcript: Transcript) -> dict[str, Any]:
    """Return the same with an empty list of segments. Five queries, without the words."""
    document = load_document(transcript, has_words=False)
    return summarise(transcript, document) | without_segments(document) | state_of(transcript)


def summarise(transcript: Transcript, document: Document | None = None) -> dict[str, Any]:
    """Return what lists show. No query, if the tags were read with it."""
    error = None
    if transcript.job.error_code:
        error = {
            "code": transcript.job.error_code,
            "message": translate_refusal(transcript.job.error_message),
        }
    return {
        "id": str(transcript.pk),
        "status": transcript.status,
        "title": transcript.title,
        "file_name": transcript.recording.file_name,
        "size_bytes": transcript.recording.size_bytes,
        "duration": seconds(transcript.job.audio_duration_ms or transcript.recording.probed_ms),
        "language": spoken_language(transcript) or None,
        "model": transcript.job.model_used,
        "model_requested": transcript.job.model_requested,
        "task": transcript.job.task,
        "source": transcript.source,
        "tags": [tag.name for tag in transcript.tags.all()],
        "language_note": transcript.language_note,
        "revision": transcript.revision,
        "origin": transcript.origin,
        "is_corrected": transcript.is_corrected,
        "audio_deleted_at": (
            transcript.recording.audio_deleted_at.isoformat()
            if transcript.recording.audio_deleted_at
            else None
        ),
        "credits_charged": transcript.credits_charged,
        "created_at": transcript.created_at.isoformat(),
        "finished_at": transcript.finished_at.isoformat() if transcript.finished_at else None,
        "error": error,
        "warnings": list(transcript.job.warnings),
        "gap_seconds": seconds_in(transcript.job.warnings),
    }
