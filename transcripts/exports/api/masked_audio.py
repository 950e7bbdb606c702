"""GET …/redacted-audio/ — the recording with beeps in the place of personal data.

A plain asynchronous view: what a worker makes is waited for without a thread.
"""

import asyncio
import functools
import time
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from accounts.permissions import GuestAuthentication
from accounts.principals import Principal
from billing.api.plain_views import needs
from stt_web.core import media_store
from stt_web.core.documentation import documented, raises
from stt_web.core.error_responses import allow_methods
from stt_web.core.errors import ApiError
from transcripts.exports.api.views import EXPORT_ERRORS, open_for_export
from transcripts.exports.files import content_disposition, file_name
from transcripts.exports.masked_audio import (
    WantedAudio,
    describe_masked_audio,
    order_masked_audio,
)
from transcripts.exports.redaction import KINDS
from transcripts.exports.requested import read_redact
from transcripts.media import BEEPED_FORMATS
from transcripts.media.errors import MEDIA_ERRORS
from transcripts.models import Transcript
from transcripts.option_kinds import InvalidOptionError
from transcripts.principals import check_still_allowed, is_still_allowed
from transcripts.served_recordings import (
    NoRecordingError,
    ServedRecording,
    UnsatisfiableRangeError,
    answer_recording,
    find_recording,
)

_WAIT_S = 20.0
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 0.5
_RETRY_AFTER_S = 5
_OPTIONS = ("redact", "format", "track")


class SourceDeletedError(ApiError):
    """The recording was deleted, as the account's retention has it."""

    status = 410
    code = "recording_deleted"

    def __init__(self) -> None:
        super().__init__(
            "The recording of this transcript was deleted, so nothing can be made of it any more."
        )


@documented(
    operation_id="read_redacted_audio",
    authentication=(GuestAuthentication,),
    parameters=[
        OpenApiParameter(
            "redact", str, description=f"all (the default), or a list of {', '.join(KINDS)}."
        ),
        OpenApiParameter("format", str, enum=list(BEEPED_FORMATS), description="mp3."),
        OpenApiParameter(
            "track", int, description="Where several were transcribed: which; the first."
        ),
        OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="One byte range."),
    ],
    responses={
        (200, "audio/*"): OpenApiTypes.BINARY,
        (206, "audio/*"): OpenApiTypes.BINARY,
        202: inline_serializer(
            "RedactedAudioPreparing",
            {
                "status": serializers.CharField(),
                "progress": serializers.FloatField(help_text="0 to 1."),
            },
        ),
        302: OpenApiResponse(description="Where it is, with STT_S3_SERVE=redirect."),
        304: OpenApiResponse(description="`If-None-Match` names the copy."),
    },
)
@allow_methods("GET", "HEAD")
@needs("read")
@raises(
    *EXPORT_ERRORS, SourceDeletedError, NoRecordingError, UnsatisfiableRangeError, *MEDIA_ERRORS
)
async def show_masked_audio(
    request: HttpRequest, principal: Principal, transcript_id: UUID
) -> HttpResponseBase:
    """Return the recording with a beep in the place of what is masked in the text, or a range of
    its bytes; 202 with Retry-After while a worker is making it."""
    transcript = await sync_to_async(open_for_export)(principal, transcript_id)
    wanted = await sync_to_async(_describe)(request, transcript)
    is_ready = await wait_for_masked_audio(wanted, transcript)
    await sync_to_async(check_still_allowed)(request, transcript_id)
    served = await sync_to_async(serve_masked_audio)(wanted) if is_ready else None
    if served is None:
        body = {"status": "preparing", "progress": await sync_to_async(lambda: wanted.progress)()}
        response = JsonResponse(body, status=202)
        response.headers["Retry-After"] = str(_RETRY_AFTER_S)
        response.headers["Location"] = request.get_full_path()
        return response
    name = file_name("", extension=wanted.format_name)  # the title may have a name in it
    answer = answer_recording(
        request,
        served,
        is_allowed=functools.partial(is_still_allowed, request, transcript_id),
        disposition=content_disposition(name),
    )
    answer.headers["Content-Disposition"] = content_disposition(name)
    return answer


def _describe(request: HttpRequest, transcript: Transcript) -> WantedAudio:
    query = request.GET.dict()
    unknown = next((name for name in query if name not in _OPTIONS), None)
    if unknown is not None:
        raise InvalidOptionError(
            unknown[:40], f"There is no option {unknown[:40]!r}: there are {', '.join(_OPTIONS)}."
        )
    check_source(transcript)
    format_name = query.get("format", "").strip().lower() or "mp3"
    if format_name not in BEEPED_FORMATS:
        allowed = ", ".join(BEEPED_FORMATS)
        raise InvalidOptionError(
            "format", f"format is {format_name[:40]!r}, but must be one of {allowed}."
        )
    track = query.get("track", "").strip()
    if track and not (track.isdecimal() and len(track) < 4):
        raise InvalidOptionError("track", f"track is {track[:40]!r}, but must be a number.")
    return describe_masked_audio(
        transcript,
        kinds=read_redact(query) or KINDS,
        format_name=format_name,
        track=int(track) if track else None,
    )


async def wait_for_masked_audio(wanted: WantedAudio, transcript: Transcript) -> bool:
    """Whether the copy is there, after `_WAIT_S` at the latest. Raises ApiError."""
    pause_s = _SHORTEST_PAUSE_S
    end = time.monotonic() + _WAIT_S
    while not await sync_to_async(media_store.exists)(wanted.path):
        if (failure := await sync_to_async(lambda: wanted.failure)()) is not None:
            raise failure
        await sync_to_async(order_masked_audio)(wanted, transcript)
        if time.monotonic() >= end:
            return False
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
    return True


def check_source(transcript: Transcript) -> None:
    """Raise SourceDeletedError or NoRecordingError where there is nothing to mask."""
    if transcript.recording.audio_deleted_at is not None:
        raise SourceDeletedError
    find_recording(transcript)


def serve_masked_audio(wanted: WantedAudio) -> ServedRecording | None:
    """Return the copy; None where it was deleted just now."""
    size = media_store.size_of(wanted.path)
    if size is None:
        return None
    mime = BEEPED_FORMATS[wanted.format_name]
    return ServedRecording(wanted.path, size, mime=mime, etag=f'"{wanted.path.stem}-{size:x}"')
