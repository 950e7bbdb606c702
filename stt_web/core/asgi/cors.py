"""Which pages of other sites may call us: all, where keys count, without cookies; else none.

An ASGI layer, so that the answers of the ingest carry the headers too: a page that may not read
the 413 sees a network error instead. A preflight is answered here and goes no further.
"""

import re

from stt_web.core.api_paths import KEYED_PATHS
from stt_web.core.asgi.messages import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    Header,
    Scope,
    add_headers,
    find_header,
)

_EXPOSED = (
    "X-Transcript-Id, X-Transcript-Token, X-Audio-Duration, X-Credits-Charged, X-Credits-Left, "
    "X-Model-Used, X-Enhance-Model, X-Enhancement-Id, X-Loudness, "
    "X-Gap-Seconds, X-Warnings, X-Request-Id, X-Duration, dg-request-id, Asr-Engine, "
    "X-Generation-Time, X-Voice, X-Watermark, X-Voice-Job-Id, Retry-After, Location, RateLimit, "
    "RateLimit-Policy, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Checksum-Algorithm, "
    "Upload-Offset, Upload-Length, Upload-Expires, Upload-Defer-Length"
)
_ALLOWED_HEADERS = (
    "Authorization, Content-Type, Prefer, X-Request-Id, Idempotency-Key, Last-Event-ID, "
    "Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Defer-Length, "
    "Upload-Checksum"
)
_OF_CLIENTS = re.compile(
    r"(x-stainless|openai|dg|x-dg|x-deepgram|x-fern|mcp)-[a-z0-9-]{1,40}", re.ASCII
)
_ANSWER: list[Header] = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", _EXPOSED.encode()),
]
_PREFLIGHT: list[Header] = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, HEAD, POST, PATCH, DELETE, OPTIONS"),
    (b"access-control-max-age", b"86400"),
]


def _allowed_of(asked: str) -> str:
    """Return what may be sent: ours, and, of what was asked for, those by which clients describe
    themselves."""
    names = (name.strip().lower() for name in asked.split(","))
    return ", ".join([_ALLOWED_HEADERS, *filter(_OF_CLIENTS.fullmatch, names)])


class CorsLayer:
    def __init__(self, app: ASGI3Application, *, prefixes: tuple[str, ...] = KEYED_PATHS) -> None:
        self._app = app
        self._prefixes = prefixes

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._prefixes):
            await self._app(scope, receive, send)
            return
        asks_method = find_header(scope, b"access-control-request-method")
        if scope["method"] == "OPTIONS" and asks_method:
            await _answer_preflight(send, find_header(scope, b"access-control-request-headers"))
            return

        async def send_with_headers(message: ASGISendEvent) -> None:
            if message["type"] == "http.response.start":
                message = add_headers(message, _ANSWER)
            await send(message)

        await self._app(scope, receive, send_with_headers)


async def _answer_preflight(send: ASGISendCallable, asked: str) -> None:
    headers = [*_PREFLIGHT, (b"access-control-allow-headers", _allowed_of(asked).encode())]
    await send(
        {"type": "http.response.start", "status": 204, "headers": headers, "trailers": False}
    )
    await send({"type": "http.response.body", "body": b"", "more_body": False})
