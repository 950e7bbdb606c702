"""uvicorn's WebSocket protocol, and what it lacks for sockets that send audio.

    --ws stt_web.core.asgi.socket_protocol:SocketProtocol

It hands a connection's frames over one read at a time and pauses reading until it is taken, which
is the backpressure that we want. There is no compression: audio gains nothing from it. Here is
added:

    a message too large reaches the application as one that is (its bytes are dropped), so that it
                        can send an error before it closes; many tiny fragments of one are that, too
    a stopping server   signals the application first, which then sends its last message and closes;
    the
                        scope's extensions have an `asyncio.Event` for that (`stopping_of`)
    a ping              counts as answered while audio arrives: its pong waits behind the audio
    a deaf client       is not read either, so that its pings can't fill our memory with pongs; what
                        it leaves unread at the end is dropped

It depends on inner parts of uvicorn and websockets: the lock pins them,
tests/stt_web/core/asgi/test_socket_protocol.py names what has changed where another version comes,
and tests/transcripts/live/test_consumer.py shows what that does.
"""

import asyncio
from asyncio import BaseTransport
from typing import Any

from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.exceptions import PayloadTooBig
from websockets.frames import CloseCode, Frame
from websockets.protocol import State
from websockets.server import ServerProtocol

from stt_web.core.asgi.connections import counts_of
from stt_web.core.asgi.messages import WebSocketScope

_STOPPING = "stt.stopping"
MAX_FRAME_BYTES = 1024 * 1024
MAX_FRAGMENTS = 1024
# Longer than uvicorn waits for the other side of a close.
_LINGER_S = 15.0
_DRAIN_BYTES = 4 * MAX_FRAME_BYTES


def stopping_of(scope: WebSocketScope) -> asyncio.Event:
    """Return what is set once the server stops; other servers never set it."""
    extension = (scope.get("extensions") or {}).get(_STOPPING, {})
    event = extension.get("event")
    return event if isinstance(event, asyncio.Event) else asyncio.Event()


class _Connection(ServerProtocol):
    """Leaves it to the application to close after a message that is too large."""

    def fail(self, code: int, reason: str = "") -> None:
        if code != CloseCode.MESSAGE_TOO_BIG or self.state is not State.OPEN:
            super().fail(code, reason)


class SocketProtocol(WebSocketsSansIOProtocol):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._server_state: ServerState = kwargs["server_state"]
        self.conn = _Connection(max_size=MAX_FRAME_BYTES, logger=self.logger)
        self._stopping = asyncio.Event()
        self._received_since_ping = False
        self._is_refused = False
        self._drained_bytes = 0
        self._counted_address: str | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Take the connection over from `HttpProtocol`, which has counted it."""
        super().connection_made(transport)
        self._counted_address = self.client[0] if self.client else ""

    def connection_lost(self, exc: Exception | None) -> None:
        if self._counted_address is not None:
            counts_of(self._server_state).release(self._counted_address)
            self._counted_address = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received_since_ping = True
        if self._is_refused:
            self._drain(data)
        else:
            super().data_received(data)

    async def receive(self) -> ASGIReceiveEvent:
        await self.writable.wait()  # who doesn't read us isn't read
        return await super().receive()

    def shutdown(self) -> None:
        """Called for each connection once the server is to end; it then waits for them to."""
        if self.handshake_complete and not self.close_sent:
            self.stop_keepalive()
            self._stopping.set()
        else:
            super().shutdown()

    async def run_asgi(self) -> None:
        self.scope["extensions"][_STOPPING] = {"event": self._stopping}
        await super().run_asgi()
        if self._is_refused and self.transport.can_write_eof():
            # the answer to our close can't be distinguished from the rest
            self.transport.write_eof()
        self._abort_later()

    # Messages that are too large.

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) < MAX_FRAGMENTS:
            super().handle_cont(event)
        elif not self._is_refused:
            self._refuse_large()

    def handle_parser_exception(self) -> None:
        if isinstance(self.conn.parser_exc, PayloadTooBig) and not self.close_sent:
            self.handle_events()  # what came before it
            self._refuse_large()
        else:
            super().handle_parser_exception()

    def _refuse_large(self) -> None:
        """Read on for a while: unread bytes would make TCP reset the connection and lose our last
        message."""
        self._is_refused = True
        too_large = bytes(MAX_FRAME_BYTES + 1)
        self.queue.put_nowait({"type": "websocket.receive", "bytes": too_large, "text": None})

    def _drain(self, data: bytes) -> None:
        self._drained_bytes += len(data)
        if self._drained_bytes > _DRAIN_BYTES:
            self.transport.abort()

    # Clients that don't read, or don't answer.

    def send_keepalive_ping(self) -> None:
        self._received_since_ping = False
        super().send_keepalive_ping()

    def keepalive_timeout(self) -> None:
        is_busy = self.read_paused or self._received_since_ping
        if is_busy and self.ping_timeout is not None:
            self._received_since_ping = False
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)
        else:
            super().keepalive_timeout()
            self._abort_later()

    def pause_writing(self) -> None:
        super().pause_writing()
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.read_paused and not self.transport.is_closing():
            self.transport.resume_reading()

    def _abort_later(self) -> None:
        self.loop.call_later(_LINGER_S, self.transport.abort)
