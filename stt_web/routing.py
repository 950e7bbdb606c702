"""WebSocket addresses. Live transcription is not served yet: its address says so and closes."""

import json

from stt_web.asgi_messages import ASGIReceiveCallable, ASGISendCallable, Scope

_STREAM_PATH = "/v1/stream"
_TRY_AGAIN_LATER = 1013  # RFC 6455's registry
_NORMAL_REFUSAL = {
    "error": "Live transcription is not available on this server. Send recordings to"
    " POST /v1/transcribe.",
    "code": "not_available",
    "text": "",
    "partial": "",
}


async def serve_socket(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Refuse: `/v1/stream` with a message in the one error shape, other paths before they open."""
    message = await receive()
    if message["type"] != "websocket.connect" or scope["type"] != "websocket":
        return
    if scope["path"] == _STREAM_PATH:
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        text = json.dumps(_NORMAL_REFUSAL)
        await send({"type": "websocket.send", "text": text, "bytes": None})
    code = _TRY_AGAIN_LATER if scope["path"] == _STREAM_PATH else 1000
    await send({"type": "websocket.close", "code": code, "reason": None})
