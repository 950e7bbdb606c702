"""Every error that any test makes the API answer with is one that its endpoint declares.

`HoldDeclaredMiddleware` (in the tests' settings) notes what is not; so does the client of
`tests.transcripts.served_api`, of what is refused in front of Django. A fixture of all tests then
fails.
"""

import json
import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.decorators import async_only_middleware

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_ANY_CODE = 500
_undeclared: list[str] = []


@async_only_middleware
def HoldDeclaredMiddleware(  # noqa: N802  # named in MIDDLEWARE like a class
    get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Awaitable[HttpResponseBase]]:
    async def middleware(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        if not response.streaming:
            note_answer(
                request.method or "",
                request.path,
                response.status_code,
                response.content,  # type: ignore[attr-defined]
            )
        return response

    return middleware


def note_answer(method: str, path: str, status: int, content: bytes) -> None:
    """Remember an error that the document doesn't have for this operation."""
    if status < 400 or not path.startswith(("/v1/", "/api/v1/")):
        return
    if settings.ROOT_URLCONF != "stt_web.urls":
        return  # addresses of a test's own
    operation = _find_operation(method, path)
    declared = read_declared().get(operation)
    try:
        code = json.loads(content)["code"]
    except (ValueError, KeyError, TypeError):
        return  # a HEAD's, or Stripe's
    if declared is not None and (status, code) not in declared and status != _ANY_CODE:
        _undeclared.append(f"{' '.join(operation)} answered {status} {code}")


def take_undeclared() -> list[str]:
    """Return what was noted since, each once."""
    found = list(dict.fromkeys(_undeclared))
    _undeclared.clear()
    return found


@lru_cache(maxsize=1)
def read_declared() -> dict[tuple[str, str], set[tuple[int, str]]]:
    """Return by method and path of each operation the errors that the document has."""
    from stt_web.openapi import build_document

    return {
        (method.upper(), path): {
            (int(status), code)
            for status, answer in operation["responses"].items()
            if int(status) >= 400
            for code in _codes_of(answer)
        }
        for path, methods in build_document()["paths"].items()
        for method, operation in methods.items()
    }


def _codes_of(answer: dict[str, Any]) -> list[str]:
    schema = answer["content"]["application/json"]["schema"]
    codes: list[str] = schema.get("properties", {}).get("code", {}).get("enum", [])
    return codes


def _find_operation(method: str, path: str) -> tuple[str, str]:
    try:
        route = resolve(path).route
    except Resolver404:
        return method, ""
    return "GET" if method == "HEAD" else method, "/" + _PARAMETER.sub(r"{\1}", route)
