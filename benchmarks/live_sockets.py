"""Many sockets that speak at once, as cheaply as they can: the machine is the server's.

    python -m benchmarks.live_sockets    one process of them, commanded on its standard input

Each is a bare protocol over TCP that sends one frame, made once, ten times a second, and notes how
old the audio is that a partial or a final covers when it arrives.
"""

import asyncio
import json
import os
import struct
import sys
import time
from collections.abc import Callable

from benchmarks.lateness import watch_lateness

FRAME_MS = 100
_PCM = bytes(FRAME_MS * 32)
# A mask of zeros leaves the payload as it is (RFC 6455, 5.3).
_MASK = b"\0\0\0\0"
FRAME = b"\x82" + bytes([0x80 | 126]) + struct.pack(">H", len(_PCM)) + _MASK + _PCM


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
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_open:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            assert b" 101 " in head.splitlines()[0], head
            self._is_open, self._buffer = True, rest
            self._send({"language": "en"})
        while (taken := _split(self._buffer)) is not None:
            opcode, payload, self._buffer = taken
            if opcode == 1:
                self._read(json.loads(payload))
            elif opcode == 9:
                self._transport.write(b"\x8a" + bytes([0x80 | len(payload)]) + _MASK + payload)

    def connection_lost(self, exc: Exception | None) -> None:
        for future in (self.started, self.ended):
            if not future.done():
                future.set_exception(ConnectionError(f"The server closed: {exc}"))

    async def speak(self, *, seconds: float, offset_s: float) -> None:
        await asyncio.sleep(offset_s)
        self._began = time.perf_counter()
        for number in range(1, round(seconds * 1000 / FRAME_MS) + 1):
            self._transport.write(FRAME)
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
        for future in (self.started, self.ended):
            if not future.done():
                future.set_exception(ConnectionError(why))


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


async def open_sockets(count: int, *, port: int, key: str, at_once: int = 16) -> list[Socket]:
    places = asyncio.Semaphore(at_once)

    async def open_one() -> Socket:
        async with places:
            make: Callable[[], Socket] = lambda: Socket(host=f"127.0.0.1:{port}", key=key)  # noqa: E731
            _, socket = await asyncio.get_running_loop().create_connection(make, "127.0.0.1", port)
            await socket.started
            return socket

    return await asyncio.gather(*(open_one() for _ in range(count)))


def flood(port: int, *, key: str, megabytes: int, within_s: float) -> int:
    """Send audio as fast as it is taken, reading nothing; returns the bytes that were taken."""
    return asyncio.run(_flood(port, key=key, megabytes=megabytes, within_s=within_s))


async def _flood(port: int, *, key: str, megabytes: int, within_s: float) -> int:
    [socket] = await open_sockets(1, port=port, key=key)
    transport = socket._transport
    transport.pause_reading()
    raw = transport.get_extra_info("socket")
    block = FRAME * 300
    sent, until = 0, time.perf_counter() + within_s
    while sent < megabytes * 1_000_000 and time.perf_counter() < until:
        try:
            sent += os.write(raw.fileno(), block[sent % len(block) :])
        except BlockingIOError:
            await asyncio.sleep(0.01)
    transport.abort()
    return sent


async def obey() -> None:
    """Open, speak and stop as each line asks; answer each with one line. What is measured is the
    server: so this process reports how late it was itself."""
    order = json.loads(await asyncio.to_thread(sys.stdin.readline))
    sockets = await open_sockets(order["count"], port=order["port"], key=order["key"])
    print("{}", flush=True)
    order = json.loads(await asyncio.to_thread(sys.stdin.readline))
    ended = asyncio.Event()
    lateness = asyncio.create_task(watch_lateness(ended.is_set))
    count, seconds = len(sockets), order["seconds"]
    await asyncio.gather(
        *(
            socket.speak(seconds=seconds, offset_s=number / count * FRAME_MS / 1000)
            for number, socket in enumerate(sockets)
        )
    )
    ended.set()
    lags_s = [lag for socket in sockets for lag in socket.lags_s]
    print(json.dumps({"lags_s": lags_s, "late_s": await lateness}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for socket in sockets:
        socket.stop()
    received_s = await asyncio.gather(*(socket.ended for socket in sockets))
    print(json.dumps({"heard_s": sorted({float(str(one_s)) for one_s in received_s})}), flush=True)


if __name__ == "__main__":
    asyncio.run(obey())
