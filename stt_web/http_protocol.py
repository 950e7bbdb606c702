"""uvicorn's HTTP protocol, and what it lacks.

    --http stt_web.http_protocol:HttpProtocol

    a stopping server   tells the application first: the scope's extensions have an `asyncio.Event`
                        for that (`stopping_of`), so that who waits gets an answer
    what isn't HTTP     is answered in the shape of every other error

It depends on uvicorn's inner parts: the lock pins them, and tests/stt_web/test_http_protocol.py
would show a change.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_STOPPING = "stt.stopping"
_MALFORMED = {
    "error": "This is not an HTTP request that can be read: check its first line and its headers.",
    "code": "malformed_request",
}


def stopping_of(scope: Mapping[str, Any]) -> asyncio.Event:
    """Return what is set once the server stops; a server of another kind never says so."""
    event = (scope.get("extensions") or {}).get(_STOPPING, {}).get("event")
    return event if isinstance(event, asyncio.Event) else asyncio.Event()


class HttpProtocol(HttpToolsProtocol):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stopping = asyncio.Event()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_STOPPING: {"event": self._stopping}}

    def shutdown(self) -> None:
        """Called for each connection once the server is to end; it then waits for them to."""
        super().shutdown()
        self._stopping.set()

    def send_400_response(self, msg: str) -> None:
        body = json.dumps(_MALFORMED).encode()
        head = [b"HTTP/1.1 400 Bad Request\r\n"]
        head += [
            name + b": " + value + b"\r\n" for name, value in self.server_state.default_headers
        ]
        head += [
            b"content-type: application/json\r\n",
            b"content-length: %d\r\n" % len(body),
            b"connection: close\r\n\r\n",
        ]
        self.transport.write(b"".join([*head, body]))
        self.transport.close()
