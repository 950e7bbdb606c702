"""`/api/v1/transcripts/`: the caller's transcripts."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import MANAGE_AND_READ, GuestAuthentication, principal_of, user_of
from stt_web.core.documentation import raises
from stt_web.core.errors import ApiError
from stt_web.core.pagination import PageNotFoundError, PageNumberPagination
from transcripts.access import TranscriptNotFoundError
from transcripts.api.large_answers import answer_large
from transcripts.editing.api.conditional import IF_MATCH, etag_of, read_body, read_if_match
from transcripts.editing.api.serializers import DescribeRequestSerializer
from transcripts.editing.draft import Editing
from transcripts.editing.edits import describe
from transcripts.editing.errors import RevisionChangedError
from transcripts.exports.json import seconds
from transcripts.exports.worker_exports import is_large
from transcripts.filters import FILTER_ERRORS, FILTER_PARAMETERS, RELEVANCE, filter_transcripts
from transcripts.jobs.cancel import cancel_transcript, delete_transcript
from transcripts.models import Transcript
from transcripts.option_kinds import FlagOption, InvalidOptionError
from transcripts.principals import find_transcript
from transcripts.responses import (
    describe_transcript,
    describe_without_segments,
    state_of,
    summarise,
)
from transcripts.search.highlights import Highlight, find_highlights
from transcripts.search.pagination import SearchPagination
from transcripts.search.query import read_terms, search_transcripts, searching
from transcripts.serializers import (
    TranscriptDetailSerializer,
    TranscriptPageSerializer,
    TranscriptStateSerializer,
    TranscriptSummarySerializer,
)


class AccountNeededError(ApiError):
    """A guest can't edit."""

    status = 403
    code = "forbidden"


class TranscriptView(APIView):
    """One transcript. A guest's token opens the guest's own."""

    authentication_classes = [GuestAuthentication]
    # What changes it answers with what it changed.
    scopes = {"GET": "read", "PATCH": MANAGE_AND_READ, "DELETE": "manage"}

    @raises(TranscriptNotFoundError, InvalidOptionError)
    @extend_schema(
        operation_id="read_transcript",
        parameters=[
            OpenApiParameter(
                "segments",
                bool,
                description="`false`: without them, which `segments/` has by page.",
            )
        ],
        responses=TranscriptDetailSerializer,
    )
    def get(self, request: Request, transcript_id: UUID) -> HttpResponseBase:
        """Return the transcript as it stands: finished, or what is recognised so far."""
        transcript = find_transcript(principal_of(request), transcript_id)
        if not FlagOption(default=True).parse("segments", request.query_params.get("segments", "")):
            return Response(describe_without_segments(transcript), headers=etag_of(transcript))
        if is_large(transcript):
            return answer_large(transcript, etag_of(transcript))
        return Response(describe_transcript(transcript), headers=etag_of(transcript))

    @raises(TranscriptNotFoundError, AccountNeededError, RevisionChangedError)
    @extend_schema(
        operation_id="describe_transcript",
        parameters=[IF_MATCH],
        request=DescribeRequestSerializer,
        responses=TranscriptSummarySerializer,
    )
    def patch(self, request: Request, transcript_id: UUID) -> Response:
        """Change its title, its tags or the note on its language; also while it is worked on."""
        transcript = find_transcript(principal_of(request), transcript_id)
        user = principal_of(request).user
        if user is None:
            raise AccountNeededError("Sign up to keep and edit this.")
        editing = Editing(transcript, user, read_if_match(request))
        describe(editing, **read_body(DescribeRequestSerializer, request))
        return Response(summarise(transcript), headers=etag_of(transcript))

    @raises(TranscriptNotFoundError)
    @extend_schema(operation_id="delete_transcript", responses={204: None})
    def delete(self, request: Request, transcript_id: UUID) -> Response:
        """Delete the recording and its text, in any state. Work on it stops."""
        delete_transcript(find_transcript(principal_of(request), transcript_id))
        return Response(status=204)


class CancelView(APIView):
    authentication_classes = [GuestAuthentication]
    scopes = {"POST": "manage"}

    @raises(TranscriptNotFoundError)
    @extend_schema(
        operation_id="cancel_transcript", request=None, responses=TranscriptStateSerializer
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Stop the work on it. What was recognised before stays, and is charged; else nothing is.

        A transcript that is finished stays as it is.
        """
        transcript = find_transcript(principal_of(request), transcript_id)
        cancel_transcript(transcript)
        return Response(state_of(find_transcript(principal_of(request), transcript_id)))


class TranscriptListView(APIView):
    scopes = {"GET": "read"}

    @raises(PageNotFoundError, *FILTER_ERRORS)
    @extend_schema(
        operation_id="list_transcripts",
        parameters=[
            OpenApiParameter("page", int),
            OpenApiParameter("page_size", int, description="At most 100."),
            *FILTER_PARAMETERS,
        ],
        responses=TranscriptPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return your transcripts, newest first, without their text; searched, with what matched.

        A number of queries that doesn't depend on how many there are.
        """
        own = Transcript.objects.filter(owner=user_of(request))
        rows = filter_transcripts(own, request.query_params)
        if query := request.query_params.get("search", ""):
            return self._search(request, rows, query)
        paginator = PageNumberPagination()
        page = paginator.paginate_queryset(rows.prefetch_related("tags"), request, view=self)
        return paginator.get_paginated_response([summarise(row) for row in page or []])

    def _search(self, request: Request, rows: QuerySet[Transcript], query: str) -> Response:
        terms, owner_id = read_terms(query), user_of(request).pk
        is_by_relevance = request.query_params.get("ordering") == RELEVANCE
        paginator = SearchPagination(owner_id=owner_id, terms=terms if is_by_relevance else ())
        with searching():
            rows = search_transcripts(rows, terms, owner_id=owner_id)
            page = list(paginator.paginate_queryset(rows, request, view=self) or [])
            found = find_highlights(page, terms, owner_id=owner_id)
        return paginator.get_paginated_response(
            [
                summarise(row)
                | {"highlights": [_show_highlight(each) for each in found.get(row.pk, [])]}
                for row in page
            ]
        )


def _show_highlight(highlight: Highlight) -> dict[str, object]:
    start_ms, end_ms = highlight.start_ms, highlight.end_ms
    return {
        "segment": highlight.segment,
        "start": None if start_ms is None else seconds(start_ms),
        "end": None if end_ms is None else seconds(end_ms),
        "text": highlight.text,
        "html": highlight.html,
    }
