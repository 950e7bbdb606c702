"""Whether a request came over TLS: `X-Forwarded-Proto`, from proxies of ours only.

An ASGI layer: it sets the scope's scheme, from which Django (`request.is_secure`), the security
headers and the live socket's check of its origin take it. From a peer that STT_TRUSTED_PROXIES
doesn't list, the header is a claim of the client, and counts for nothing.
"""

from typing import cast

from django.conf import settings

from stt_web.core.addresses import is_within
from stt_web.core.asgi.messages import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPScope,
    Scope,
    WebSocketScope,
    find_headers,
)

_SCHEMES = {"http": ("http", "https"), "websocket": ("ws", "wss")}


class ForwardedSchemeLayer:
    def __init__(self, app: ASGI3Application) -> None:
        self._app = app

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] != "lifespan":
            scheme = _forwarded_scheme(scope)
            if scheme:
                scope = cast("Scope", {**scope, "scheme": scheme})
        await self._app(scope, receive, send)


def _forwarded_scheme(scope: HTTPScope | WebSocketScope) -> str:
    """Return the scheme that a trusted proxy names; empty: none does.

    Of several values the last counts: the one that the proxy next to us wrote.
    """
    client = scope.get("client")
    if client is None or not is_within(client[0], settings.TRUSTED_PROXIES):
        return ""
    claims = ",".join(find_headers(scope, b"x-forwarded-proto"))
    last = claims.rpartition(",")[2].strip().lower()
    plain, secure = _SCHEMES[scope["type"]]
    return {"http": plain, "ws": plain, "https": secure, "wss": secure}.get(last, "")
