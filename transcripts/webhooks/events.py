"""The events of endpoints and their bodies: a link and a few facts, never the transcript."""

import json
from datetime import UTC, datetime
from enum import StrEnum

from django.urls import reverse

from accounts.mail.outbox import site_url
from transcripts.exports.document import spoken_language
from transcripts.models import Status, Transcript
from transcripts.services.shown_gaps import seconds_in

MAX_BODY_BYTES = 20_000  # Standard Webhooks, "Payload size"


class Event(StrEnum):
    COMPLETED = "transcript.completed"  # with warnings, too: `data.status` has it
    FAILED = "transcript.failed"
    CANCELLED = "transcript.cancelled"
    DELETED = "transcript.deleted"
    PROCESSED = "transcript.processed"  # what was to be made of it is made, or failed
    TEXT_JOB_COMPLETED = "text_job.completed"
    TEXT_JOB_FAILED = "text_job.failed"
    ENHANCEMENT_COMPLETED = "enhancement.completed"
    ENHANCEMENT_FAILED = "enhancement.failed"
    VOICE_JOB_COMPLETED = "voice_job.completed"
    VOICE_JOB_FAILED = "voice_job.failed"


TEST_EVENT = "endpoint.test"  # goes to one endpoint, whatever its subscriptions
EVENTS = tuple(str(event) for event in Event)

_EVENT_OF_STATUS = {
    Status.COMPLETED: Event.COMPLETED,
    Status.COMPLETED_WITH_WARNINGS: Event.COMPLETED,
    Status.FAILED: Event.FAILED,
    Status.CANCELLED: Event.CANCELLED,
}


def event_of(transcript: Transcript) -> Event:
    """Return the event of a final status. KeyError for another one: our own mistake."""
    return _EVENT_OF_STATUS[Status(transcript.status)]


def write_transcript_body(event: Event, transcript: Transcript, *, now: datetime) -> str:
    """Return the JSON that is sent about `transcript`, well below MAX_BODY_BYTES. No query."""
    duration_ms = transcript.job.audio_duration_ms or transcript.recording.probed_ms
    data: dict[str, object] = {"id": str(transcript.pk), "title": transcript.title}
    if event is not Event.DELETED:
        data |= {
            "status": transcript.status,
            "language": spoken_language(transcript),
            "duration": duration_ms / 1000,
            "model": transcript.job.model_used,
            "credits_charged": transcript.credits_charged,
            "gap_seconds": seconds_in(transcript.job.warnings),
            "error": _describe_error(transcript),
            "url": site_url(reverse("transcript", args=[str(transcript.pk)])),
        }
    return _write(event, data, now=now)


def write_job_body(event: Event, data: dict[str, object], *, path: str, now: datetime) -> str:
    """Return the JSON that is sent about other work: `data` describes it, without a word of a text;
    `path` is the address of what there is of it, empty for none.
    """
    return _write(event, {**data, "url": site_url(path) if path else None}, now=now)


def write_test_body(endpoint_id: object, *, now: datetime) -> str:
    return _write(TEST_EVENT, {"endpoint_id": str(endpoint_id)}, now=now)


def _describe_error(transcript: Transcript) -> dict[str, str] | None:
    if not transcript.job.error_code:
        return None
    return {"code": transcript.job.error_code, "message": transcript.job.error_message}


def _write(event: str, data: dict[str, object], *, now: datetime) -> str:
    stamp = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = {"type": str(event), "timestamp": stamp, "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
