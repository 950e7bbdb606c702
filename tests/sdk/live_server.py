"""A live server that cuts connections: each session's audio, and what was said about it."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

_BYTES_A_MS = 32


class LiveServer:
    """Stores audio in steps of 100 ms; cuts the first `cuts` connections after `cut_after` bytes.

    `refusal` is sent in place of `ready`; with `is_started`, to the first audio. Without `cuts` it
    is a plain server.
    """

    def __init__(
        self,
        *,
        cuts: int = 0,
        cut_after: int = 0,
        refusal: dict[str, Any] | None = None,
        is_started: bool = False,
    ) -> None:
        self._is_started = is_started
        self.audio = bytearray()
        self.configurations: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self._cuts, self._cut_after, self._refusal = cuts, cut_after, refusal
        self.url = ""

    async def converse(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.keys.append(socket.request.headers.get("Authorization"))
        if self._refusal is not None and not self._is_started:
            return await self._send(socket, **self._refusal)
        await self._send(socket, status="ready")
        self.configurations.append(json.loads(await socket.recv()))
        self._drop_unstored()
        await self._send(socket, status="started", transcript_id="t1", resume_token="r1")
        async for frame in socket:
            if isinstance(frame, bytes) and self._refusal is not None:
                return await self._send(socket, **self._refusal)
            if isinstance(frame, bytes):
                self.audio += frame
                if self._cuts and len(self.audio) >= self._cut_after:
                    self._cuts -= 1
                    socket.transport.abort()
                    return None
                await self._send(socket, partial="…")
            else:
                await self._send(socket, text="All of it.", end=1.0)
                await self._send(socket, is_final=True, transcript="All of it.")
                return None
        return None

    def _drop_unstored(self) -> None:
        """What isn't on the disk yet is lost with the connection."""
        del self.audio[self._stored_ms * _BYTES_A_MS :]

    @property
    def _stored_ms(self) -> int:
        return len(self.audio) // _BYTES_A_MS // 100 * 100

    async def _send(self, socket: ServerConnection, **fields: Any) -> None:
        usual = {"text": "", "partial": "", "is_final": False, "audio_ms": self._stored_ms}
        await socket.send(json.dumps({**usual, **fields}))


@contextmanager
def running(server: LiveServer) -> Iterator[LiveServer]:
    """Serve it on a port of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> Any:
        return await serve(server.converse, "127.0.0.1", 0)

    listening = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_stop(listening), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


async def _stop(listening: Any) -> None:
    listening.close()
    await listening.wait_closed()
