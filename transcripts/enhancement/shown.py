"""An enhancement as the API and the event stream describe it, and its file as it is handed out."""

from typing import Any

from django.urls import reverse

from stt_web.core import media_store
from stt_web.core.errors import ApiError
from stt_web.core.refusals import translate_refusal
from transcripts.enhancement.files import result_path
from transcripts.enhancement.models import Enhancement
from transcripts.enhancement.order import STORED_FOR
from transcripts.models.status import Status
from transcripts.served_recordings import ServedRecording

WAV = "audio/wav"
_NEAR_ENOUGH_LU = 0.5  # what is promised


class NoEnhancedAudioError(ApiError):
    """It is not finished, it failed, or its file is not kept any more."""

    status = 404
    code = "no_recording"

    def __init__(self) -> None:
        super().__init__(
            "There is no enhanced recording: it is not finished, or not kept any more."
        )


def describe_enhancement(enhancement: Enhancement) -> dict[str, Any]:
    """Return what is shown of it. No query."""
    is_done = enhancement.status == Status.COMPLETED
    done_ms = enhancement.duration_ms if is_done else enhancement.done_ms
    total_ms = enhancement.duration_ms or enhancement.probed_ms
    error = None
    if enhancement.error_code:
        error = {
            "code": enhancement.error_code,
            "message": translate_refusal(enhancement.error_message),
        }
    finished_at = enhancement.finished_at
    return {
        "id": str(enhancement.pk),
        "status": enhancement.status,
        "file_name": enhancement.file_name,
        "strength": enhancement.strength,
        "target": enhancement.target_lufs,
        "progress": {"done_s": done_ms / 1000, "total_s": total_ms / 1000 if total_ms else None},
        "audio": audio_url(enhancement) if is_done else None,
        "model": enhancement.model or None,
        "duration": enhancement.duration_ms / 1000 if is_done else None,
        "rate": enhancement.rate_hz if is_done else None,
        "channels": enhancement.channels if is_done else None,
        "loudness": {
            "before": enhancement.lufs_before,
            "after": enhancement.lufs,
            "true_peak": enhancement.true_peak_db,
        },
        "warnings": list_warnings(enhancement),
        "credits_charged": enhancement.credits_charged,
        "error": error,
        "created_at": enhancement.created_at.isoformat(),
        "finished_at": finished_at.isoformat() if finished_at else None,
        "expires_at": (finished_at + STORED_FOR).isoformat() if finished_at else None,
    }


def list_warnings(enhancement: Enhancement) -> list[dict[str, str]]:
    """Return what its owner should know of it: each with `code` and `message`. No query."""
    warnings = dict(enhancement.media_warnings)
    if enhancement.install_hint:
        warnings["enhanced_without_model"] = (
            "No model for such a recording is installed on this server: only steady noise was"
            f" removed. {enhancement.install_hint}"
        )
    lufs = enhancement.lufs  # None: silence, which has no loudness to reach
    if lufs is not None and abs(lufs - enhancement.target_lufs) > _NEAR_ENOUGH_LU:
        warnings["loudness_not_reached"] = (
            f"The recording has {lufs:.1f} LUFS, not {enhancement.target_lufs:g}: it can't be"
            " nearer with true peaks below -1 dBTP and a gain of at most 40 dB."
        )
    return [{"code": code, "message": message} for code, message in warnings.items()]


def find_result(enhancement: Enhancement) -> ServedRecording:
    """Return where the file lies. Raises NoEnhancedAudioError. One access to the storage."""
    path = result_path(enhancement.pk)
    size = media_store.size_of(path) if enhancement.status == Status.COMPLETED else None
    if not size:
        raise NoEnhancedAudioError
    return ServedRecording(path, size, mime=WAV, etag=f'"{enhancement.pk.hex}-{size:x}"')


def location_of(enhancement: Enhancement) -> str:
    return reverse("enhancement", args=[str(enhancement.pk)])


def audio_url(enhancement: Enhancement) -> str:
    return f"{location_of(enhancement)}audio/"
