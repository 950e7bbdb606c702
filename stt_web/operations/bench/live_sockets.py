"""Live sockets that speak at once, as cheaply as they can: the machine is the server's.

Each is a bare protocol over TCP that sends a frame ten times a second, and notes how old the audio
is that a partial or a final covers when it arrives.
"""

import asyncio
import json
import ssl
import struct
import time
from collections.abc import Callable, Sequence
from typing import cast

FRAME_MS = 100
_FRAME_BYTES = FRAME_MS * 32
# A mask of zeros leaves the payload as it is (RFC 6455, 5.3).
_MASK = b"\0\0\0\0"


def make_frame(pcm: bytes) -> bytes:
    """Return the WebSocket's frame of 126 to 65,535 bytes of audio."""
    return b"\x82" + bytes([0x80 | 126]) + struct.pack(">H", len(pcm)) + _MASK + pcm


def make_frames(pcm: bytes) -> list[bytes]:
    """Return the frames of int16, mono, 16 kHz, `FRAME_MS` each; a rest that is shorter is left."""
    starts = range(0, len(pcm) - _FRAME_BYTES + 1, _FRAME_BYTES)
    return [make_frame(pcm[start : start + _FRAME_BYTES]) for start in starts]


SILENCE = make_frame(bytes(_FRAME_BYTES))


class SessionRefusedError(ConnectionError):
    """The server answered with an error, in its own words, or closed the connection."""


class Socket(asyncio.Protocol):
    """`lags_s`: how old the audio was that a message covers. `ended`: how much was recognised."""

    def __init__(self, *, host: str, key: str) -> None:
        loop = asyncio.get_running_loop()
        self.started: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[object] = loop.create_future()
        self.lags_s: list[float] = []
        self._head = (
            f"GET /v1/stream HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            f"Authorization: Bearer {key}\r\n\r\n"
        ).encode()
        self._buffer = b""
        self._is_open = False
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_open:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head.splitlines()[0]:
                self._fail(head.splitlines()[0].decode("latin-1"))
                self._transport.abort()
                return
            self._is_open, self._buffer = True, rest
            self._send({"language": "en"})
        while (taken := _split(self._buffer)) is not None:
            opcode, payload, self._buffer = taken
            if opcode == 1:
                self._read(json.loads(payload))
            elif opcode == 9:
                self._transport.write(b"\x8a" + bytes([0x80 | len(payload)]) + _MASK + payload)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("The server closed the connection.")

    def abort(self) -> None:
        """Close at once; what was still awaited isn't missed."""
        self._transport.abort()
        for future in (self.started, self.ended):
            future.cancel()

    async def speak(
        self, *, seconds: float, offset_s: float, frames: Sequence[bytes] = (SILENCE,)
    ) -> None:
        """Send `frames`, again and again, for so long, at the speed of speech."""
        await asyncio.sleep(offset_s)
        self._began = time.perf_counter()
        for number in range(1, round(seconds * 1000 / FRAME_MS) + 1):
            self._transport.write(frames[(number - 1) % len(frames)])
            wait_s = self._began + number * FRAME_MS / 1000 - time.perf_counter()
            await asyncio.sleep(max(0.0, wait_s))

    def stop(self) -> None:
        self._send({"action": "stop"})

    def _send(self, body: dict[str, str]) -> None:
        text = json.dumps(body).encode()
        self._transport.write(b"\x81" + bytes([0x80 | len(text)]) + _MASK + text)

    def _read(self, message: dict[str, object]) -> None:
        if message.get("status") == "started":
            self.started.set_result(None)
        elif message.get("error"):
            self._fail(str(message["error"]))
        elif message["is_final"]:
            self.ended.set_result(message["duration"])
        elif isinstance(end := message.get("end"), float):
            # Audio up to `end` had left here when its last frame was sent.
            self.lags_s.append(time.perf_counter() - self._began - (end - FRAME_MS / 1000))

    def _fail(self, why: str) -> None:
        if not self.started.done():
            self.started.set_exception(SessionRefusedError(why))
            self.ended.cancel()  # no one waits for it then
        elif not self.ended.done():
            self.ended.set_exception(SessionRefusedError(why))


def _split(data: bytes) -> tuple[int, bytes, bytes] | None:
    """Return (opcode, payload, rest) of a server's frame, which is not masked; None: incomplete."""
    if len(data) < 2:
        return None
    length, at = data[1] & 0x7F, 2
    if length == 126:
        if len(data) < 4:
            return None
        length, at = struct.unpack(">H", data[2:4])[0], 4
    if len(data) < at + length:
        return None
    return data[0] & 0x0F, data[at : at + length], data[at + length :]


async def open_sockets(
    count: int,
    *,
    port: int,
    key: str,
    address: str = "127.0.0.1",
    host: str = "",
    tls: ssl.SSLContext | None = None,
    at_once: int = 16,
) -> list[Socket]:
    """Open so many at a server; `host`: what it is called, where not by its address.

    Raises OSError (ConnectionError where the server refuses).
    """
    places = asyncio.Semaphore(at_once)

    async def open_one() -> Socket:
        async with places:
            make: Callable[[], Socket] = lambda: Socket(host=host or f"{address}:{port}", key=key)  # noqa: E731
            loop = asyncio.get_running_loop()
            _, socket = await loop.create_connection(make, address, port, ssl=tls)
            await socket.started
            return socket

    return await asyncio.gather(*(open_one() for _ in range(count)))
