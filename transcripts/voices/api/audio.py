"""The speech of a job: GET with byte ranges (`transcripts.served_recordings`)."""

from functools import partial
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from accounts.authentication import MissingKeyError
from accounts.permissions import PrincipalAuthentication
from accounts.principals import Principal
from billing.api.plain_views import needs
from stt_web.core.documentation import documented, raises
from stt_web.core.error_responses import allow_methods
from transcripts.served_recordings import UnsatisfiableRangeError, answer_recording
from transcripts.voices.errors import SPEECH_ERRORS, SpeechNotReadyError, VoiceJobNotFoundError
from transcripts.voices.models import VoiceJob
from transcripts.voices.order import get_voice_job
from transcripts.voices.shown import find_speech, headers_of, is_still_good


@documented(
    operation_id="read_speech",
    authentication=(PrincipalAuthentication,),
    parameters=[
        OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="One byte range.")
    ],
    responses={
        (200, "audio/wav"): OpenApiTypes.BINARY,
        (206, "audio/wav"): OpenApiTypes.BINARY,
        302: OpenApiResponse(description="Where it is, with STT_S3_SERVE=redirect."),
        304: OpenApiResponse(description="`If-None-Match` names the speech."),
    },
)
@allow_methods("GET", "HEAD")
@needs("read")
@raises(VoiceJobNotFoundError, SpeechNotReadyError, UnsatisfiableRangeError, *SPEECH_ERRORS)
async def show_speech(
    request: HttpRequest, principal: Principal, voice_job_id: UUID
) -> HttpResponseBase:
    """Return the speech as a WAV, or a range of its bytes, for a player."""
    job = await sync_to_async(_find)(principal, voice_job_id)
    speech = await sync_to_async(find_speech)(job)
    headers = await sync_to_async(headers_of)(job)
    response = answer_recording(
        request,
        speech,
        is_allowed=partial(is_still_good, principal),
        disposition=headers["Content-Disposition"],
    )
    for name, value in headers.items():
        response.headers[name] = value
    return response


def _find(principal: Principal, job_id: UUID) -> VoiceJob:
    if principal.user is None:  # a guest's token opens a transcript alone
        raise MissingKeyError
    return get_voice_job(principal.user, job_id)
