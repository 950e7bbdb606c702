"""GET /v1/models of Deepgram's clients: the address is ours, and OpenAI's, too."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from transcripts.api.catalog import describe_models, list_known_models
from transcripts.inference.results import Model

View = Callable[[HttpRequest], Coroutine[Any, Any, HttpResponseBase]]


def shown_to_deepgrams_clients(view: View) -> View:
    """Answer those that send `Authorization: Token` in their shape, too; `view` answers others."""

    @wraps(view)
    async def show(request: HttpRequest) -> HttpResponseBase:
        if not request.headers.get("Authorization", "").lower().startswith("token "):
            return await view(request)
        known = await list_known_models(request)
        served = [_describe(model) for model in known.models if model.served_by]
        return JsonResponse({**describe_models(known), "stt": served, "tts": []})

    return show


def _describe(model: Model) -> dict[str, Any]:
    return {
        "name": model.id,
        "canonical_name": model.id,
        "architecture": model.engine,
        "languages": list(model.languages),
        "batch": True,
        "streaming": True,
        "formatted_output": True,
    }
