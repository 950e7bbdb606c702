"""`…/segments/` and `…/speakers/`: reading and correcting what was said, and by whom."""

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import user_of
from stt_web.pagination import PageNumberPagination
from transcripts.access import get_transcript
from transcripts.api import edit_serializers as shapes
from transcripts.api.editing import (
    EditingView,
    answer_edited,
    etag_of,
    read_body,
    read_editing,
    show_segment,
    show_segments,
    show_speakers,
)
from transcripts.services import edit
from transcripts.services.edit import SegmentChange

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag that was read: 412 if somebody changed the transcript since.",
)


class SegmentPagination(PageNumberPagination):
    page_size = 100
    max_page_size = 500


class SegmentListView(EditingView):
    @extend_schema(
        operation_id="list_segments",
        parameters=[
            OpenApiParameter("page", int),
            OpenApiParameter("page_size", int, description="At most 500."),
        ],
        responses=shapes.SegmentPageSerializer,
    )
    def get(self, request: Request, transcript_id: UUID) -> Response:
        """Return the segments in order, with their ids."""
        transcript = get_transcript(user_of(request), transcript_id)
        paginator = SegmentPagination()
        rows = show_segments(transcript.segments.all())
        page = paginator.paginate_queryset(rows, request, view=self)
        response = paginator.get_paginated_response([show_segment(row) for row in page or []])
        response.headers["ETag"] = etag_of(transcript)["ETag"]
        return response


class SegmentView(EditingView):
    @extend_schema(
        operation_id="edit_segment",
        parameters=[IF_MATCH],
        request=shapes.SegmentRequestSerializer,
        responses=shapes.EditedSerializer,
    )
    def patch(self, request: Request, transcript_id: UUID, key: str) -> Response:
        """Change a segment's text, its times or its speaker.

        Words that are still there keep their times; others are placed in the time between.
        """
        editing = read_editing(request, transcript_id)
        body = read_body(shapes.SegmentRequestSerializer, request)
        change = SegmentChange(
            text=body.get("text"),
            start_ms=body.get("start"),
            end_ms=body.get("end"),
            speaker=body.get("speaker", ...),
        )
        edit.edit_segment(editing, key, change)
        return answer_edited(editing)

    @extend_schema(
        operation_id="remove_segment",
        parameters=[IF_MATCH],
        responses=shapes.EditedSerializer,
    )
    def delete(self, request: Request, transcript_id: UUID, key: str) -> Response:
        """Take a segment out; a revision can bring it back."""
        editing = read_editing(request, transcript_id)
        edit.remove(editing, key)
        return answer_edited(editing)


class SplitView(EditingView):
    @extend_schema(
        operation_id="split_segment",
        parameters=[IF_MATCH],
        request=shapes.SplitRequestSerializer,
        responses=shapes.EditedSerializer,
    )
    def post(self, request: Request, transcript_id: UUID, key: str) -> Response:
        """Cut a segment before a word. The first part keeps the id."""
        editing = read_editing(request, transcript_id)
        edit.split(editing, key, **read_body(shapes.SplitRequestSerializer, request))
        return answer_edited(editing)


class MergeView(EditingView):
    @extend_schema(
        operation_id="merge_segments",
        parameters=[IF_MATCH],
        request=shapes.MergeRequestSerializer,
        responses=shapes.EditedSerializer,
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Join segments that follow each other. The first one's id and speaker stay."""
        editing = read_editing(request, transcript_id)
        edit.merge(editing, read_body(shapes.MergeRequestSerializer, request)["segments"])
        return answer_edited(editing)


class MoveWordsView(EditingView):
    @extend_schema(
        operation_id="move_words",
        parameters=[IF_MATCH],
        request=shapes.MoveWordsRequestSerializer,
        responses=shapes.EditedSerializer,
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Move a segment's last words to the next one, or its first words to the one before."""
        editing = read_editing(request, transcript_id)
        body = read_body(shapes.MoveWordsRequestSerializer, request)
        edit.move(editing, body["segment"], count=body["words"], to_next=body["to"] == "next")
        return answer_edited(editing)


class SpeakerListView(EditingView):
    @extend_schema(operation_id="list_speakers", responses=shapes.SpeakerListSerializer)
    def get(self, request: Request, transcript_id: UUID) -> Response:
        """Return who speaks."""
        transcript = get_transcript(user_of(request), transcript_id)
        return Response({"speakers": show_speakers(transcript)}, headers=etag_of(transcript))

    @extend_schema(
        operation_id="add_speaker",
        parameters=[IF_MATCH],
        request=shapes.SpeakerRequestSerializer,
        responses={201: shapes.EditedSerializer},
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Add a speaker who was not told apart."""
        editing = read_editing(request, transcript_id)
        edit.add_speaker(editing, read_body(shapes.SpeakerRequestSerializer, request)["name"])
        return answer_edited(editing, status=201)


class SpeakerView(EditingView):
    @extend_schema(
        operation_id="rename_speaker",
        parameters=[IF_MATCH],
        request=shapes.SpeakerRequestSerializer,
        responses=shapes.EditedSerializer,
    )
    def patch(self, request: Request, transcript_id: UUID, number: int) -> Response:
        """Name a speaker."""
        editing = read_editing(request, transcript_id)
        body = read_body(shapes.SpeakerRequestSerializer, request)
        edit.rename_speaker(editing, number, body["name"])
        return answer_edited(editing)


class MergeSpeakersView(EditingView):
    @extend_schema(
        operation_id="merge_speakers",
        parameters=[IF_MATCH],
        request=shapes.MergeSpeakersRequestSerializer,
        responses=shapes.EditedSerializer,
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Say that some speakers are one person."""
        editing = read_editing(request, transcript_id)
        body = read_body(shapes.MergeSpeakersRequestSerializer, request)
        edit.merge_speakers(editing, body["speakers"], into=body["into"])
        return answer_edited(editing)


class AssignSpeakerView(EditingView):
    @extend_schema(
        operation_id="assign_speaker",
        parameters=[IF_MATCH],
        request=shapes.AssignSpeakerRequestSerializer,
        responses=shapes.EditedSerializer,
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Say who speaks in a span of time; segments that reach out of it are cut."""
        editing = read_editing(request, transcript_id)
        body = read_body(shapes.AssignSpeakerRequestSerializer, request)
        edit.assign_speaker(
            editing, start_ms=body["start"], end_ms=body["end"], speaker=body["speaker"]
        )
        return answer_edited(editing)
