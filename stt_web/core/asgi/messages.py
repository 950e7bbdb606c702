"""ASGI's messages, for the layers in front of Django: their types, headers, and a whole answer.

Header names are lower case here, as ASGI servers hand them over.
"""

from collections.abc import Iterable
from typing import cast

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    HTTPResponseStartEvent,
    HTTPScope,
    Scope,
    WebSocketScope,
)
from django.http import HttpRequest, HttpResponse
from django.http.cookie import parse_cookie
from django.utils.translation import get_language_from_request

__all__ = [
    "ASGI3Application",
    "ASGIReceiveCallable",
    "ASGIReceiveEvent",
    "ASGISendCallable",
    "ASGISendEvent",
    "HTTPResponseStartEvent",
    "HTTPScope",
    "Header",
    "Scope",
    "WebSocketScope",
    "add_headers",
    "find_header",
    "find_headers",
    "language_of",
    "replace_header",
    "send_answer",
]

Header = tuple[bytes, bytes]


def find_header(scope: HTTPScope | WebSocketScope, name: bytes) -> str:
    """Return the first value of a request's header, or ""."""
    for key, value in scope["headers"]:
        if key == name:
            return value.decode("latin-1")
    return ""


def find_headers(scope: HTTPScope | WebSocketScope, name: bytes) -> list[str]:
    """Return all values of a request's header, in their order."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def language_of(scope: HTTPScope | WebSocketScope) -> str:
    """Return the language of ours that the client wants: by its cookie, then `Accept-Language`."""
    request = HttpRequest()
    request.META["HTTP_ACCEPT_LANGUAGE"] = find_header(scope, b"accept-language")
    request.COOKIES = parse_cookie(find_header(scope, b"cookie"))
    return get_language_from_request(request)


def add_headers(
    message: HTTPResponseStartEvent, headers: Iterable[Header]
) -> HTTPResponseStartEvent:
    changed = {**message, "headers": [*message["headers"], *headers]}
    return cast("HTTPResponseStartEvent", changed)


def replace_header(
    message: HTTPResponseStartEvent, name: bytes, value: bytes
) -> HTTPResponseStartEvent:
    others = [pair for pair in message["headers"] if pair[0].lower() != name]
    changed = {**message, "headers": [*others, (name, value)]}
    return cast("HTTPResponseStartEvent", changed)


async def send_answer(
    send: ASGISendCallable,
    answer: HttpResponse,
    *,
    headers: Iterable[Header] = (),
    is_last: bool = True,
) -> None:
    """Send a whole answer. With `is_last=False` the client has all of it, and the server still
    waits for the last, empty body event before it ends the exchange.
    """
    own = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    await send(
        {
            "type": "http.response.start",
            "status": answer.status_code,
            "headers": [
                (b"content-length", str(len(answer.content)).encode()),
                *own,
                *headers,
            ],
            "trailers": False,
        }
    )
    await send({"type": "http.response.body", "body": answer.content, "more_body": not is_last})
