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
from accounts.permissions import KeyAuthentication, PrincipalAuthentication, Scopes
from accounts.principals import OF_UPLOADS
from stt_web.core.documentation import raises
from transcripts.intelligence.api import shapes
from transcripts.intelligence.api.bodies import Body
from transcripts.intelligence.api.work import order_work
from transcripts.intelligence.engines import TEXT_ERRORS, TextEngines
from transcripts.intelligence.operations import (
    ANALYSES,
    CONTENTS,
    STYLE_NAMES,
    analyse_text,
    embed_texts,
    generate_content,
    summarise_text,
)
from transcripts.intelligence.source import read_text
from transcripts.intelligence.translation import AUTO, read_code, translate_texts

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


class SummarizeView(TextView):
    @raises(*TEXT_ERRORS, *IDEMPOTENCY_ERRORS)
    @extend_schema(
        operation_id="summarize",
        parameters=[shapes.IDEMPOTENCY],
        request=shapes.SummarizeRequestSerializer,
        responses=shapes.SummarySerializer,
    )
    def post(self, request: Request) -> Response:
        """Summarise a text: by a language model, or quoted from it. Costs no credits."""
        body = Body.from_data(request.data)
        text, model, language = body.text(), body.name("model"), _language(body)
        style = body.choice("style", STYLE_NAMES, default="brief")

        def work(engines: TextEngines) -> dict[str, Any]:
            source = read_text(text, language=language)
            return summarise_text(source, engines, style=style, model=model)

        return self.order(request, work, characters=len(text))


class AnalyzeView(TextView):
    @raises(*TEXT_ERRORS, *IDEMPOTENCY_ERRORS)
    @extend_schema(
        operation_id="analyze",
        parameters=[shapes.IDEMPOTENCY],
        request=shapes.AnalyzeRequestSerializer,
        responses=shapes.AnalysisSerializer,
    )
    def post(self, request: Request) -> Response:
        """Analyse a text: sentiment, topics, entities, tasks, questions, personal data."""
        body = Body.from_data(request.data)
        text, language = body.text(), _language(body)
        kind, pii_kinds = body.choice("type", ANALYSES), body.pii_kinds()

        def work(engines: TextEngines) -> dict[str, Any]:
            source = read_text(text, language=language)
            return analyse_text(source, engines, kind=kind, pii_kinds=pii_kinds)

        return self.order(request, work, characters=len(text))


class GenerateView(TextView):
    @raises(*TEXT_ERRORS, *IDEMPOTENCY_ERRORS)
    @extend_schema(
        operation_id="generate",
        parameters=[shapes.IDEMPOTENCY],
        request=shapes.GenerateRequestSerializer,
        responses=shapes.ContentSerializer,
    )
    def post(self, request: Request) -> Response:
        """Make content of a text: quotes, notes, chapters, cards; or posts, by a language model."""
        body = Body.from_data(request.data)
        text, model, language = body.text(), body.name("model"), _language(body)
        kind = body.choice("type", CONTENTS)

        def work(engines: TextEngines) -> dict[str, Any]:
            source = read_text(text, language=language)
            return generate_content(source, engines, kind=kind, model=model)

        return self.order(request, work, characters=len(text))


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
    @raises(*TEXT_ERRORS, *IDEMPOTENCY_ERRORS)
    @extend_schema(
        operation_id="translate",
        parameters=[shapes.IDEMPOTENCY],
        request=shapes.TranslateRequestSerializer,
        responses=shapes.TranslatedTextSerializer,
    )
    def post(self, request: Request) -> Response:
        """Translate a text, or several, sentence by sentence."""
        body = Body.from_data(request.data)
        is_list = body.has("texts")
        texts = body.texts() if is_list else [body.text()]
        target = read_code(body.text("target"), name="target")
        asked = body.name("source") or "en"
        source = AUTO if asked == AUTO else read_code(asked, name="source")
        model = body.name("model")

        def work(engines: TextEngines) -> dict[str, Any]:
            translated, ran = translate_texts(
                texts, engines, source=source, target=target, model=model
            )
            described = [
                {
                    "translated_text": each.text,
                    "source_language": each.source,
                    "target_language": target,
                    "untranslated": each.untranslated,
                }
                for each in translated
            ]
            if is_list:
                return {"translations": described, "target_language": target, "model": ran}
            return {**described[0], "model": ran}

        return self.order(request, work, characters=sum(map(len, texts)))


class PageAuthentication(PrincipalAuthentication):
    """Keys, and the tickets of our pages."""

    accepted = OF_UPLOADS


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
