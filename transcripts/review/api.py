"""`…/review/`: the places to look at first, and noting that one is right."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import user_of
from stt_web.core.documentation import raises
from transcripts.access import TranscriptNotFoundError, get_transcript
from transcripts.exports.json import seconds
from transcripts.review.queue import accept_risk, list_queue

_KINDS = ["words", "gap", "language", "speaker"]


class RiskSerializer(serializers.Serializer[object]):
    kind = serializers.ChoiceField(choices=_KINDS)
    place = serializers.CharField(help_text="The segment's id, or the gap's.")
    start = serializers.FloatField()
    end = serializers.FloatField()
    text = serializers.CharField(allow_blank=True)
    score = serializers.FloatField(help_text="0 to 1: how likely it is wrong.")
    first = serializers.IntegerField(help_text="The first character in the segment's text.")
    last = serializers.IntegerField(help_text="Behind the last one; 0: all of the text.")


class RiskListSerializer(serializers.Serializer[object]):
    count = serializers.IntegerField(help_text="In all; the 300 worst are listed.")
    results = RiskSerializer(many=True)


class AcceptRequestSerializer(serializers.Serializer[object]):
    kind = serializers.ChoiceField(choices=_KINDS)
    place = serializers.CharField(max_length=16)
    text = serializers.CharField(
        max_length=500, allow_blank=True, trim_whitespace=False, help_text="As it is listed."
    )


class ReviewView(APIView):
    scopes = {"GET": "read", "POST": "manage"}

    @raises(TranscriptNotFoundError)
    @extend_schema(operation_id="list_risks", responses=RiskListSerializer)
    def get(self, request: Request, transcript_id: UUID) -> Response:
        """Return the places that are most likely wrong, the worst first."""
        risks, count = list_queue(get_transcript(user_of(request), transcript_id))
        shown = [
            {
                "kind": risk.kind,
                "place": risk.place,
                "start": seconds(risk.start_ms),
                "end": seconds(risk.end_ms),
                "text": risk.text,
                "score": risk.score,
                "first": risk.first,
                "last": risk.last,
            }
            for risk in risks
        ]
        return Response({"count": count, "results": shown})

    @raises(TranscriptNotFoundError)
    @extend_schema(
        operation_id="accept_risk", request=AcceptRequestSerializer, responses={204: None}
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Note that a place is right; it is not listed again while its text stays the same."""
        transcript = get_transcript(user_of(request), transcript_id)
        asked = AcceptRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        accept_risk(transcript, **asked.validated_data)
        return Response(status=204)
