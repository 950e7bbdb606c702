"""`transcripts/:id/summarize/`, `analyze/`, `generate/`, `translate/`, and `results/`."""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import MANAGE_AND_READ, Scopes, user_of
from stt_web.core.documentation import DeclaredError, raises
from stt_web.core.errors import ApiError
from stt_web.core.pagination import PageNotFoundError, PageNumberPagination
from transcripts.access import TranscriptNotFoundError, get_transcript
from transcripts.exports.document import load_document
from transcripts.intelligence.api.bodies import Body
from transcripts.intelligence.api.work import WorkResponse, order_work
from transcripts.intelligence.engines import TEXT_ERRORS, TextEngines
from transcripts.intelligence.models import ResultKind, StoredResult
from transcripts.intelligence.operations import (
    ANALYSES,
    CONTENTS,
    STYLE_NAMES,
    analyse_text,
    check_text,
    generate_content,
    summarise_text,
)
from transcripts.intelligence.results import (
    ResultNotFoundError,
    describe_result,
    edit_result,
    get_result,
    load_source,
    store_result,
)
from transcripts.intelligence.source import SourceText
from transcripts.intelligence.transcript_translation import translate_transcript
from transcripts.intelligence.translation import AUTO, read_code
from transcripts.intelligence.word_times import add_word_times
from transcripts.models import Transcript
from transcripts.pii.kinds import ALL_KINDS

_MODEL = "`extractive`, or a language model's name. Empty: what is best here."
_MOST_TEXT = 200_000


RESULT_ERRORS: tuple[DeclaredError, ...] = (
    TranscriptNotFoundError,
    ApiError("The transcript is not finished: wait for its text.", code="not_finished", status=409),
    ApiError("The transcript was deleted while it was read.", code="deleted", status=409),
    ApiError(
        "The transcript has as many results as it may have: delete some first.",
        code="too_many_results",
        status=409,
    ),
    ApiError("There is no speaker of that name in the transcript.", code="unknown_speaker"),
)


