"""POST /v1/summarize, /v1/analyze, /v1/generate, /v1/embed, /v1/translate; GET their languages.

Plain asynchronous views: a request that waits holds no thread. They cost no credits; each plan has
so many a minute (`billing.request_rates`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from accounts.api.idempotency import answer_once, fingerprint_request
from accounts.authentication import (
    AuthenticationError,
    authenticate_token,
    check_scope,
    read_bearer,
)
from accounts.client_address import request_address
from accounts.models import ApiKey, User
from billing.api.throttling import count_api_request
from billing.quotas import limits_for
from billing.request_rates import count_text_request
from stt_web.core.error_responses import allow_methods
from stt_web.core.errors import HOW_TO_SEND_A_KEY
from transcripts.inference.language import CancelToken
from transcripts.intelligence.api.bodies import Body, read_json
from transcripts.intelligence.background import run_text_work
from transcripts.intelligence.engines import WITHIN_S, TextEngines
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

_SCOPE = "transcribe"
_LASTS_S = WITHIN_S + 20


@dataclass(frozen=True)
class Asked:
    """What a request asks for: `work` makes the answer's body, and may block."""

    work: Callable[[TextEngines], dict[str, Any]]
    characters: int


@dataclass(frozen=True)
class _Caller:
    user: User
    api_key: ApiKey
    headers: dict[str, str]


@csrf_exempt  # no cookie counts on /v1/, so there is nothing to forge
@allow_methods("POST")
async def summarize(request: HttpRequest) -> HttpResponseBase:
    return await _answer(request, "summarize", read_summarize)


@csrf_exempt
@allow_methods("POST")
async def analyze(request: HttpRequest) -> HttpResponseBase:
    return await _answer(request, "analyze", read_analyze)


@csrf_exempt
@allow_methods("POST")
async def generate(request: HttpRequest) -> HttpResponseBase:
    return await _answer(request, "generate", read_generate)


@csrf_exempt
@allow_methods("POST")
async def embed(request: HttpRequest) -> HttpResponseBase:
    return await _answer(request, "embed", read_embed)


@csrf_exempt
@allow_methods("POST")
async def translate(request: HttpRequest) -> HttpResponseBase:
    return await _answer(request, "translate", read_translate)


@allow_methods("GET", "HEAD")
async def show_translation_languages(request: HttpRequest) -> HttpResponseBase:
    caller = await sync_to_async(_admit)(request)
    token = CancelToken(within_s=10)
    engines = await sync_to_async(TextEngines)(caller.user, token=token)
    languages = await run_text_work(
        engines.list_translation_languages,
        token=token,
        characters=0,
        user=caller.user,
        api_key=caller.api_key,
    )
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
        for each in languages
    ]
    return JsonResponse({"languages": described}, headers=caller.headers)


def read_summarize(body: Body) -> Asked:
    text, model, language = body.text(), body.name("model"), _language(body)
    style = body.choice("style", STYLE_NAMES, default="brief")

    def work(engines: TextEngines) -> dict[str, Any]:
        source = read_text(text, language=language)
        return summarise_text(source, engines, style=style, model=model)

    return Asked(work, len(text))


def read_analyze(body: Body) -> Asked:
    text, language = body.text(), _language(body)
    kind = body.choice("type", ANALYSES)
    pii_kinds = body.pii_kinds()

    def work(engines: TextEngines) -> dict[str, Any]:
        source = read_text(text, language=language)
        return analyse_text(source, engines, kind=kind, pii_kinds=pii_kinds)

    return Asked(work, len(text))


def read_generate(body: Body) -> Asked:
    text, model, language = body.text(), body.name("model"), _language(body)
    kind = body.choice("type", CONTENTS)

    def work(engines: TextEngines) -> dict[str, Any]:
        return generate_content(read_text(text, language=language), engines, kind=kind, model=model)

    return Asked(work, len(text))


def read_embed(body: Body) -> Asked:
    texts, model = body.texts(), body.name("model")
    return Asked(lambda engines: embed_texts(texts, engines, model=model), sum(map(len, texts)))


def read_translate(body: Body) -> Asked:
    is_list = body.has("texts")
    texts = body.texts() if is_list else [body.text()]
    target = read_code(body.text("target"), name="target")
    asked_source = body.name("source") or "en"
    source = AUTO if asked_source == AUTO else read_code(asked_source, name="source")
    model = body.name("model")

    def work(engines: TextEngines) -> dict[str, Any]:
        translated, ran = translate_texts(texts, engines, source=source, target=target, model=model)
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

    return Asked(work, sum(map(len, texts)))


async def _answer(
    request: HttpRequest, operation: str, read: Callable[[Body], Asked]
) -> HttpResponse:
    caller = await sync_to_async(_admit)(request)
    body = read_json(request)
    asked = read(body)
    fingerprint = fingerprint_request(operation, dict(body.fields))
    response = await answer_once(
        request,
        owner=caller.user,
        fingerprint=fingerprint,
        lasts_s=_LASTS_S,
        answer=lambda: _run(caller, asked),
    )
    for name, value in caller.headers.items():
        response.headers[name] = value
    return response


async def _run(caller: _Caller, asked: Asked) -> HttpResponse:
    headers = await sync_to_async(_count)(caller.user)
    caller.headers.update(headers)
    token = CancelToken(within_s=WITHIN_S)
    engines = await sync_to_async(TextEngines)(caller.user, token=token)
    body = await run_text_work(
        lambda: asked.work(engines),
        token=token,
        characters=asked.characters,
        user=caller.user,
        api_key=caller.api_key,
    )
    return JsonResponse(body)


def _admit(request: HttpRequest) -> _Caller:
    """Return who calls. Raises AuthenticationError, RateLimitError, ScopeError."""
    raw = read_bearer(request.META.get("HTTP_AUTHORIZATION", ""))
    if raw is None:
        raise AuthenticationError(HOW_TO_SEND_A_KEY, code="missing_key")
    api_key = authenticate_token(raw, address=request_address(request))
    count_api_request(request, api_key.user)
    check_scope(api_key, _SCOPE)
    return _Caller(api_key.user, api_key, {})


def _count(user: User) -> dict[str, str]:
    return count_text_request(user, limits=limits_for(user), now=timezone.now())


def _language(body: Body) -> str:
    name = body.name("language")
    return "" if name in ("", AUTO) else read_code(name, name="language").split("-")[0]
