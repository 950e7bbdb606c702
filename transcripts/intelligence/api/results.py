"""`transcripts/:id/summarize/`, `analyze/`, `generate/`, `translate/`, and `results/`."""

import functools
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.idempotency import IDEMPOTENCY_ERRORS, fingerprint_request
from accounts.permissions import MANAGE_AND_READ, Scopes, user_of
from stt_web.core.documentation import DeclaredError, raises
from stt_web.core.errors import ApiError
from stt_web.core.pagination import PageNotFoundError, PageNumberPagination
from transcripts.access import TranscriptNotFoundError, get_transcript
from transcripts.intelligence.api import shapes
from transcripts.intelligence.api.bodies import Body
from transcripts.intelligence.api.contents import read_content
from transcripts.intelligence.api.shapes import AsyncRequestSerializer
from transcripts.intelligence.api.text_jobs import TEXT_JOB_ERRORS, TextJobSerializer
from transcripts.intelligence.api.work import JobOrder, WorkResponse, is_sent_async, order_work
from transcripts.intelligence.engines import TEXT_ERRORS
from transcripts.intelligence.models import ResultKind, StoredResult, TextOperation
from transcripts.intelligence.operations import ANALYSES, CONTENTS, STYLE_NAMES
from transcripts.intelligence.results import (
    ResultNotFoundError,
    describe_result,
    edit_result,
    get_result,
    store_result,
)
from transcripts.intelligence.speaker_names import read_names
from transcripts.intelligence.text_tasks import TextTask, perform, place_of, read_transcript
from transcripts.intelligence.translation import AUTO, read_code
from transcripts.models import Transcript
from transcripts.pii.kinds import ALL_KINDS
from transcripts.services.note_templates import UnknownTemplateError

_MODEL = "`extractive`, or a language model's name. Empty: what is best here."
_MOST_TEXT = 200_000