class ResultSerializer(serializers.Serializer[object]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=ResultKind.choices)
    name = serializers.CharField(help_text="A style, a type or a language.")
    model = serializers.CharField()
    revision = serializers.IntegerField(help_text="Of the text that was read.")
    is_stale = serializers.BooleanField(help_text="The text was changed since.")
    is_edited = serializers.BooleanField()
    text = serializers.CharField(allow_blank=True)
    result = serializers.JSONField(help_text="The answer as it was given.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ResultPageSerializer(serializers.Serializer[object]):
    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ResultSerializer(many=True)


class ResultEditSerializer(serializers.Serializer[object]):
    text = serializers.CharField(max_length=_MOST_TEXT, allow_blank=True, trim_whitespace=False)


class ResultSummaryRequestSerializer(serializers.Serializer[object]):
    style = serializers.ChoiceField(  # type: ignore[assignment]  # a Field's own name
        choices=list(STYLE_NAMES), default="brief"
    )
    model = serializers.CharField(required=False, help_text=_MODEL)
    speaker = serializers.CharField(required=False, help_text="Only what this speaker says.")
    start = serializers.FloatField(required=False, help_text="Seconds.")
    end = serializers.FloatField(required=False, help_text="Seconds.")


class ResultAnalysisRequestSerializer(serializers.Serializer[object]):
    type = serializers.ChoiceField(choices=ANALYSES)
    types = serializers.ListField(
        child=serializers.ChoiceField(choices=[kind.value for kind in ALL_KINDS]),
        required=False,
        help_text="For pii_redact: what is masked; all where it is missing.",
    )


class ResultContentRequestSerializer(serializers.Serializer[object]):
    type = serializers.ChoiceField(choices=CONTENTS)
    model = serializers.CharField(required=False, help_text=_MODEL)


class ResultTranslationRequestSerializer(serializers.Serializer[object]):
    target = serializers.CharField(help_text="BCP 47.")
    source = serializers.CharField(  # type: ignore[assignment]  # a Field's own name
        required=False, help_text="BCP 47; the transcript's language where it is missing."
    )
    model = serializers.CharField(required=False)


class MadeSerializer(serializers.Serializer[object]):
    """The answer of the call for any text, with the stored result's id."""

    result_id = serializers.UUIDField()
    revision = serializers.IntegerField()
    model = serializers.CharField(allow_blank=True)


class IntelligenceView(APIView):
    """Making something of a transcript stores it and shows its text: `manage` and `read`."""

    scopes: ClassVar[Scopes] = {
        "GET": "read",
        "POST": MANAGE_AND_READ,
        "PATCH": MANAGE_AND_READ,
        "DELETE": "manage",
    }


class TranscriptSummaryView(IntelligenceView):
    @raises(*TEXT_ERRORS, *RESULT_ERRORS)
    @extend_schema(
        operation_id="summarize_transcript",
        request=ResultSummaryRequestSerializer,
        responses=MadeSerializer,
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Summarise a transcript, what one speaker says, or a part of its time; it is stored."""
        transcript, body = get_transcript(user_of(request), transcript_id), read_body(request)
        style = body.choice("style", STYLE_NAMES, default="brief")
        model, speaker = body.name("model"), body.name("speaker")
        start_s, end_s = body.seconds("start"), body.seconds("end")
        source = load_source(transcript, speaker=speaker, start_s=start_s, end_s=end_s)
        is_part = bool(speaker) or start_s is not None or end_s is not None
        name = STYLE_NAMES[style]
        return _order(
            request,
            transcript,
            source,
            lambda engines: summarise_text(source, engines, style=style, model=model),
            kind=ResultKind.SUMMARY,
            name=f"{name} (part)" if is_part else name,
        )


class TranscriptAnalysisView(IntelligenceView):
    @raises(*TEXT_ERRORS, *RESULT_ERRORS)
    @extend_schema(
        operation_id="analyze_transcript",
        request=ResultAnalysisRequestSerializer,
        responses=MadeSerializer,
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Analyse a transcript; the result is stored with it."""
        transcript, body = get_transcript(user_of(request), transcript_id), read_body(request)
        kind, pii_kinds = body.choice("type", ANALYSES), body.pii_kinds()
        source = load_source(transcript)
        document = load_document(transcript) if kind == "pii_redact" else None

        def analyse(engines: TextEngines) -> dict[str, Any]:
            made = analyse_text(source, engines, kind=kind, pii_kinds=pii_kinds)
            if document is not None:
                made["result"] = add_word_times(made["result"], document)
            return made

        return _order(
            request,
            transcript,
            source,
            analyse,
            kind=ResultKind.ANALYSIS,
            name=kind,
        )


class TranscriptContentView(IntelligenceView):
    @raises(*TEXT_ERRORS, *RESULT_ERRORS)
    @extend_schema(
        operation_id="generate_from_transcript",
        request=ResultContentRequestSerializer,
        responses=MadeSerializer,
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Make content of a transcript; it is stored with it, and can be edited."""
        transcript, body = get_transcript(user_of(request), transcript_id), read_body(request)
        kind, model = body.choice("type", CONTENTS), body.name("model")
        source = load_source(transcript)
        return _order(
            request,
            transcript,
            source,
            lambda engines: generate_content(source, engines, kind=kind, model=model),
            kind=ResultKind.CONTENT,
            name=kind,
        )


class TranscriptTranslationView(IntelligenceView):
    @raises(*TEXT_ERRORS, *RESULT_ERRORS)
    @extend_schema(
        operation_id="translate_transcript",
        request=ResultTranslationRequestSerializer,
        responses=MadeSerializer,
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Translate a transcript sentence by sentence, with its times; it is stored with it.

        Exports have it by `language` or `bilingual`.
        """
        transcript, body = get_transcript(user_of(request), transcript_id), read_body(request)
        target = read_code(body.text("target"), name="target")
        asked, model = body.name("source"), body.name("model")
        language = read_code(asked, name="source") if asked not in ("", AUTO) else ""
        source = load_source(transcript)
        document = load_document(transcript)

        def translate(engines: TextEngines) -> dict[str, Any]:
            check_text(source)
            spoken = language or source.language
            return translate_transcript(
                document, engines, language=spoken, target=target, model=model
            )

        return _order(
            request, transcript, source, translate, kind=ResultKind.TRANSLATION, name=target
        )


class ResultListView(IntelligenceView):
    @raises(TranscriptNotFoundError, PageNotFoundError)
    @extend_schema(operation_id="list_results", responses=ResultPageSerializer)
    def get(self, request: Request, transcript_id: UUID) -> Response:
        """List what was made of a transcript, newest first."""
        transcript = get_transcript(user_of(request), transcript_id)
        rows = StoredResult.objects.filter(transcript=transcript)
        paginator = PageNumberPagination()
        page = paginator.paginate_queryset(rows, request, view=self)
        return paginator.get_paginated_response(
            [describe_result(row, transcript) for row in page or []]
        )


class ResultView(IntelligenceView):
    @raises(TranscriptNotFoundError, ResultNotFoundError)
    @extend_schema(operation_id="read_result", responses=ResultSerializer)
    def get(self, request: Request, transcript_id: UUID, result_id: UUID) -> Response:
        """Return a stored result."""
        transcript = get_transcript(user_of(request), transcript_id)
        return Response(describe_result(get_result(transcript, result_id), transcript))

    @raises(
        TranscriptNotFoundError,
        ResultNotFoundError,
        ApiError("A translation with another number of lines.", code="invalid_value"),
    )
    @extend_schema(
        operation_id="edit_result", request=ResultEditSerializer, responses=ResultSerializer
    )
    def patch(self, request: Request, transcript_id: UUID, result_id: UUID) -> Response:
        """Change a result's text. One that was edited stays beside a new one of its kind.

        A translation's text has a line for each segment.
        """
        transcript = get_transcript(user_of(request), transcript_id)
        result = get_result(transcript, result_id)
        asked = ResultEditSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        edit_result(result, text=asked.validated_data["text"])
        return Response(describe_result(result, transcript))

    @raises(TranscriptNotFoundError, ResultNotFoundError)
    @extend_schema(operation_id="delete_result", responses={204: None})
    def delete(self, request: Request, transcript_id: UUID, result_id: UUID) -> Response:
        """Delete a stored result."""
        get_result(get_transcript(user_of(request), transcript_id), result_id).delete()
        return Response(status=204)


def read_body(request: Request) -> Body:
    """Return the fields of the request's JSON object. Raises DRF's ParseError, ApiError."""
    return Body.from_data(request.data)


def _order(
    request: Request,
    transcript: Transcript,
    source: SourceText,
    work: Callable[[TextEngines], dict[str, Any]],
    *,
    kind: ResultKind,
    name: str,
) -> WorkResponse:
    revision = transcript.revision

    def finish(body: dict[str, Any]) -> dict[str, Any]:
        stored = store_result(transcript, kind=kind, name=name, body=body, revision=revision)
        return {**body, "result_id": str(stored.pk), "revision": revision}

    return order_work(request, work, finish=finish, characters=len(source.text))
