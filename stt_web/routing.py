"""WebSocket addresses, as Channels routes them. All others are refused before they open."""

from channels.routing import URLRouter
from django.urls import path, re_path

from stt_web.asgi_messages import ASGIReceiveCallable, ASGISendCallable, Scope
from transcripts.live.consumer import StreamConsumer


async def refuse_socket(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """The client sees 403 in place of an open socket."""
    await receive()
    await send({"type": "websocket.close", "code": 1000, "reason": None})


socket_router = URLRouter(
    [
        path("v1/stream", StreamConsumer.as_asgi()),
        re_path("", refuse_socket),  # type: ignore[arg-type]  # Channels takes ASGI applications
    ]
)
