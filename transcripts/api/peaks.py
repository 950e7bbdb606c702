"""`…/peaks/`: the waveform of a recording, in a byte a peak."""

from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseBase
from drf_spectacular.utils import OpenApiResponse, inline_serializer
from rest_framework import serializers

from accounts.permissions import GuestAuthentication
from accounts.principals import Principal
from billing.api.plain_views import needs
from stt_web.core.documentation import documented, raises
from stt_web.core.error_responses import allow_methods
from transcripts.access import TranscriptNotFoundError
from transcripts.principals import find_transcript
from transcripts.served_peaks import answer_peaks
from transcripts.served_recordings import NoRecordingError


@documented(
    operation_id="read_peaks",
    authentication=(GuestAuthentication,),
    responses={
        200: inline_serializer(
            "Peaks",
            {
                "peaks_per_second": serializers.IntegerField(),
                "peaks": serializers.CharField(
                    help_text="Base64: a byte a peak, 0 silence to 255 full scale, in decibels."
                ),
            },
        ),
        202: inline_serializer("PeaksPreparing", {"status": serializers.CharField()}),
        304: OpenApiResponse(description="`If-None-Match` names them."),
    },
)
@allow_methods("GET", "HEAD")
@needs("read")
@raises(TranscriptNotFoundError, NoRecordingError)
async def show_peaks(
    request: HttpRequest, principal: Principal, transcript_id: UUID
) -> HttpResponseBase:
    """Return the recording's peaks, at most 20 kB an hour; 202 while a worker makes them."""

    def answer() -> HttpResponseBase:
        return answer_peaks(request, find_transcript(principal, transcript_id))

    return await sync_to_async(answer)()
