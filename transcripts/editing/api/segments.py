"""`…/segments/` and `…/speakers/`: reading and correcting the text and its speakers."""

from typing import Any
from uuid import UUID

from django.db.models import Max
from django.db.models.functions import Length
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import user_of
from stt_web.core.documentation import raises
from stt_web.core.pagination import PageNotFoundError, PageNumberPagination
from transcripts.access import TranscriptNotFoundError, get_transcript
from transcripts.editing import edits
from transcripts.editing.api import serializers as shapes
from transcripts.editing.api.conditional import (
    EditingView,
    edit_endpoint,
    etag_of,
    show_segment,
    show_segments,
    show_speakers,
)
from transcripts.editing.draft import Editing
from transcripts.editing.edits import SegmentChange
from transcripts.editing.errors import SegmentNotFoundError, SpeakerNotFoundError
from transcripts.text.bounds import MAX_SEGMENT_WORDS

Body = dict[str, Any]


_LARGEST_PAGE = 500
# A page of the longest segments that there may be is answered in less than a second.
_WORDS_A_PAGE = 100_000
_CHARACTERS_A_WORD = 3  # few languages have fewer, a blank included


class SegmentPagination(PageNumberPagination):
    """`longest`: characters of the transcript's longest segment."""

    page_size = 100

    def __init__(self, *, longest: int) -> None:
        words = min(MAX_SEGMENT_WORDS, max(1, longest // _CHARACTERS_A_WORD))
        self.max_page_size = min(_LARGEST_PAGE, _WORDS_A_PAGE // words)


class SegmentListView(EditingView):
    @raises(TranscriptNotFoundError, PageNotFoundError)
    @extend_schema(
        operation_id="list_segments",
        parameters=[
            OpenApiParameter("page", int),
            OpenApiParameter(
                "page_size", int, description="At most 500; fewer where segments are very long."
            ),
        ],
        responses=shapes.SegmentPageSerializer,
    )
    def get(self, request: Request, transcript_id: UUID) -> Response:
        """Return the segments in order, with their ids."""
        transcript = get_transcript(user_of(request), transcript_id)
        longest = transcript.segments.aggregate(longest=Max(Length("text")))["longest"]
        paginator = SegmentPagination(longest=longest or 0)
        rows = show_segments(transcript.segments.all())
        page = paginator.paginate_queryset(rows, request, view=self)
        response = paginator.get_paginated_response([show_segment(row) for row in page or []])
        response.headers["ETag"] = etag_of(transcript)["ETag"]
        return response


class SegmentView(EditingView):
    @edit_endpoint(
        "edit_segment",
        asks=shapes.SegmentRequestSerializer,
        errors=(SegmentNotFoundError, SpeakerNotFoundError),
    )
    def patch(self, editing: Editing, body: Body, key: str) -> None:
        """Change a segment's text, its times or its speaker.

        Words that are still there keep their times. Others are placed in the time between at once,
        and aligned with the recording afterwards: `events/?edits_since=` reports when they are
        aligned. `timing` of each word is how it was placed.
        """
        change = SegmentChange(
            text=body.get("text"),
            start_ms=body.get("start"),
            end_ms=body.get("end"),
            speaker=body.get("speaker", ...),
        )
        edits.edit_segment(editing, key, change)

    @edit_endpoint("remove_segment", errors=(SegmentNotFoundError,))
    def delete(self, editing: Editing, body: Body, key: str) -> None:
        """Take a segment out; a revision can bring it back."""
        edits.remove(editing, key)


class SplitView(EditingView):
    @edit_endpoint(
        "split_segment", asks=shapes.SplitRequestSerializer, errors=(SegmentNotFoundError,)
    )
    def post(self, editing: Editing, body: Body, key: str) -> None:
        """Cut a segment before a word, or where the cursor is. The first part has the old id."""
        edits.split(
            editing,
            key,
            at_word=body.get("at_word"),
            at_character=body.get("at_character", 0),
            new_key=body.get("new_id", ""),
        )


class MergeView(EditingView):
    @edit_endpoint(
        "merge_segments", asks=shapes.MergeRequestSerializer, errors=(SegmentNotFoundError,)
    )
    def post(self, editing: Editing, body: Body) -> None:
        """Join segments that follow each other. The first one's id and speaker stay."""
        edits.merge(editing, body["segments"])


class MoveWordsView(EditingView):
    @edit_endpoint(
        "move_words", asks=shapes.MoveWordsRequestSerializer, errors=(SegmentNotFoundError,)
    )
    def post(self, editing: Editing, body: Body) -> None:
        """Move a segment's last words to the next one, or its first words to the one before."""
        edits.move(editing, body["segment"], count=body["words"], to_next=body["to"] == "next")


class SpeakerListView(EditingView):
    @raises(TranscriptNotFoundError)
    @extend_schema(operation_id="list_speakers", responses=shapes.SpeakerListSerializer)
    def get(self, request: Request, transcript_id: UUID) -> Response:
        """Return who speaks."""
        transcript = get_transcript(user_of(request), transcript_id)
        return Response({"speakers": show_speakers(transcript)}, headers=etag_of(transcript))

    @edit_endpoint("add_speaker", asks=shapes.SpeakerRequestSerializer, status=201)
    def post(self, editing: Editing, body: Body) -> None:
        """Add a speaker who was not detected."""
        edits.add_speaker(editing, body["name"])


class SpeakerView(EditingView):
    @edit_endpoint(
        "rename_speaker", asks=shapes.SpeakerRequestSerializer, errors=(SpeakerNotFoundError,)
    )
    def patch(self, editing: Editing, body: Body, number: int) -> None:
        """Name a speaker."""
        edits.rename_speaker(editing, number, body["name"])


class MergeSpeakersView(EditingView):
    @edit_endpoint(
        "merge_speakers", asks=shapes.MergeSpeakersRequestSerializer, errors=(SpeakerNotFoundError,)
    )
    def post(self, editing: Editing, body: Body) -> None:
        """Merge speakers who are one person."""
        edits.merge_speakers(editing, body["speakers"], into=body["into"])


class AssignSpeakerView(EditingView):
    @edit_endpoint(
        "assign_speaker", asks=shapes.AssignSpeakerRequestSerializer, errors=(SpeakerNotFoundError,)
    )
    def post(self, editing: Editing, body: Body) -> None:
        """Set who speaks in an interval; segments that reach out of it are cut."""
        edits.assign_speaker(
            editing, start_ms=body["start"], end_ms=body["end"], speaker=body["speaker"]
        )
