"""How a session ends, and its errors. Each sentence states what became of the text."""

from dataclasses import dataclass
from enum import Enum

from django.conf import settings

from stt_web.core.errors import ApiError
from transcripts.inference.results import Model
from transcripts.jobs.submit import check_model_can
from transcripts.models import Transcript
from transcripts.options import TranscriptionOptions

_STORED = "What was said until then is stored."


class CloseMode(Enum):
    """The ways in which a session ends:

    finish      all audio is transcribed, then stored and finalized at once
    pause       the client has disconnected and may return; after a while the sweeper has it
    finished
    hand over   the inference service is lost: a worker finishes it from the journal
    lost        another holder has it: it was resumed elsewhere, cancelled or deleted
    """

    FINISH = "finish"
    PAUSE = "pause"
    HAND_OVER = "hand_over"
    LOST = "lost"


@dataclass(frozen=True)
class CloseReason:
    """`error`: why it isn't the client that ends it."""

    mode: CloseMode
    error: ApiError | None = None


def check_language(model: Model, language: str) -> None:
    """Raise ApiError 503 `not_installed` where the model lacks the language; empty: detected."""
    check_model_can(model, TranscriptionOptions(language=language))


def storage_full() -> ApiError:
    return ApiError(
        f"The server's storage takes no more audio. {_STORED}", code="storage_full", status=503
    )


def key_revoked(code: str) -> ApiError:
    reasons = {
        "key_revoked": "The API key of this session was revoked.",
        "key_expired": "The API key of this session has expired.",
    }
    reason = reasons.get(code, "The account of this session was closed.")
    return ApiError(f"{reason} {_STORED}", code=code, status=401)


def idle() -> ApiError:
    return ApiError(
        f"No audio came for {settings.LIVE_IDLE_S:.0f} s. {_STORED}"
        ' Send {"action": "keepalive"} to stay connected through a long silence.',
        code="idle_timeout",
        status=408,
    )


def longest_ms(transcript: Transcript) -> int:
    if transcript.owner_id is None:
        return min(settings.LIVE_ANONYMOUS_S, settings.LIVE_MAX_S) * 1000
    return settings.LIVE_MAX_S * 1000


def too_long(transcript: Transcript) -> ApiError:
    if transcript.owner_id is None:
        minutes = settings.LIVE_ANONYMOUS_S // 60
        return ApiError(
            f"Without an account a live session lasts {minutes} minutes at most. Sign up for a"
            f" free key to go on. {_STORED}",
            code="anonymous_limit",
            status=429,
        )
    hours = settings.LIVE_MAX_S / 3600
    return ApiError(
        f"A live session lasts {hours:g} hours at most. {_STORED} Begin another one to go on.",
        code="session_too_long",
        status=413,
    )


def no_credits() -> ApiError:
    return ApiError(
        f"Your minutes and credits are used up. {_STORED}", code="no_credits", status=402
    )


def inference_lost() -> ApiError:
    return ApiError(
        "The speech recognition service can't be reached any more. What was said until then is"
        " stored, and the transcript will be finished when the service is back.",
        code="inference_unavailable",
        status=503,
        retry_after_s=5,
    )


def interrupted(outage: ApiError) -> ApiError:
    """Of the database, or of the disk's room."""
    return ApiError(
        f"{outage.message} {_STORED[:-1]}, and the transcript will be finished.",
        code=outage.code,
        status=outage.status,
        headers=outage.headers,
    )


def lost() -> ApiError:
    return ApiError(
        "This session goes on elsewhere, or its transcript was cancelled or deleted.",
        code="session_taken_over",
        status=409,
    )


def broken() -> ApiError:
    return ApiError(
        "Something went wrong in the server. What was said until then is stored, and the"
        " transcript will be finished.",
        code="internal_error",
        status=500,
    )
