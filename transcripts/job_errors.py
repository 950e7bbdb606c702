"""Why a transcript has no text, and the headers of formats without a place for warnings."""

from django.http import HttpResponse
from django.urls import reverse

from stt_web.core.errors import ApiError
from transcripts.media.errors import MEDIA_ERRORS
from transcripts.models import Status, Transcript
from transcripts.services.shown_gaps import seconds_in

# Faults of the recording or of the request; reported at once where probing finds them, and with the
# same status where only the decoding does.
_FAULTS_OF_REQUEST = {
    "empty_file",
    "not_audio",
    "unsupported_format",
    "no_audio_track",
    "corrupt_media",
    "too_long",
    "too_complex",
    "unknown_track",
    "unknown_channel",
}
# Of a recording that a worker fetched from its address.
_FETCH_STATUSES = {
    "invalid_url": 400,  # a redirect's
    "address_refused": 400,
    "not_a_media_address": 400,
    "fetch_failed": 400,
    "fetch_too_slow": 400,
    "no_credits": 402,
    "file_too_large": 413,
}
_PASSING = {
    "inference_unavailable": "The inference service can't be reached; with Retry-After.",
    "inference_full": "The speech recognition service was full.",
    "not_installed": "The model is not installed any more.",
    "language_not_supported": "The model that ran does not know the language.",
    "decoder_died": "Decoding was interrupted.",
    "storage_full": "The server has no room to store anything.",
}


class JobCancelledError(ApiError):
    """The transcription was cancelled before there was any text."""

    status = 409
    code = "cancelled"


# What `job_error` returns, for `stt_web.core.documentation.raises`.
JOB_ERRORS: tuple[type[ApiError] | ApiError, ...] = (
    JobCancelledError,
    *(
        error
        for error in MEDIA_ERRORS
        if isinstance(error, ApiError) and error.code in _FAULTS_OF_REQUEST
    ),
    *(ApiError(message, status=503, code=code) for code, message in _PASSING.items()),
    ApiError("The transcription failed; nothing was charged.", status=500, code="internal_error"),
)


def location_of(transcript: Transcript) -> str:
    return reverse("transcript", args=[str(transcript.pk)])


def warn_in_headers(response: HttpResponse, transcript: Transcript) -> None:
    """Return headers that report how much is missing, for formats without a place for it. No
    query."""
    response.headers["X-Gap-Seconds"] = f"{seconds_in(transcript.job.warnings):.3f}"
    response.headers["X-Warnings"] = str(len(transcript.job.warnings))


def job_error(transcript: Transcript) -> ApiError:
    """Return what to raise for a transcript that has no text."""
    extra: dict[str, object] = {"id": str(transcript.pk)}
    if transcript.status == Status.CANCELLED:
        return JobCancelledError("This transcription was cancelled.", extra=extra)
    code = transcript.job.error_code or "internal_error"
    message = transcript.job.error_message or "The transcription failed. Nothing was charged."
    if code in _FAULTS_OF_REQUEST:
        return ApiError(message, code=code, status=400, extra=extra)
    if code in _FETCH_STATUSES:
        return ApiError(message, code=code, status=_FETCH_STATUSES[code], extra=extra)
    if code in _PASSING:
        return ApiError(message, code=code, status=503, retry_after_s=10, extra=extra)
    return ApiError(message, code=code, status=500, extra=extra)
