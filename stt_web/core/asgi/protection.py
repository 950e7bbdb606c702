"""The security headers of every answer: an ASGI layer, outside of all that may answer.

Refusals of the ingest, preflights and 405s never reach Django's middleware, so the headers are set
here. A header that a view sets is left as it is. Over TLS, a cookie without `Secure` gets it.
"""

from typing import cast

from django.http import HttpRequest

from stt_web.core.asgi.messages import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    Header,
    HTTPResponseStartEvent,
    Scope,
)
from stt_web.core.security_headers import NONCE, Nonce, security_headers

# A refused handshake is an answer, too.
_STARTS = ("http.response.start", "websocket.http.response.start")


class ProtectionLayer:
    def __init__(self, app: ASGI3Application) -> None:
        self._app = app

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        is_tls = scope.get("scheme") in ("https", "wss")
        nonce = Nonce()

        async def send_protected(message: ASGISendEvent) -> None:
            if message["type"] in _STARTS:
                own = security_headers(is_tls=is_tls, nonce=nonce.value)
                start = cast("HTTPResponseStartEvent", message)
                message = _protect(start, own, is_tls=is_tls)
            await send(message)

        inner = cast("Scope", {**scope, NONCE: nonce})
        await self._app(inner, receive, send_protected)


def _protect(
    message: HTTPResponseStartEvent, own: list[Header], *, is_tls: bool
) -> HTTPResponseStartEvent:
    headers = [_make_secure(header) if is_tls else header for header in message["headers"]]
    names = {name.lower() for name, _ in headers}
    headers += [header for header in own if header[0] not in names]
    return cast("HTTPResponseStartEvent", {**message, "headers": headers})


def _make_secure(header: Header) -> Header:
    name, value = header
    if name.lower() != b"set-cookie" or b"; secure" in value.lower():
        return header
    return name, value + b"; Secure"


def offer_nonce(request: HttpRequest) -> dict[str, object]:
    """Context processor: `{{ csp_nonce }}`, which the answer's policy names once it is used."""
    scope = getattr(request, "scope", {})
    return {"csp_nonce": scope.get(NONCE, "")}