RESULT_ERRORS: tuple[DeclaredError, ...] = (
    TranscriptNotFoundError,
    ApiError("The transcript is not finished: wait for its text.", code="not_finished", status=409),
    ApiError("The transcript failed, or was cancelled: why.", code="failed", status=409),
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
    name = serializers.CharField(help_text="A style, a type, a language or a template's id.")
    model = serializers.CharField()
    revision = serializers.IntegerField(help_text="Of the text that was read.")
    is_stale = serializers.BooleanField(help_text="The text was changed since.")
    is_edited = serializers.BooleanField()
    formats = serializers.ListField(
        child=serializers.CharField(), help_text="Which files there are of it."
    )
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


class ResultSummaryRequestSerializer(AsyncRequestSerializer):
    style = serializers.ChoiceField(  # type: ignore[assignment]  # a Field's own name
        choices=list(STYLE_NAMES), default="brief"
    )
    model = serializers.CharField(required=False, help_text=_MODEL)
    speaker = serializers.CharField(required=False, help_text="Only what this speaker says.")
    start = serializers.FloatField(required=False, help_text="Seconds.")
    end = serializers.FloatField(required=False, help_text="Seconds.")


class ResultAnalysisRequestSerializer(AsyncRequestSerializer):
    type = serializers.ChoiceField(choices=ANALYSES)
    types = serializers.ListField(
        child=serializers.ChoiceField(choices=[kind.value for kind in ALL_KINDS]),
        required=False,
        help_text="For pii_redact: what is masked; all where it is missing.",
    )


class ResultContentRequestSerializer(AsyncRequestSerializer):
    type = serializers.ChoiceField(choices=CONTENTS, required=False)
    template = serializers.CharField(required=False, help_text=shapes.TEMPLATE)
    notes = serializers.CharField(required=False, help_text=shapes.NOTES)
    model = serializers.CharField(required=False, help_text=_MODEL)


class ResultTranslationRequestSerializer(AsyncRequestSerializer):
    target = serializers.CharField(help_text="BCP 47.")
    source = serializers.CharField(  # type: ignore[assignment]  # a Field's own name
        required=False, help_text="BCP 47; the transcript's language where it is missing."
    )
    model = serializers.CharField(required=False)


class IntelligenceView(APIView):
    """Making something of a transcript stores it and shows its text: `manage` and `read`."""

    scopes: ClassVar[Scopes] = {
        "GET": "read",
        "POST": MANAGE_AND_READ,
        "PATCH": MANAGE_AND_READ,
        "DELETE": "manage",
    }


class TranscriptSummaryView(IntelligenceView):
    @raises(*TEXT_ERRORS, *TEXT_JOB_ERRORS, *IDEMPOTENCY_ERRORS, *RESULT_ERRORS)
    @extend_schema(
        operation_id="summarize_transcript",
        request=ResultSummaryRequestSerializer,
        parameters=[shapes.IDEMPOTENCY],
        responses={200: shapes.MadeSummarySerializer, 202: TextJobSerializer},
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Summarise a transcript, what one speaker says, or a part of its time; it is stored."""
        transcript, body = get_transcript(user_of(request), transcript_id), read_body(request)
        fields = {
            "style": body.choice("style", STYLE_NAMES, default="brief"),
            "model": body.name("model"),
            "speaker": body.name("speaker"),
            "start": body.seconds("start"),
            "end": body.seconds("end"),
        }
        return _order(request, transcript, body, TextTask(TextOperation.SUMMARIZE, fields))


class TranscriptAnalysisView(IntelligenceView):
    @raises(*TEXT_ERRORS, *TEXT_JOB_ERRORS, *IDEMPOTENCY_ERRORS, *RESULT_ERRORS)
    @extend_schema(
        operation_id="analyze_transcript",
        request=ResultAnalysisRequestSerializer,
        parameters=[shapes.IDEMPOTENCY],
        responses={200: shapes.MadeAnalysisSerializer, 202: TextJobSerializer},
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Analyse a transcript; the result is stored with it."""
        transcript, body = get_transcript(user_of(request), transcript_id), read_body(request)
        kind, pii_kinds = body.choice("type", ANALYSES), list(body.pii_kinds())
        task = TextTask(TextOperation.ANALYZE, {"type": kind, "types": pii_kinds})
        return _order(request, transcript, body, task)


class TranscriptContentView(IntelligenceView):
    @raises(
        UnknownTemplateError, *TEXT_ERRORS, *TEXT_JOB_ERRORS, *IDEMPOTENCY_ERRORS, *RESULT_ERRORS
    )
    @extend_schema(
        operation_id="generate_from_transcript",
        request=ResultContentRequestSerializer,
        parameters=[shapes.IDEMPOTENCY],
        responses={200: shapes.MadeContentSerializer, 202: TextJobSerializer},
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Make content of a transcript; it is stored with it, and can be edited."""
        user, body = user_of(request), read_body(request)
        transcript = get_transcript(user, transcript_id)
        fields = {"model": body.name("model")}
        fields |= read_content(user, body, language=transcript.language or "en")
        return _order(request, transcript, body, TextTask(TextOperation.GENERATE, fields))


class TranscriptTranslationView(IntelligenceView):
    @raises(*TEXT_ERRORS, *TEXT_JOB_ERRORS, *IDEMPOTENCY_ERRORS, *RESULT_ERRORS)
    @extend_schema(
        operation_id="translate_transcript",
        request=ResultTranslationRequestSerializer,
        parameters=[shapes.IDEMPOTENCY],
        responses={200: shapes.MadeTranslationSerializer, 202: TextJobSerializer},
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Translate a transcript sentence by sentence, with its times; it is stored with it.

        Exports have it by `language` or `bilingual`.
        """
        transcript, body = get_transcript(user_of(request), transcript_id), read_body(request)
        target = read_code(body.text("target"), name="target")
        asked, model = body.name("source"), body.name("model")
        language = read_code(asked, name="source") if asked not in ("", AUTO) else ""
        fields = {"target": target, "source": language, "model": model}
        return _order(request, transcript, body, TextTask(TextOperation.TRANSLATE, fields))


class ResultListView(IntelligenceView):
    @raises(TranscriptNotFoundError, PageNotFoundError)
    @extend_schema(operation_id="list_results", responses=ResultPageSerializer)
    def get(self, request: Request, transcript_id: UUID) -> Response:
        """List what was made of a transcript, newest first."""
        transcript = get_transcript(user_of(request), transcript_id)
        rows = StoredResult.objects.filter(transcript=transcript)
        names = read_names(transcript)
        paginator = PageNumberPagination()
        page = paginator.paginate_queryset(rows, request, view=self)
        return paginator.get_paginated_response(
            [describe_result(row, transcript, names=names) for row in page or []]
        )


class ResultView(IntelligenceView):
    @raises(TranscriptNotFoundError, ResultNotFoundError)
    @extend_schema(operation_id="read_result", responses=ResultSerializer)
    def get(self, request: Request, transcript_id: UUID, result_id: UUID) -> Response:
        """Return a stored result."""
        transcript = get_transcript(user_of(request), transcript_id)
        result = get_result(transcript, result_id)
        return Response(describe_result(result, transcript, names=read_names(transcript)))

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
        return Response(describe_result(result, transcript, names=read_names(transcript)))

    @raises(TranscriptNotFoundError, ResultNotFoundError)
    @extend_schema(operation_id="delete_result", responses={204: None})
    def delete(self, request: Request, transcript_id: UUID, result_id: UUID) -> Response:
        """Delete a stored result."""
        get_result(get_transcript(user_of(request), transcript_id), result_id).delete()
        return Response(status=204)


def read_body(request: Request) -> Body:
    """Return the fields of the request's JSON object. Raises DRF's ParseError, ApiError."""
    return Body.from_data(request.data)


def _order(request: Request, transcript: Transcript, body: Body, task: TextTask) -> WorkResponse:
    """Have it done by this process, or as a job by a worker; it is stored with the transcript."""
    revision = transcript.revision
    text = read_transcript(task, transcript)
    kind, name = place_of(task)
    is_async = is_sent_async(request, body.flag("async"))

    def finish(made: dict[str, Any]) -> dict[str, Any]:
        stored = store_result(transcript, kind=kind, name=name, body=made, revision=revision)
        return {**made, "result_id": str(stored.pk), "revision": revision}

    return order_work(
        request,
        functools.partial(perform, task, text),
        finish=finish,
        characters=len(text.source.text),
        fingerprint=fingerprint_request(request.path, request.data, is_async),
        job=JobOrder(task, transcript, is_async),
    )
