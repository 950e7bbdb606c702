"""The ASGI layer at `/mcp`: it lets messages in, and hands each to the SDK in a session of its own.

The check of Host and Origin (DNS rebinding), and the key, come first; their refusals are ours, as
on REST. What a message then asks of REST is counted and charged there: a message that only
describes (`initialize`, `tools/list`) counts as no request.
"""

import asyncio
import io
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http.request import split_domain_port, validate_host

from accounts.socket_session import is_trusted_origin
from stt_web.core.asgi.messages import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPScope,
    Scope,
    find_header,
    send_answer,
)
from stt_web.core.error_responses import MethodNotAllowedError, answer_request
from stt_web.core.errors import ApiError

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

PATH = "/mcp"
MOST_BYTES = 1024 * 1024


class HostError(ApiError):
    """A name that isn't this server's: it may be a page's own, which points here for a moment."""

    status = 421
    code = "wrong_host"

    def __init__(self) -> None:
        super().__init__("This server has another name: see STT_ALLOWED_HOSTS.")


class ForeignPageError(ApiError):
    status = 403
    code = "wrong_origin"

    def __init__(self) -> None:
        super().__init__("Pages of other sites may not call this address.")


class McpLayer:
    """`identify` raises ApiError where a message's key isn't good; it may block. `rest`: what tools
    ask, from the ingest on."""

    def __init__(
        self,
        app: ASGI3Application,
        *,
        rest: ASGI3Application,
        identify: Callable[[HTTPScope], object],
    ) -> None:
        self._app = app
        self._rest = rest
        self._identify = identify

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] != "http" or scope["path"].rstrip("/") != PATH:
            await self._app(scope, receive, send)
            return
        try:
            _check_address(scope)
            await sync_to_async(self._identify)(scope)
        except ApiError as refusal:
            await send_answer(send, answer_request(ASGIRequest(dict(scope), io.BytesIO()), refusal))
            return
        await self._serve(scope, receive, send)

    async def _serve(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        # The SDK and its types take a second to import, and 50 MB: only of who is asked for them.
        server = await asyncio.to_thread(_load_server)
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        from transcripts.dialects.mcp.reading import REST
        from transcripts.dialects.mcp.rest import RestClient

        own = cast("dict[str, Any]", {**scope, REST: RestClient(self._rest, scope)})
        # Its application would need a lifespan, which not every server announces.
        manager = StreamableHTTPSessionManager(
            server._lowlevel_server, stateless=True, max_request_body_size=MOST_BYTES
        )
        async with manager.run():
            await manager.handle_request(own, cast("Any", receive), cast("Any", send))


def _check_address(scope: HTTPScope) -> None:
    """Raises HostError, ForeignPageError, MethodNotAllowedError."""
    host = find_header(scope, b"host")
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        raise HostError
    origin = find_header(scope, b"origin")
    if origin and not is_trusted_origin(origin, own=f"{scope['scheme']}://{host}"):
        raise ForeignPageError
    # GET would open a stream of what the server has to say by itself: nothing.
    if scope["method"] != "POST":
        raise MethodNotAllowedError(scope["method"], allowed=("POST",))


@lru_cache(maxsize=1)
def _load_server() -> "MCPServer[Any]":
    from transcripts.dialects.mcp.server import make_server

    return make_server(version=str(settings.SPECTACULAR_SETTINGS["VERSION"]))
