"""Which pages of other sites may call us: all, on `/v1/`, without cookies; none, on `/api/v1/`.

An ASGI layer, so that the answers of the ingest carry the headers too: a page that may not read
the 413 sees a network error instead. A preflight is answered here and goes no further.
"""

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
    "X-Model-Used, X-Gap-Seconds, X-Warnings, X-Request-Id, Retry-After, Location, RateLimit, "
    "RateLimit-Policy, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Checksum-Algorithm, "
    "Upload-Offset, Upload-Length, Upload-Expires, Upload-Defer-Length"
)
_ALLOWED_HEADERS = (
    "Authorization, Content-Type, Prefer, X-Request-Id, Idempotency-Key, Last-Event-ID, "
    "Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Defer-Length, "
    "Upload-Checksum"
)
_ANSWER: list[Header] = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", _EXPOSED.encode()),
]
_PREFLIGHT: list[Header] = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, HEAD, POST, PATCH, DELETE, OPTIONS"),
    (b"access-control-allow-headers", _ALLOWED_HEADERS.encode()),
    (b"access-control-max-age", b"86400"),
]


class CorsLayer:
    def __init__(self, app: ASGI3Application, *, prefix: str = "/v1/") -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return
        asks_method = find_header(scope, b"access-control-request-method")
        if scope["method"] == "OPTIONS" and asks_method:
            await _answer_preflight(send)
            return

        async def send_with_headers(message: ASGISendEvent) -> None:
            if message["type"] == "http.response.start":
                message = add_headers(message, _ANSWER)
            await send(message)

        await self._app(scope, receive, send_with_headers)


async def _answer_preflight(send: ASGISendCallable) -> None:
    await send(
        {"type": "http.response.start", "status": 204, "headers": _PREFLIGHT, "trailers": False}
    )
    await send({"type": "http.response.body", "body": b"", "more_body": False})
