"""The outermost ASGI layer: a request's id and its line in the access log.

What the upload layer refuses never reaches Django, and has an id, too. The access log has one line
a request, and one a live socket when it is over, without its query string, in which a client may
have put a key (`?token=` of live sockets).
"""

import logging
import re
import time

from stt_web.core.asgi.messages import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    HTTPScope,
    Scope,
    WebSocketScope,
    find_header,
    replace_header,
)
from stt_web.core.metrics import REQUEST_SECONDS
from stt_web.core.request_id import choose_request_id, request_id_var
from stt_web.core.routes import UNKNOWN_ROUTE, expect_route, find_route
from stt_web.core.tracing import note, span

access_log = logging.getLogger("stt_web.access")
# What follows these in a path opens something: a transcript, an address, a password.
_SECRET = re.compile(r"\A(/s/|/account/confirm-email/|/account/password/reset/key/)[^/]+")
SOCKETS = frozenset(("/v1/stream", "/v1/listen", "/v1/realtime", "/v1/vosk"))
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class RequestIdLayer:
    """The ASGI layer: sets `request_id_var`, adds the header, logs the answer."""

    def __init__(self, app: ASGI3Application) -> None:
        self._app = app

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = choose_request_id(find_header(scope, b"x-request-id"))
        request_id_var.set(request_id)
        if scope["type"] == "http":
            await self._serve_request(scope, receive, send, request_id)
        else:
            await self._serve_socket(scope, receive, send, request_id)

    async def _serve_request(
        self,
        scope: HTTPScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
        request_id: str,
    ) -> None:
        started = time.monotonic()
        status = 0
        route = expect_route()

        async def send_with_id(message: ASGISendEvent) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = replace_header(message, b"x-request-id", request_id.encode())
            await send(message)

        method = _method(scope["method"])
        try:
            with span(method, http__request__method=method, stt__request_id=request_id) as traced:
                try:
                    await self._app(scope, receive, send_with_id)
                finally:
                    template = find_route(route, scope["path"])
                    note(traced, http__route=template, http__response__status_code=status)
                    if traced is not None:
                        traced.update_name(f"{method} {template}")
        finally:
            duration_s = time.monotonic() - started
            REQUEST_SECONDS.labels(template, method, _status_class(status)).observe(duration_s)
            access_log.info(
                "event=request method=%s path=%s status=%d duration_ms=%d",
                scope["method"],
                _printable(scope["path"]),
                status,  # 0: the client went away before there was an answer
                round(duration_s * 1000),
            )

    async def _serve_socket(
        self,
        scope: WebSocketScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
        request_id: str,
    ) -> None:
        started = time.monotonic()
        code = 0

        async def send_with_id(message: ASGISendEvent) -> None:
            nonlocal code
            if message["type"] == "websocket.accept":
                own = (b"x-request-id", request_id.encode())
                headers = message.get("headers") or ()  # Channels leaves them out
                message = {**message, "headers": [*headers, own]}
            elif message["type"] == "websocket.http.response.start":
                code = message["status"]
                own = (b"x-request-id", request_id.encode())
                message = {**message, "headers": [*message["headers"], own]}
            elif message["type"] == "websocket.close":
                code = message.get("code") or 1000
            await send(message)

        path = scope["path"] if scope["path"] in SOCKETS else UNKNOWN_ROUTE
        try:
            with span(f"WS {path}", http__route=path, stt__request_id=request_id):
                await self._app(scope, receive, send_with_id)
        finally:
            access_log.info(
                "event=socket path=%s code=%d duration_ms=%d",
                _printable(scope["path"]),
                code,  # 0: the client closed it, or disconnected
                round((time.monotonic() - started) * 1000),
            )


def _method(method: str) -> str:
    return method if method in _METHODS else "other"


def _status_class(status: int) -> str:
    return f"{status // 100}xx" if status else "gone"  # the client went away


def _printable(path: str) -> str:
    """Return the path for a log line: a client can't begin a line of its own, nor fill the log.

    A path that opens something by itself is not written whole.
    """
    return re.sub(r"[^!-~]", "?", _SECRET.sub(r"\1***", path[:200]))
