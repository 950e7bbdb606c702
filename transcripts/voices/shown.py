"""A voice job as the API describes it, and its speech as a file that is served."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.authentication import AuthenticationError
from accounts.principals import Principal, check_still_good
from billing.ledger import read_balance
from billing.quotas import account_for
from stt_web.core import media_store
from stt_web.core.errors import ApiError
from stt_web.core.refusals import translate_refusal
from transcripts.exports.files import content_disposition, file_name
from transcripts.models import Status
from transcripts.served_recordings import ServedRecording
from transcripts.voices.errors import (
    SpeechCancelledError,
    SpeechDeletedError,
    SpeechNotReadyError,
)
from transcripts.voices.models import VoiceJob

NO_WATERMARK = "none"


def is_still_good(principal: Principal) -> bool:
    """Whether its credential is good at this moment, for an answer that lasts. A query at most."""
    try:
        check_still_good(principal)
    except AuthenticationError:
        return False
    return True


def describe_voice_job(job: VoiceJob) -> dict[str, Any]:
    """Return what is shown of it: never its text. No query."""
    error = (
        {"code": job.error_code, "message": translate_refusal(job.error_message)}
        if job.error_code
        else None
    )
    is_ready = job.status == Status.COMPLETED and bool(job.path)
    return {
        "id": str(job.pk),
        "status": job.status,
        "voice": job.voice or None,
        "language": job.language or None,
        "characters": job.characters,
        "progress": {"done": job.done, "of": job.total or None},
        "model": job.model_used or job.engine,
        "duration": job.duration_ms / 1000,
        "generation_time": job.generation_ms / 1000,
        "watermark": job.watermark or None,
        "signed": job.is_signed,
        "credits_charged": job.credits_charged,
        "audio": reverse("voice_job_audio", args=[str(job.pk)]) if is_ready else None,
        "error": error,
        "created_at": job.created_at.isoformat(),
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
    }


def find_speech(job: VoiceJob) -> ServedRecording:
    """Return where it lies. One access to the storage. Raises ApiError where there is none."""
    if job.status == Status.FAILED:
        raise ApiError(
            job.error_message,
            code=job.error_code,
            status=job.error_status or 503,
            retry_after_s=5 if job.error_status == 503 else None,
        )
    if job.status == Status.CANCELLED:
        raise SpeechCancelledError
    if job.status != Status.COMPLETED:
        raise SpeechNotReadyError
    path = Path(settings.MEDIA_ROOT) / job.path
    size = media_store.size_of(path) if job.path else None
    if not size:
        raise SpeechDeletedError
    return ServedRecording(path, size, mime="audio/wav", etag=f'"{job.pk.hex}-{size:x}"')


def file_name_of(job: VoiceJob) -> str:
    """Return its name as a download: the voice, when it was ordered (in its owner's time zone), and
    what distinguishes it from others of the same second.
    """
    zone = ZoneInfo(job.owner.time_zone or "UTC")
    ordered = timezone.localtime(job.created_at, zone).strftime("%Y-%m-%d %H.%M.%S")
    title = f"speech {job.voice or 'reference'} {ordered} {job.pk.hex[:4]}"
    return file_name(title, extension="wav")


def credit_headers_of(job: VoiceJob) -> dict[str, str]:
    """Return what it cost, and what its owner has left. Two queries."""
    return {
        "X-Credits-Charged": str(job.credits_charged),
        "X-Credits-Left": str(read_balance(account_for(job.owner)).spendable),
    }


def headers_of(job: VoiceJob) -> dict[str, str]:
    """Return what goes with the speech. Two queries."""
    return {
        "Content-Disposition": content_disposition(file_name_of(job)).replace(
            "attachment", "inline"
        ),
        "X-Voice-Job-Id": str(job.pk),
        "X-Duration": f"{job.duration_ms / 1000:.3f}",
        "X-Generation-Time": f"{job.generation_ms / 1000:.3f}",
        "X-Model-Used": job.model_used,
        "X-Voice": job.voice or "reference",
        "X-Watermark": job.watermark or NO_WATERMARK,
        **credit_headers_of(job),
    }
