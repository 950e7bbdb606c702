"""`redact_pii_audio`: the recording with beeps, at an address that opens it without a key.

GET /v2/transcript/:id/redacted-audio   with the key: that address; 202 while a worker makes it
GET /v2/redacted-audio?token=           the sound, for `OPEN_FOR_S`
"""

from typing import Final
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core import signing
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from accounts.authentication import MissingKeyError
from accounts.permissions import open_to_everyone
from accounts.principals import Principal
from billing.api.plain_views import needs
from stt_web.core.documentation import documented, raises
from stt_web.core.error_responses import NotFoundError, allow_methods
from stt_web.core.errors import ApiError
from stt_web.core.public_address import absolute_url
from transcripts.access import TranscriptNotFoundError
from transcripts.dialects.assemblyai.request import read_kinds
from transcripts.dialects.assemblyai.requests import NotReadyError, find_by_id, get_finished
from transcripts.dialects.assemblyai.serializers import AssemblyRedactedAudioSerializer
from transcripts.exports.api.masked_audio import (
    SourceDeletedError,
    check_source,
    serve_masked_audio,
    wait_for_masked_audio,
)
from transcripts.exports.masked_audio import WantedAudio, describe_masked_audio
from transcripts.media.errors import MEDIA_ERRORS
from transcripts.served_recordings import (
    NoRecordingError,
    UnsatisfiableRangeError,
    answer_recording,
)
from transcripts.uploads.models import AssemblyTranscript

OPEN_FOR_S: Final = 3600
_SALT: Final = "assemblyai.redacted_audio"


class RedactedAudioError(ApiError):
    """Beeped sound was not asked for."""

    code = "redacted_audio_unavailable"


@documented(
    operation_id="assemblyai_redacted_audio",
    responses={200: AssemblyRedactedAudioSerializer, 202: AssemblyRedactedAudioSerializer},
)
@allow_methods("GET", "HEAD")
@needs("read")
@raises(
    TranscriptNotFoundError,
    NotReadyError,
    RedactedAudioError,
    SourceDeletedError,
    NoRecordingError,
    *MEDIA_ERRORS,
)
async def find_redacted_audio(
    request: HttpRequest, principal: Principal, request_id: UUID
) -> HttpResponseBase:
    """Return where the sound with beeps is, for an hour; 202 while a worker is making it."""
    if principal.user is None:
        raise MissingKeyError
    row = await sync_to_async(get_finished)(principal.user, request_id)
    if not row.asked.get("redact_pii_audio"):
        raise RedactedAudioError(
            "redact_pii_audio was not asked for. Beeped sound is at"
            f" /api/v1/transcripts/{row.transcript_id}/redacted-audio/."
        )
    wanted = await sync_to_async(_describe)(row)
    if not await wait_for_masked_audio(wanted, row.transcript):
        return JsonResponse({"status": "redacted_audio_processing"}, status=202)
    token = signing.dumps(str(row.pk), salt=_SALT)
    address = absolute_url(request, f"/v2/redacted-audio?token={token}")
    return JsonResponse({"status": "redacted_audio_ready", "redacted_audio_url": address})


@documented(
    operation_id="assemblyai_redacted_sound",
    parameters=[OpenApiParameter("token", str, required=True)],
    responses={
        (200, "audio/*"): OpenApiTypes.BINARY,
        (206, "audio/*"): OpenApiTypes.BINARY,
        302: OpenApiResponse(description="Where it is, with STT_S3_SERVE=redirect."),
    },
)
@open_to_everyone
@allow_methods("GET", "HEAD")
@raises(NotFoundError, SourceDeletedError, NoRecordingError, UnsatisfiableRangeError)
@sensitive_variables("token")
async def show_redacted_audio(request: HttpRequest) -> HttpResponseBase:
    """Return the sound with beeps, or a range of its bytes."""
    token = request.GET.get("token", "")
    row = await sync_to_async(_open)(token)
    wanted = await sync_to_async(_describe)(row)
    served = await sync_to_async(serve_masked_audio)(wanted)
    if served is None:
        raise NotFoundError("This sound was deleted. Ask for its address again.")
    return answer_recording(request, served, is_allowed=lambda: find_by_id(row.pk) is not None)


def _describe(row: AssemblyTranscript) -> WantedAudio:
    check_source(row.transcript)
    return describe_masked_audio(
        row.transcript,
        kinds=read_kinds(row.asked),
        format_name=row.asked.get("redact_pii_audio_quality") or "mp3",
        track=None,
    )


@sensitive_variables("token")
def _open(token: str) -> AssemblyTranscript:
    try:
        request_id = signing.loads(token, salt=_SALT, max_age=OPEN_FOR_S)
    except signing.BadSignature:
        row = None
    else:
        row = find_by_id(UUID(request_id))
    if row is None:
        raise NotFoundError("This address has expired. Ask for it again.")
    return row
