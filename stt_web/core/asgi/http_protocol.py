"""uvicorn's HTTP protocol, and what it lacks.

    --http stt_web.core.asgi.http_protocol:HttpProtocol

    a stopping server   signals the application first: the scope's extensions have an
    `asyncio.Event`
                        for that (`stopping_of`), so that who waits gets an answer
    what isn't HTTP     is answered in the shape of every other error
    a head              has bounds in bytes, lines and time: 431, 408; a WebSocket handshake is one
    chunks' extensions  and trailers are bounded likewise, and dropped: no trailer becomes a header
    connections         are bounded in all (503) and per address (429): `core.asgi.connections`

It depends on uvicorn's inner parts: the lock pins them, and
tests/stt_web/core/asgi/test_http_protocol.py would show a change.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from stt_web.core.asgi.connections import counts_of
from stt_web.core.security_headers import fixed_headers

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
_TOO_MANY = Refusal(
    "503 Service Unavailable",
    "too_many_connections",
    "The server has as many connections as it can serve. Try again in a moment.",
)
_TOO_MANY_OF_ONE = Refusal(
    "429 Too Many Requests",
    "too_many_connections",
    "Your address has too many connections open. Close some, or reuse them.",
)
# What a chunk may take beside its bytes, and each byte of it, before it counts as overhead: as Go's
# net/http reckons, so that a body in tiny chunks passes and one in extensions does not.
_CHUNK_BYTES = 16
_BYTES_A_BYTE = 3


def stopping_of(scope: Mapping[str, Any]) -> asyncio.Event:
    """Return what is set once the server stops; other servers never set it."""
    event = (scope.get("extensions") or {}).get(_STOPPING, {}).get("event")
    return event if isinstance(event, asyncio.Event) else asyncio.Event()


class HttpProtocol(HttpToolsProtocol):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stopping = asyncio.Event()
        self._counted_address: str | None = None
        self._is_in_head = self._is_in_body = self._is_socket = False
        self._has_received = False
        self._head_bytes = self._head_lines = 0
        # Bytes that became neither head nor body: parts of a head, of chunks' extensions and of
        # trailers, which the parser puts together piece by piece.
        self._overhead_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        refused_by = counts_of(self.server_state).admit(address)
        if refused_by is not None:
            self._refuse(_TOO_MANY if refused_by == "total" else _TOO_MANY_OF_ONE)
            return
        self._counted_address = address
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        if self._counted_address is not None:
            counts_of(self.server_state).release(self._counted_address)
            self._counted_address = None
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """The connection goes on as a socket, whose protocol releases it."""
        self._counted_address = None
        self._is_socket = True
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return  # refused: what still comes is not read
        self._has_received = True
        self._overhead_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing() or self._is_socket:
            return
        if self._overhead_bytes > MAX_HEAD_BYTES:
            self._refuse(_TOO_LARGE)
        elif self._waits_for_head():
            self._start_head_timer()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_STOPPING: {"event": self._stopping}}
        self._is_in_head = True
        self._head_bytes = self._head_lines = self._overhead_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._count_head(len(url), lines=0)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(len(name) + len(value), lines=1)
        if not self._is_in_body:  # else it is a trailer
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_in_head, self._is_in_body = False, True
        self._overhead_bytes = 0
        self._stop_head_timer()
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        self._overhead_bytes = max(0, self._overhead_bytes - _CHUNK_BYTES)

    def on_body(self, body: bytes) -> None:
        self._overhead_bytes = max(0, self._overhead_bytes - _BYTES_A_BYTE * len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_in_body = False
        super().on_message_complete()

    def _count_head(self, count_bytes: int, *, lines: int) -> None:
        self._head_bytes += count_bytes
        self._head_lines += lines
        if self._is_head_too_large():
            raise HeadTooLargeError

    def _is_head_too_large(self) -> bool:
        return self._head_bytes > MAX_HEAD_BYTES or self._head_lines > MAX_HEAD_LINES

    def _waits_for_head(self) -> bool:
        """Whether there is no request at work, or a part of the next one is here already."""
        return self._is_in_head or self.cycle is None or self.cycle.response_complete

    def _start_head_timer(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_WITHIN_S, self._refuse, _TOO_SLOW)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def shutdown(self) -> None:
        """Called for each connection once the server is to end; it then waits for them to."""
        super().shutdown()
        self._stopping.set()

    def send_400_response(self, msg: str) -> None:
        self._refuse(_TOO_LARGE if self._is_head_too_large() else _MALFORMED)

    def _refuse(self, refusal: Refusal) -> None:
        """Answer, unless a part of another answer may be on its way, and close."""
        self._stop_head_timer()
        if self._may_answer(refusal):
            self._answer(refusal)
        if self.cycle is not None:  # an application at work writes nothing behind it
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def _may_answer(self, refusal: Refusal) -> bool:
        if refusal is _TOO_SLOW and not self._has_received:
            return False  # a connection that was opened in advance
        if self.cycle is None or self.cycle.response_complete:
            return not self._is_in_body
        return self._is_in_body and not self.cycle.response_started

    def _answer(self, refusal: Refusal) -> None:
        body = refusal.body()
        headers = [
            *self.server_state.default_headers,
            *fixed_headers(),
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        lines = [b"%b: %b\r\n" % header for header in headers]
        status = f"HTTP/1.1 {refusal.status}\r\n".encode()
        self.transport.write(b"".join([status, *lines, b"\r\n", body]))
