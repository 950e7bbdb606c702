"""The recording itself, for a player: GET with byte ranges (`transcripts.served_recordings`)."""

import functools
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseBase
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from accounts.permissions import GuestAuthentication
from accounts.principals import Principal
from billing.api.plain_views import needs
from stt_web.core.documentation import documented, raises
from stt_web.core.error_responses import allow_methods
from transcripts.access import TranscriptNotFoundError
from transcripts.principals import find_transcript, is_still_allowed
from transcripts.served_recordings import (
    NoRecordingError,
    ServedRecording,
    UnsatisfiableRangeError,
    answer_recording,
    find_recording,
)


@documented(
    operation_id="read_audio",
    authentication=(GuestAuthentication,),
    parameters=[
        OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="One byte range.")
    ],
    responses={
        (200, "audio/*"): OpenApiTypes.BINARY,
        (206, "audio/*"): OpenApiTypes.BINARY,
        302: OpenApiResponse(description="Where it is, with STT_S3_SERVE=redirect."),
        304: OpenApiResponse(description="`If-None-Match` names the recording."),
    },
)
@allow_methods("GET", "HEAD")
@needs("read")
@raises(TranscriptNotFoundError, NoRecordingError, UnsatisfiableRangeError)
async def show_audio(
    request: HttpRequest, principal: Principal, transcript_id: UUID
) -> HttpResponseBase:
    """Return the recording, or a range of its bytes, for a player."""
    recording, name = await sync_to_async(_find)(principal, transcript_id)
    disposition = content_disposition_header(False, name) or "inline"
    response = answer_recording(
        request,
        recording,
        is_allowed=functools.partial(is_still_allowed, request, transcript_id),
        disposition=disposition,
    )
    response.headers["Content-Disposition"] = disposition
    return response


def _find(principal: Principal, transcript_id: UUID) -> tuple[ServedRecording, str]:
    transcript = find_transcript(principal, transcript_id)
    return find_recording(transcript), transcript.recording.file_name or "recording"
