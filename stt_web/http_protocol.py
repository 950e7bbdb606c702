"""uvicorn's HTTP protocol, and what it lacks.

    --http stt_web.http_protocol:HttpProtocol

    a stopping server   tells the application first: the scope's extensions have an `asyncio.Event`
                        for that (`stopping_of`), so that who waits gets an answer
    what isn't HTTP     is answered in the shape of every other error
    a head              has bounds in bytes, lines and time: 431, 408. What comes between the parts
                        of a chunked body, and behind it, is bounded likewise

It depends on uvicorn's inner parts: the lock pins them, and tests/stt_web/test_http_protocol.py
would show a change.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_STOPPING = "stt.stopping"


@dataclass(frozen=True)
class Refusal:
    status: str
    code: str
    message: str

    def body(self) -> bytes:
        return json.dumps({"error": self.message, "code": self.code}).encode()


class HeadTooLargeError(Exception):
    """Raised to the parser, which stops."""


# Of a request's line and headers. Browsers send 2 kB in 20 lines; nginx takes 32 kB, Apache 100
# lines. A WebSocket handshake is a head like any other.
MAX_HEAD_BYTES = 64 * 1024
MAX_HEAD_LINES = 100
HEAD_WITHIN_S = 15.0  # from its first byte
_MALFORMED = Refusal(
    "400 Bad Request",
    "malformed_request",
    "This is not an HTTP request that can be read: check its first line and its headers.",
)
_TOO_LARGE = Refusal(
    "431 Request Header Fields Too Large",
    "headers_too_large",
    f"The request's line and headers may have {MAX_HEAD_BYTES // 1024} kB in {MAX_HEAD_LINES} lines"
    " at most.",
)
_TOO_SLOW = Refusal(
    "408 Request Timeout",
    "request_timeout",
    f"The request's line and headers did not come within {HEAD_WITHIN_S:.0f} s.",
)


def stopping_of(scope: Mapping[str, Any]) -> asyncio.Event:
    """Return what is set once the server stops; a server of another kind never says so."""
    event = (scope.get("extensions") or {}).get(_STOPPING, {}).get("event")
    return event if isinstance(event, asyncio.Event) else asyncio.Event()


class HttpProtocol(HttpToolsProtocol):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stopping = asyncio.Event()
        self._is_in_head = False
        self._head_bytes = self._head_lines = 0
        # Since anything was handed on: parts of a head, and of chunks' extensions and trailers,
        # which the parser puts together piece by piece.
        self._silent_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        self._silent_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._silent_bytes > MAX_HEAD_BYTES:
            self._refuse(_TOO_LARGE)
        elif self._is_in_head and self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_WITHIN_S, self._refuse, _TOO_SLOW)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_STOPPING: {"event": self._stopping}}
        self._is_in_head = True
        self._head_bytes = self._head_lines = self._silent_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._count_head(len(url), lines=0)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(len(name) + len(value), lines=1)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._silent_bytes = 0
        self._stop_head_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._silent_bytes = 0
        super().on_body(body)

    def _count_head(self, count_bytes: int, *, lines: int) -> None:
        self._head_bytes += count_bytes
        self._head_lines += lines
        if self._head_bytes > MAX_HEAD_BYTES or self._head_lines > MAX_HEAD_LINES:
            raise HeadTooLargeError

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def shutdown(self) -> None:
        """Called for each connection once the server is to end; it then waits for them to."""
        super().shutdown()
        self._stopping.set()

    def send_400_response(self, msg: str) -> None:
        is_too_large = self._head_bytes > MAX_HEAD_BYTES or self._head_lines > MAX_HEAD_LINES
        self._refuse(_TOO_LARGE if is_too_large else _MALFORMED)

    def _refuse(self, refusal: Refusal) -> None:
        """Answer, if nothing of another answer can be on its way, and close."""
        self._stop_head_timer()
        if self._is_in_head or refusal is _MALFORMED:
            self._answer(refusal)
        self.transport.close()

    def _answer(self, refusal: Refusal) -> None:
        body = refusal.body()
        head = [f"HTTP/1.1 {refusal.status}\r\n".encode()]
        head += [
            name + b": " + value + b"\r\n" for name, value in self.server_state.default_headers
        ]
        head += [
            b"content-type: application/json\r\n",
            b"content-length: %d\r\n" % len(body),
            b"connection: close\r\n\r\n",
        ]
        self.transport.write(b"".join([*head, body]))
