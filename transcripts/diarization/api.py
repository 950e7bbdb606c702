"""`…/diarize/`, `…/embeddings/`: counting a transcript's speakers again, and its voice data."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import user_of
from stt_web.core.documentation import raises
from transcripts.access import TranscriptNotFoundError, get_transcript
from transcripts.diarization.recount import (
    CannotRecountError,
    Recounted,
    SpeakersUnavailableError,
    recount_speakers,
)
from transcripts.diarization.voices import can_find_voices, queue_analysis
from transcripts.editing.api import serializers as shapes
from transcripts.editing.api.conditional import (
    EDIT_ERRORS,
    IF_MATCH,
    EditingView,
    answer_edited,
    read_body,
    read_editing,
)
from transcripts.serializers import WarningSerializer
from transcripts.services.embeddings import delete_all_embeddings


class RecountedSerializer(shapes.EditedSerializer):
    found = serializers.IntegerField(help_text="How many speakers the text has now.")
    engine = serializers.CharField(help_text="The model of voices whose embeddings were clustered.")
    warnings = WarningSerializer(many=True)


class VoicesSerializer(serializers.Serializer[object]):
    status = serializers.ChoiceField(
        choices=["idle", "processing", "failed"],
        help_text="Whether a worker finds the voices of the recording, or could not.",
    )


_STATES = {"": "idle", "queued": "processing", "failed": "failed"}


class RecountView(EditingView):
    @raises(*EDIT_ERRORS, CannotRecountError, SpeakersUnavailableError)
    @extend_schema(
        operation_id="recount_speakers",
        parameters=[IF_MATCH],
        request=shapes.RecountRequestSerializer,
        responses={200: RecountedSerializer, 202: VoicesSerializer},
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Count the speakers again, from the voices as they were stored.

        The light engine does this, whichever labelled them before; `engine` names its model.
        Nothing is recognised again and nothing is charged. Text and times stay; a segment in which
        the speaker changes is cut; given names go to the speaker of most of their words. The
        change is a revision, which can be taken back.

        Where there is no voice data (speakers were not asked for, or it is deleted) but the
        recording is there, the answer is 202: a worker finds the voices in it, and counts then;
        `GET` reports the progress. Else 409 with the reason.
        """
        editing = read_editing(request, transcript_id)
        speakers = read_body(shapes.RecountRequestSerializer, request)["speakers"]
        try:
            recounted = recount_speakers(editing, speakers=speakers)
        except CannotRecountError:
            if not can_find_voices(editing.transcript):
                raise
            queue_analysis(editing, speakers=speakers)
            return Response({"status": "processing"}, status=202)
        return _answer(recounted, answer_edited(editing))

    @raises(TranscriptNotFoundError)
    @extend_schema(operation_id="read_recount", responses=VoicesSerializer)
    def get(self, request: Request, transcript_id: UUID) -> Response:
        """Return the state of the search for voices that `POST` started."""
        transcript = get_transcript(user_of(request), transcript_id)
        return Response({"status": _STATES[transcript.job.voices]})


class EmbeddingsView(EditingView):
    scopes = {"DELETE": "manage"}

    @raises(TranscriptNotFoundError)
    @extend_schema(operation_id="delete_embeddings", responses={204: None})
    def delete(self, request: Request, transcript_id: UUID) -> Response:
        """Delete the voice data of a transcript: its speakers can't be counted again then."""
        delete_all_embeddings(get_transcript(user_of(request), transcript_id))
        return Response(status=204)


def _answer(recounted: Recounted, edited: Response) -> Response:
    body: dict[str, Any] = dict(edited.data or {})
    edited.data = {
        **body,
        "found": recounted.found,
        "engine": recounted.engine,
        "warnings": recounted.warnings,
    }
    return edited
