"""`/api/v1/transcripts/`: the transcripts of whoever asks."""

from typing import cast
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import check_scope
from accounts.models import ApiKey, User
from stt_web.errors import ApiError
from stt_web.pagination import PageNumberPagination
from transcripts.api.answers import describe_transcript, state_of, summarise
from transcripts.api.principals import KeyOrVisitorAuthentication, find_transcript
from transcripts.api.serializers import (
    TranscriptDetailSerializer,
    TranscriptPageSerializer,
    TranscriptStateSerializer,
)
from transcripts.languages import LANGUAGE_NAMES
from transcripts.models import Status, Transcript
from transcripts.services.cancel import cancel_transcript, delete_transcript


class TranscriptView(APIView):
    """One transcript. A visitor's token opens the visitor's own."""

    authentication_classes = [KeyOrVisitorAuthentication, SessionAuthentication]

    @extend_schema(operation_id="read_transcript", responses=TranscriptDetailSerializer)
    def get(self, request: Request, transcript_id: UUID) -> Response:
        """Return the transcript as it stands: finished, or what is recognised so far."""
        _check_scope(request, "read")
        return Response(describe_transcript(find_transcript(request.user, transcript_id)))

    @extend_schema(operation_id="delete_transcript", responses={204: None})
    def delete(self, request: Request, transcript_id: UUID) -> Response:
        """Delete the recording and its text, in any state. Work on it stops."""
        _check_scope(request, "manage")
        delete_transcript(find_transcript(request.user, transcript_id))
        return Response(status=204)


class CancelView(APIView):
    authentication_classes = [KeyOrVisitorAuthentication, SessionAuthentication]

    @extend_schema(
        operation_id="cancel_transcript", request=None, responses=TranscriptStateSerializer
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Stop the work on it. What was recognised before stays, and is charged; else nothing is.

        A transcript that is finished stays as it is.
        """
        _check_scope(request, "manage")
        transcript = find_transcript(request.user, transcript_id)
        cancel_transcript(transcript)
        transcript.refresh_from_db()
        return Response(state_of(transcript))


class TranscriptListView(APIView):
    @extend_schema(
        operation_id="list_transcripts",
        parameters=[
            OpenApiParameter("page", int),
            OpenApiParameter("page_size", int, description="At most 100."),
            OpenApiParameter("status", str, enum=Status.values),
            OpenApiParameter("language", str, description="A code of GET /v1/languages."),
        ],
        responses=TranscriptPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return your transcripts, newest first, without their text."""
        _check_scope(request, "read")
        rows = Transcript.objects.filter(owner=cast("User", request.user)).order_by(
            "-created_at", "-pk"
        )
        paginator = PageNumberPagination()
        page = paginator.paginate_queryset(_filter(rows, request), request, view=self)
        return paginator.get_paginated_response([summarise(row) for row in page or []])


def _filter(rows: QuerySet[Transcript], request: Request) -> QuerySet[Transcript]:
    status = request.query_params.get("status", "")
    if status and status not in Status.values:
        allowed = ", ".join(Status.values)
        raise ApiError(f"status must be one of {allowed}.", code="invalid_value")
    language = request.query_params.get("language", "")
    if language and language not in LANGUAGE_NAMES:
        raise ApiError(
            "language must be one of the codes that GET /v1/languages lists.",
            code="unknown_language",
        )
    if status:
        rows = rows.filter(status=status)
    return rows.filter(language=language) if language else rows


def _check_scope(request: Request, scope: str) -> None:
    check_scope(request.auth if isinstance(request.auth, ApiKey) else None, scope)
