"""`…/occurrences/` and `…/replace/`: find and replace, with a look at it before."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import user_of
from stt_web.core.documentation import raises
from transcripts.access import TranscriptNotFoundError, get_transcript
from transcripts.editing import edits
from transcripts.editing.api import serializers as shapes
from transcripts.editing.api.conditional import EditingView, edit_endpoint, etag_of
from transcripts.editing.draft import Editing
from transcripts.editing.occurrences import Occurrences, list_occurrences
from transcripts.exports.json import seconds

_MOST_SEGMENTS = 500


class OccurrencesView(EditingView):
    @raises(TranscriptNotFoundError)
    @extend_schema(
        operation_id="find_text",
        parameters=[shapes.OccurrencesSerializer],
        responses=shapes.OccurrenceListSerializer,
    )
    def get(self, request: Request, transcript_id: UUID) -> Response:
        """Return where a text stands, segment by segment."""
        transcript = get_transcript(user_of(request), transcript_id)
        asked = shapes.OccurrencesSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        count = 0
        shown: list[dict[str, Any]] = []
        for key, start_ms, text, places in list_occurrences(
            transcript, read_occurrences(dict(asked.validated_data))
        ):
            count += len(places)
            if len(shown) < _MOST_SEGMENTS:
                found = {"id": key, "start": seconds(start_ms), "text": text, "places": places}
                shown.append(found)
        return Response({"count": count, "segments": shown}, headers=etag_of(transcript))


class ReplaceView(EditingView):
    @edit_endpoint("replace_text", asks=shapes.ReplaceRequestSerializer)
    def post(self, editing: Editing, body: dict[str, Any]) -> None:
        """Replace a text wherever it stands, as one revision."""
        edits.replace_text(editing, read_occurrences(body), body["replace"])


def read_occurrences(checked: dict[str, Any]) -> Occurrences:
    return Occurrences(
        checked["find"],
        matches_case=checked["match_case"],
        is_whole_word=checked["whole_words"],
        segments=frozenset(checked.get("segments", ())),
    )
