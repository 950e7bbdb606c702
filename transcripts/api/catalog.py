"""GET /v1/models, /v1/languages, /v1/formats: what can be asked for. No key needed, no cost."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from accounts.authentication import AuthenticationError
from accounts.keys.throttle import KeyThrottledError
from accounts.permissions import open_to_everyone
from accounts.principals import Credential, resolve_request
from stt_web.core.documentation import documented, raises
from stt_web.core.error_responses import allow_methods
from transcripts.inference.catalog import InferenceUnavailableError
from transcripts.inference.results import Model, ServerModels
from transcripts.inference.routing import Inference, inference_for
from transcripts.media.formats import FORMATS
from transcripts.serializers import (
    FormatListSerializer,
    LanguageListSerializer,
    ModelListSerializer,
)
from transcripts.text.languages import LANGUAGE_NAMES

# Asking the inference service may take its whole deadline while it is down.
_askers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="models")
# OpenAI's clients require a date, and no catalogue has one: the day that Whisper was published.
_CREATED = int(datetime(2022, 9, 21, tzinfo=UTC).timestamp())
# Of its names, which mean the default model: what applications look for in the list.
_OPENAI_NAMES = (
    "whisper-1",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-transcribe-diarize",
)
_SPEEDS = ("very_fast", "fast", "standard")


@documented(operation_id="list_models", responses=ModelListSerializer)
@open_to_everyone
@raises(AuthenticationError, KeyThrottledError, InferenceUnavailableError)
@allow_methods("GET", "HEAD")
async def show_models(request: HttpRequest) -> HttpResponseBase:
    """List the models, and which of them are installed here.

    Also in the shape that OpenAI's client reads (`object`, `data`). With the key of an account that
    has Private Cloud: what its instances have.
    """
    return JsonResponse(describe_models(await list_known_models(request)))


@documented(operation_id="list_languages", responses=LanguageListSerializer)
@open_to_everyone
@allow_methods("GET", "HEAD")
async def show_languages(request: HttpRequest) -> HttpResponseBase:
    """List the languages: Whisper's, with its codes and names."""
    languages = [{"code": code, "name": name} for code, name in LANGUAGE_NAMES.items()]
    return JsonResponse({"languages": languages})


@documented(operation_id="list_formats", responses=FormatListSerializer)
@open_to_everyone
@allow_methods("GET", "HEAD")
async def show_formats(request: HttpRequest) -> HttpResponseBase:
    """List the formats that are accepted; recognised by content."""
    return JsonResponse({"formats": list(FORMATS)})


async def list_known_models(request: HttpRequest) -> ServerModels:
    """Return what the sender's servers have. Raises AuthenticationError for a wrong key, and
    InferenceUnavailableError."""
    inference = await sync_to_async(_inference_of)(request)
    return await sync_to_async(inference.list_models, thread_sensitive=False, executor=_askers)()


def _inference_of(request: HttpRequest) -> Inference:
    """Raises AuthenticationError: a key is not needed, but a wrong one is wrong."""
    return inference_for(resolve_request(request, accepted={Credential.GUEST_TOKEN}).user)


def describe_models(known: ServerModels) -> dict[str, Any]:
    return {
        "models": [_describe(model) for model in known.models],
        "default_model": known.default_model,
        "engines": [asdict(engine) for engine in known.optional_engines],
        "object": "list",
        "data": _list_for_openai(known),
    }


def _describe(model: Model) -> dict[str, Any]:
    return {
        "id": model.id,
        "name": model.name,
        # Contract: 99. Whisper's hundredth, Cantonese, is counted with Chinese.
        "languages": len(set(model.languages) - {"yue"}),
        "speed": model.speed if model.speed in _SPEEDS else "standard",
        "available": model.available,
        "served_by": model.served_by or None,
        "engine": model.engine,
        "install_hint": model.install_hint,
    }


def _list_for_openai(known: ServerModels) -> list[dict[str, Any]]:
    served = [describe_for_openai(model) for model in known.models if model.served_by]
    default = known.find(known.default_model)
    if default is None or not default.served_by:
        return served
    return [*served, *(describe_for_openai(default) | {"id": name} for name in _OPENAI_NAMES)]


def describe_for_openai(model: Model) -> dict[str, Any]:
    return {"id": model.id, "object": "model", "created": _CREATED, "owned_by": model.engine}
