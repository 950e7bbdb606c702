"""`transcripts/:id/speaker-suggestions/`: what speakers may be called, with what bears it out.

Nothing is applied here: a name is given by `speakers/:number/`, a refusal is remembered.
"""

from typing import Any
from uuid import UUID

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import user_of
from stt_web.core.documentation import raises
from stt_web.core.errors import ApiError
from transcripts.access import TranscriptNotFoundError, get_transcript
from transcripts.exports.document import load_document
from transcripts.intelligence.api.results import RESULT_ERRORS, IntelligenceView, read_body
from transcripts.intelligence.api.work import order_work
from transcripts.intelligence.engines import TEXT_ERRORS, TextEngines
from transcripts.intelligence.naming.model import suggest_with_model
from transcripts.intelligence.naming.suggest import known_names, suggest_names
from transcripts.intelligence.results import check_finished
from transcripts.locks import lock_transcript
from transcripts.models import Speaker, Transcript

_LONGEST_NAME = 100
_MOST_DISMISSED = 50  # of one speaker; then the first ones may come again
NO_TEXT_ERRORS = tuple(
    each for each in RESULT_ERRORS if getattr(each, "code", "") in ("not_finished", "failed")
)
UNKNOWN_SPEAKER = ApiError("There is no speaker of that number.", code="unknown_speaker")


class NameEvidenceSerializer(serializers.Serializer[object]):
    segment_order = serializers.IntegerField(help_text="From 0.")
    segment = serializers.CharField()
    text = serializers.CharField()
    start = serializers.FloatField()
    end = serializers.FloatField()
    speaker = serializers.CharField(allow_null=True, help_text="Who says it.")


class NameSuggestionSerializer(serializers.Serializer[object]):
    speaker = serializers.IntegerField(help_text="The number, as in `speakers/`.")
    label = serializers.CharField()  # type: ignore[assignment]  # a Field's own name
    name = serializers.CharField()
    score = serializers.FloatField(help_text="0 to 1.")
    source = serializers.CharField(  # type: ignore[assignment]  # a Field's own name
        help_text="`rules`, or the language model that suggests it."
    )
    evidence = NameEvidenceSerializer(many=True)


class NameSuggestionsSerializer(serializers.Serializer[object]):
    suggestions = NameSuggestionSerializer(many=True)
    model = serializers.CharField(help_text="`rules`, or the language model that read it, too.")


class NameRequestSerializer(serializers.Serializer[object]):
    model = serializers.CharField(required=False, help_text="Empty: the default one.")


class NameDismissalSerializer(serializers.Serializer[object]):
    speaker = serializers.IntegerField(min_value=1)
    name = serializers.CharField(max_length=_LONGEST_NAME)


class SpeakerSuggestionsView(IntelligenceView):
    @raises(TranscriptNotFoundError, *NO_TEXT_ERRORS)
    @extend_schema(operation_id="list_speaker_suggestions", responses=NameSuggestionsSerializer)
    def get(self, request: Request, transcript_id: UUID) -> Response:
        """Suggest names of speakers by rules (English, Czech), each with its evidence."""
        transcript = get_transcript(user_of(request), transcript_id)
        check_finished(transcript)
        known = known_names(transcript.speakers.all())
        suggested = suggest_names(load_document(transcript, has_words=False), known)
        body = [each.as_json(known.labels) for each in suggested]
        return Response({"suggestions": body, "model": "rules"})

    @raises(*TEXT_ERRORS, *RESULT_ERRORS)
    @extend_schema(
        operation_id="suggest_speakers",
        request=NameRequestSerializer,
        responses=NameSuggestionsSerializer,
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Suggest names by a language model, too: those that its cited lines bear out."""
        transcript, body = get_transcript(user_of(request), transcript_id), read_body(request)
        name = body.name("model")
        check_finished(transcript)
        known = known_names(transcript.speakers.all())
        document = load_document(transcript, has_words=False)

        def suggest(engines: TextEngines) -> dict[str, Any]:
            writer = engines.find_language_model(name)
            ruled = suggest_names(document, known)
            named = {each.speaker for each in ruled}
            taken = {each.name.casefold() for each in ruled}
            read = suggest_with_model(document, known, engines, model=writer)
            more = [each for each in read if each.speaker not in named]
            more = [each for each in more if each.name.casefold() not in taken]
            suggestions = sorted([*ruled, *more], key=lambda each: each.speaker)
            described = [each.as_json(known.labels) for each in suggestions]
            return {"suggestions": described, "model": writer.id}

        characters = sum(len(segment.text) for segment in document.segments)
        return order_work(request, suggest, finish=lambda body: body, characters=characters)


class NameDismissalView(IntelligenceView):
    @raises(TranscriptNotFoundError, UNKNOWN_SPEAKER)
    @extend_schema(
        operation_id="dismiss_speaker_suggestion",
        request=NameDismissalSerializer,
        responses={204: None},
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Refuse a name for a speaker: it is not suggested again."""
        transcript = get_transcript(user_of(request), transcript_id)
        asked = NameDismissalSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        _dismiss(transcript, asked.validated_data["speaker"], asked.validated_data["name"])
        return Response(status=204)


def _dismiss(transcript: Transcript, number: int, name: str) -> None:
    """Race: another refusal of the same speaker; the transcript's lock puts them in order."""
    with transaction.atomic():
        lock_transcript(transcript.pk)
        speaker = Speaker.objects.filter(transcript=transcript, position=number).first()
        if speaker is None:
            raise UNKNOWN_SPEAKER
        others = [each for each in speaker.dismissed_names if each != name]
        speaker.dismissed_names = [*others, name][-_MOST_DISMISSED:]
        speaker.save(update_fields=["dismissed_names"])
