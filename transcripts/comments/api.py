"""`…/comments/`: notes on a transcript and highlights in it."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import MANAGE_AND_READ, user_of
from stt_web.core.documentation import raises
from transcripts.access import TranscriptNotFoundError, get_transcript
from transcripts.comments.models import Comment
from transcripts.comments.services import (
    MAX_TEXT,
    BadCommentError,
    CommentNotFoundError,
    change_comment,
    delete_comment,
    list_comments,
    write_comment,
)


class CommentSerializer(serializers.Serializer[object]):
    id = serializers.UUIDField()
    segment = serializers.CharField(help_text="The segment's id; it may be gone.")
    quote = serializers.CharField(allow_blank=True, help_text="Words of it; empty: all of it.")
    offset = serializers.IntegerField(help_text="Where in the text they stood.")
    text = serializers.CharField(allow_blank=True, help_text="Empty: a highlight.")
    author = serializers.CharField(allow_null=True, help_text="null: the account is gone.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CommentListSerializer(serializers.Serializer[object]):
    results = CommentSerializer(many=True)


class CommentTextSerializer(serializers.Serializer[object]):
    text = serializers.CharField(max_length=MAX_TEXT, allow_blank=True)


class CommentRequestSerializer(serializers.Serializer[object]):
    segment = serializers.CharField(max_length=16)
    quote = serializers.CharField(
        max_length=500, allow_blank=True, default="", trim_whitespace=False
    )
    offset = serializers.IntegerField(min_value=0, max_value=20_000, default=0)
    text = serializers.CharField(max_length=MAX_TEXT, allow_blank=True, default="")


class CommentListView(APIView):
    scopes = {"GET": "read", "POST": MANAGE_AND_READ}

    @raises(TranscriptNotFoundError)
    @extend_schema(operation_id="list_comments", responses=CommentListSerializer)
    def get(self, request: Request, transcript_id: UUID) -> Response:
        """Return the comments and highlights, the oldest first; at most 1000."""
        transcript = get_transcript(user_of(request), transcript_id)
        return Response({"results": [_show(each) for each in list_comments(transcript)]})

    @raises(TranscriptNotFoundError, BadCommentError)
    @extend_schema(
        operation_id="write_comment",
        request=CommentRequestSerializer,
        responses={201: CommentSerializer},
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Write a comment on a segment or on words of it; without text, highlight them."""
        user = user_of(request)
        transcript = get_transcript(user, transcript_id)
        asked = CommentRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(_show(write_comment(transcript, user, **asked.validated_data)), status=201)


class CommentView(APIView):
    scopes = {"PATCH": MANAGE_AND_READ, "DELETE": "manage"}

    @raises(TranscriptNotFoundError, CommentNotFoundError)
    @extend_schema(
        operation_id="change_comment", request=CommentTextSerializer, responses=CommentSerializer
    )
    def patch(self, request: Request, transcript_id: UUID, comment_id: UUID) -> Response:
        """Change what a comment says."""
        transcript = get_transcript(user_of(request), transcript_id)
        asked = CommentTextSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(_show(change_comment(transcript, comment_id, **asked.validated_data)))

    @raises(TranscriptNotFoundError, CommentNotFoundError)
    @extend_schema(operation_id="delete_comment", responses={204: None})
    def delete(self, request: Request, transcript_id: UUID, comment_id: UUID) -> Response:
        """Delete a comment or a highlight."""
        delete_comment(get_transcript(user_of(request), transcript_id), comment_id)
        return Response(status=204)


def _show(comment: Comment) -> dict[str, Any]:
    return {
        "id": str(comment.pk),
        "segment": comment.segment_key,
        "quote": comment.quote,
        "offset": comment.offset,
        "text": comment.text,
        "author": comment.author.email if comment.author is not None else None,
        "created_at": comment.created_at.isoformat(),
        "updated_at": comment.updated_at.isoformat(),
    }
