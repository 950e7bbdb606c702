"""`…/diarize/`, `…/embeddings/`: counting a transcript's speakers again, and its voice data."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import user_of
from transcripts.access import get_transcript
from transcripts.api import edit_serializers as shapes
from transcripts.api.editing import (
    IF_MATCH,
    EditingView,
    answer_edited,
    read_body,
    read_editing,
)
from transcripts.api.serializers import WarningSerializer
from transcripts.services.embeddings import delete_embeddings
from transcripts.services.recount import Recounted, recount_speakers


class RecountedSerializer(shapes.EditedSerializer):
    found = serializers.IntegerField(help_text="How many speakers the text has now.")
    warnings = WarningSerializer(many=True)


class RecountView(EditingView):
    @extend_schema(
        operation_id="recount_speakers",
        parameters=[IF_MATCH],
        request=shapes.RecountRequestSerializer,
        responses=RecountedSerializer,
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Count the speakers again, from the voices as they were stored.

        Nothing is recognised again and nothing is charged. Text and times stay; a segment in which
        the speaker changes is cut; given names go to the speaker who says most of their words. The
        change is a revision, which can be taken back. 409 with the reason where there is no voice
        data: it is deleted, or never was.
        """
        editing = read_editing(request, transcript_id)
        body = read_body(shapes.RecountRequestSerializer, request)
        return _answer(recount_speakers(editing, speakers=body["speakers"]), answer_edited(editing))


class EmbeddingsView(EditingView):
    @extend_schema(operation_id="delete_embeddings", responses={204: None})
    def delete(self, request: Request, transcript_id: UUID) -> Response:
        """Delete the voice data of a transcript: its speakers can't be counted again then."""
        delete_embeddings(get_transcript(user_of(request), transcript_id))
        return Response(status=204)


def _answer(recounted: Recounted, edited: Response) -> Response:
    body: dict[str, Any] = dict(edited.data or {})
    edited.data = {**body, "found": recounted.found, "warnings": recounted.warnings}
    return edited
