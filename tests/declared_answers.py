"""Every answer that any test gets from the API is one that its endpoint declares.

An error, by its status and code; any other, by its status, its media type and, where it is JSON,
its schema, strictly: a field that the document doesn't have is wrong, too.

`HoldDeclaredMiddleware` (in the tests' settings) notes what is not declared; so does the client of
`tests.transcripts.served_api`, of what is refused in front of Django. A fixture of all tests then
fails.
"""

import json
import re
from collections.abc import Awaitable, Callable
from fnmatch import fnmatch
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.decorators import async_only_middleware
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_ANY_CODE = 500
_JSON = "application/json"
# Of a larger answer the shapes are those of a smaller one; the validator takes seconds for it.
_LARGEST_BYTES = 200_000
_undeclared: list[str] = []


@async_only_middleware
def HoldDeclaredMiddleware(  # noqa: N802  # named in MIDDLEWARE like a class
    get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Awaitable[HttpResponseBase]]:
    async def middleware(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        content = None if response.streaming else response.content  # type: ignore[attr-defined]
        media_type = response.headers.get("Content-Type", "")
        note_answer(
            request.method or "", request.path, response.status_code, content, media_type=media_type
        )
        return response

    return middleware


def note_answer(
    method: str, path: str, status: int, content: bytes | None, *, media_type: str = _JSON
) -> None:
    """Remember an answer that the document doesn't have for this operation.

    `content` None: of a stream, which isn't read.
    """
    if not path.startswith(("/v1/", "/api/v1/")) or settings.ROOT_URLCONF != "stt_web.urls":
        return  # not of the API, or an address of a test's own
    operation = _find_operation(method, path)
    if operation not in read_responses():
        return  # `tests/stt_web/test_openapi.py` says which may be missing
    if status >= 400:
        problem = _judge_error(operation, status, content)
    elif status in (301, 302, 304):
        problem = ""
    else:
        body = None if method == "HEAD" else content
        problem = _judge(operation, status, body, media_type=media_type.partition(";")[0])
    if problem:
        _undeclared.append(f"{' '.join(operation)} answered {status} {problem}")


def take_undeclared() -> list[str]:
    """Return what was noted since, each once."""
    found = list(dict.fromkeys(_undeclared))
    _undeclared.clear()
    return found


def _judge_error(operation: tuple[str, str], status: int, content: bytes | None) -> str:
    try:
        code = json.loads(content or b"")["code"]
    except (ValueError, KeyError, TypeError):
        return ""  # a HEAD's, or Stripe's
    is_declared = (status, code) in read_declared()[operation] or status == _ANY_CODE
    return "" if is_declared else str(code)


def _judge(
    operation: tuple[str, str], status: int, content: bytes | None, *, media_type: str
) -> str:
    """Return what is wrong with an answer that is no error; empty: nothing."""
    described = read_responses()[operation].get(str(status))
    if described is None:
        return "which isn't declared"
    kinds = described.get("content", {})
    if not kinds:
        return f"with {len(content)} bytes, and declares none" if content else ""
    if not any(fnmatch(media_type, kind) for kind in kinds):
        return f"as {media_type}, and declares {', '.join(kinds)}"
    if media_type != _JSON or not content or len(content) > _LARGEST_BYTES:
        return ""
    error = best_match(_validator(operation, status).iter_errors(json.loads(content)))
    return "" if error is None else f"where {error.json_path}: {error.message:.300}"


@lru_cache(maxsize=1)
def _read_document() -> dict[str, Any]:
    from stt_web.openapi import build_document

    return build_document()


@lru_cache(maxsize=1)
def read_responses() -> dict[tuple[str, str], dict[str, Any]]:
    """Return by method and path of each operation its responses, by status."""
    return {
        (method.upper(), path): operation["responses"]
        for path, methods in _read_document()["paths"].items()
        for method, operation in methods.items()
    }


@lru_cache(maxsize=1)
def read_declared() -> dict[tuple[str, str], set[tuple[int, str]]]:
    """Return by method and path of each operation the errors that the document has."""
    return {
        operation: {
            (int(status), code)
            for status, answer in responses.items()
            if int(status) >= 400
            for code in _codes_of(answer)
        }
        for operation, responses in read_responses().items()
    }


@lru_cache
def _validator(operation: tuple[str, str], status: int) -> Draft202012Validator:
    schema = read_responses()[operation][str(status)]["content"][_JSON]["schema"]
    whole = {**_close(schema), "components": _closed_components()}
    return Draft202012Validator(whole, format_checker=FormatChecker())


@lru_cache(maxsize=1)
def _closed_components() -> dict[str, Any]:
    components: dict[str, Any] = _close(_read_document()["components"])
    return components


def _close(schema: Any) -> Any:
    """Return the schema with each object's fields as all that it may have."""
    if isinstance(schema, list):
        return [_close(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _close(each) for name, each in schema.items()}
    if isinstance(closed.get("properties"), dict) and closed.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


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
