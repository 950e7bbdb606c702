"""WebSocket addresses, as Channels routes them. All others are refused before they open."""

import json

from asgiref.typing import WebSocketResponseStartEvent
from channels.routing import URLRouter
from django.urls import path, re_path

from stt_web.core.asgi.messages import ASGIReceiveCallable, ASGISendCallable, WebSocketScope
from stt_web.core.error_responses import NotFoundError
from transcripts.dialects.deepgram.live_socket import DeepgramSocket
from transcripts.dialects.realtime.socket import RealtimeSocket
from transcripts.dialects.vosk.socket import VoskSocket
from transcripts.live.consumer import StreamConsumer


async def refuse_socket(
    scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """There is nothing here, as to a request; 403 of a server that can't answer a handshake."""
    await receive()
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1000, "reason": None})
        return
    body = NotFoundError("There is nothing at this address.").as_body()
    start: WebSocketResponseStartEvent = {
        "type": "websocket.http.response.start",
        "status": NotFoundError.status,
        "headers": [(b"content-type", b"application/json")],
    }
    await send(start)
    await send(
        {
            "type": "websocket.http.response.body",
            "body": json.dumps(body).encode(),
            "more_body": False,
        }
    )


socket_router = URLRouter(
    [
        path("v1/stream", StreamConsumer.as_asgi()),
        path("v1/listen", DeepgramSocket.as_asgi()),
        path("v1/realtime", RealtimeSocket.as_asgi()),
        path("v1/vosk", VoskSocket.as_asgi()),
        re_path("", refuse_socket),  # type: ignore[arg-type]  # Channels takes ASGI applications
    ]
)
