"""POST /v1/summarize, /v1/analyze, /v1/generate, /v1/embed, /v1/translate; GET their languages.

They cost no credits; each plan has so many a minute (`billing.request_rates`).
"""

import functools
from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.idempotency import IDEMPOTENCY_ERRORS, fingerprint_request
from accounts.permissions import KeyAuthentication, PageAuthentication, Scopes, user_of
from stt_web.core.documentation import raises
from transcripts.intelligence.api import shapes
from transcripts.intelligence.api.bodies import Body
from transcripts.intelligence.api.contents import read_content
from transcripts.intelligence.api.text_jobs import TEXT_JOB_ERRORS, TextJobSerializer
from transcripts.intelligence.api.work import JobOrder, is_sent_async, order_work
from transcripts.intelligence.engines import TEXT_ERRORS, TextEngines
from transcripts.intelligence.models import TextOperation
from transcripts.intelligence.operations import ANALYSES, STYLE_NAMES, embed_texts
from transcripts.intelligence.source import identify_language
from transcripts.intelligence.text_tasks import TextTask, perform_sent
from transcripts.intelligence.translation import AUTO, read_code
from transcripts.services.note_templates import UnknownTemplateError

Work = Callable[[TextEngines], dict[str, Any]]


class TextView(APIView):
    authentication_classes = [KeyAuthentication]
    scopes: ClassVar[Scopes] = {"POST": "transcribe", "GET": "transcribe"}

    def order(self, request: Request, work: Work, *, characters: int) -> Response:
        return order_work(
            request,
            work,
            finish=lambda body: body,
            characters=characters,
            fingerprint=fingerprint_request(request.path, request.data),
        )

    def order_task(self, request: Request, body: Body, task: TextTask) -> Response:
        """Have it done by this process, or as a job by a worker."""
        is_async = is_sent_async(request, body.flag("async"))
        return order_work(
            request,
            functools.partial(perform_sent, task),
            finish=lambda answer: answer,
            characters=task.characters,
            fingerprint=fingerprint_request(request.path, request.data, is_async),
            job=JobOrder(task, None, is_async),
        )


class SummarizeView(TextView):
    @raises(*TEXT_ERRORS, *TEXT_JOB_ERRORS, *IDEMPOTENCY_ERRORS)
    @extend_schema(
        operation_id="summarize",
        parameters=[shapes.IDEMPOTENCY],
        request=shapes.SummarizeRequestSerializer,
        responses={200: shapes.SummarySerializer, 202: TextJobSerializer},
    )
    def post(self, request: Request) -> Response:
        """Summarise a text: by a language model, or quoted from it. Costs no credits."""
        body = Body.from_data(request.data)
        fields = {
            "text": body.text(),
            "model": body.name("model"),
            "language": _language(body),
            "style": body.choice("style", STYLE_NAMES, default="brief"),
        }
        return self.order_task(request, body, TextTask(TextOperation.SUMMARIZE, fields))


class AnalyzeView(TextView):
    @raises(*TEXT_ERRORS, *TEXT_JOB_ERRORS, *IDEMPOTENCY_ERRORS)
    @extend_schema(
        operation_id="analyze",
        parameters=[shapes.IDEMPOTENCY],
        request=shapes.AnalyzeRequestSerializer,
        responses={200: shapes.AnalysisSerializer, 202: TextJobSerializer},
    )
    def post(self, request: Request) -> Response:
        """Analyse a text: sentiment, topics, entities, tasks, questions, personal data."""
        body = Body.from_data(request.data)
        recorded_on = body.day("recorded_on")
        fields = {
            "text": body.text(),
            "language": _language(body),
            "type": body.choice("type", ANALYSES),
            "types": list(body.pii_kinds()),
            "recorded_on": recorded_on.isoformat() if recorded_on else "",
        }
        return self.order_task(request, body, TextTask(TextOperation.ANALYZE, fields))


class GenerateView(TextView):
    @raises(UnknownTemplateError, *TEXT_ERRORS, *TEXT_JOB_ERRORS, *IDEMPOTENCY_ERRORS)
    @extend_schema(
        operation_id="generate",
        parameters=[shapes.IDEMPOTENCY],
        request=shapes.GenerateRequestSerializer,
        responses={200: shapes.ContentSerializer, 202: TextJobSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make content of a text: quotes, notes, chapters, cards; or posts, by a language model."""
        body = Body.from_data(request.data)
        text, language = body.text(), _language(body)
        fields = {"text": text, "language": language, "model": body.name("model")}
        fields |= read_content(user_of(request), body, language=language or identify_language(text))
        return self.order_task(request, body, TextTask(TextOperation.GENERATE, fields))


class EmbedView(TextView):
    @raises(*TEXT_ERRORS, *IDEMPOTENCY_ERRORS)
    @extend_schema(
        operation_id="embed",
        parameters=[shapes.IDEMPOTENCY],
        request=shapes.EmbedRequestSerializer,
        responses=shapes.EmbeddingsSerializer,
    )
    def post(self, request: Request) -> Response:
        """Turn texts into vectors."""
        body = Body.from_data(request.data)
        texts, model = body.texts(), body.name("model")
        work = functools.partial(embed_texts, texts, model=model)
        return self.order(request, work, characters=sum(map(len, texts)))


class TranslateView(TextView):
    @raises(*TEXT_ERRORS, *TEXT_JOB_ERRORS, *IDEMPOTENCY_ERRORS)
    @extend_schema(
        operation_id="translate",
        parameters=[shapes.IDEMPOTENCY],
        request=shapes.TranslateRequestSerializer,
        responses={200: shapes.TranslatedTextSerializer, 202: TextJobSerializer},
    )
    def post(self, request: Request) -> Response:
        """Translate a text, or several, sentence by sentence."""
        body = Body.from_data(request.data)
        is_list = body.has("texts")
        texts = {"texts": body.texts()} if is_list else {"text": body.text()}
        target = read_code(body.text("target"), name="target")
        asked = body.name("source") or "en"
        fields = {
            **texts,
            "target": target,
            "source": AUTO if asked == AUTO else read_code(asked, name="source"),
            "model": body.name("model"),
        }
        return self.order_task(request, body, TextTask(TextOperation.TRANSLATE, fields))


class TranslationLanguagesView(TextView):
    authentication_classes = [PageAuthentication]

    @raises(*TEXT_ERRORS)
    @extend_schema(
        operation_id="list_translation_languages",
        responses=shapes.TranslationLanguagesSerializer,
    )
    def get(self, request: Request) -> Response:
        """List the languages to translate into, installed and installable."""
        return order_work(request, _list_languages, finish=lambda body: body, characters=0)


def _list_languages(engines: TextEngines) -> dict[str, Any]:
    described = [
        {
            "code": each.code,
            "name": each.name,
            "engine": each.engine,
            "model": each.model,
            "installed": each.installed,
            "from": list(each.sources),
            "install_hint": each.install_hint,
        }
        for each in engines.list_translation_languages()
    ]
    return {"languages": described}


def _language(body: Body) -> str:
    name = body.name("language")
    return "" if name in ("", AUTO) else read_code(name, name="language").split("-")[0]
