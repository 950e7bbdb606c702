"""`POST /api/v1/transcripts/claim/`: a guest's transcript becomes an account's."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import MANAGE_AND_READ, key_of, user_of
from stt_web.core.documentation import raises
from transcripts.access import TranscriptNotFoundError
from transcripts.editing.api.conditional import etag_of, read_body
from transcripts.responses import summarise
from transcripts.serializers import TranscriptSummarySerializer
from transcripts.services.guests import StillTranscribedError, claim_guest_transcript


class ClaimRequestSerializer(serializers.Serializer[object]):
    token = serializers.CharField(
        max_length=200, help_text="What `X-Transcript-Token` said, or `transcript_token` live."
    )


class ClaimView(APIView):
    scopes = {"POST": MANAGE_AND_READ}

    @raises(TranscriptNotFoundError, StillTranscribedError)
    @extend_schema(
        operation_id="claim_guest_transcript",
        request=ClaimRequestSerializer,
        responses=TranscriptSummarySerializer,
    )
    def post(self, request: Request) -> Response:
        """Claim a transcript that was made without an account: it becomes yours, at no charge.

        The token works once, until an hour after the transcript was finished.
        """
        token = read_body(ClaimRequestSerializer, request)["token"]
        is_by_page = key_of(request) is None
        transcript = claim_guest_transcript(user_of(request), token, is_by_page=is_by_page)
        return Response(summarise(transcript), headers=etag_of(transcript))
