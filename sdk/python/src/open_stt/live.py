"""Live transcription (`WS /v1/stream`): audio in, text out, over lost connections.

    async with client.live(language="en") as session:
        await session.send(chunk)          # 16-bit PCM, mono, 16 kHz unless configured otherwise
        async for message in session: …    # {"text", "partial", …}, as docs/live.md has them
        result = await session.finish()    # the last message, with `transcript`

A connection that is lost is made again with the session's `resume_token`: audio that the server
hadn't stored is sent again, and no text comes twice. A container's stream (WebM, Ogg) can't go on.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

from typing_extensions import Self
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from open_stt.errors import ConnectionFailedError, DeadlineError, LiveError
from open_stt.live_audio import UnsentAudio
from open_stt.policy import wait_before_retry

_CHUNK_BYTES = 32 * 1024
_OPEN_S = 15.0
# The server holds a session open for 60 s.
_RESUME_WITHIN_S = 55.0
# Errors after which the session goes on: the server is restarted, or busy.
_PASSING = ("server_stopping", "inference_unavailable", "inference_full", "session_taken_over")
_END = None


class LiveSession:
    """One session. `transcript_id` is known once it is open; `result` once it is over."""

    def __init__(
        self, base_url: str, api_key: str, configuration: Mapping[str, Any], *, resumes: bool = True
    ) -> None:
        self._address = base_url.replace("http", "ws", 1) + "/v1/stream"
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._configuration = dict(configuration)
        encoding = str(configuration.get("encoding") or "pcm_s16le")
        self._audio = UnsentAudio(encoding, int(configuration.get("sample_rate") or 16000))
        self._resumes = resumes and self._audio.can_resume
        self._changed = asyncio.Condition()
        self._messages: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._is_ended_by_us = False
        self._may_send = False
        self._resume_token = ""
        self._last_received = 0.0
        self._failure: Exception | None = None
        self._task: asyncio.Task[None] | None = None
        self._opened = asyncio.Event()
        self.transcript_id: str | None = None
        self.result: dict[str, Any] | None = None

    async def __aenter__(self) -> Self:
        """Connect. Raises LiveError, ConnectionFailedError."""
        self._task = asyncio.create_task(self._run())
        await self._opened.wait()
        if self._failure is not None:
            raise self._failure
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def send(self, audio: bytes) -> None:
        """Send audio. Waits where the server is minutes behind. Raises LiveError."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._is_over or not self._audio.is_full)
            if self._failure is not None:
                raise self._failure
            self._audio.append(audio)
            self._changed.notify_all()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> dict[str, Any]:
        """Return the next message. Raises LiveError."""
        message = await self._messages.get()
        if message is not _END:
            return message
        self._messages.put_nowait(_END)
        if self._failure is not None:
            raise self._failure
        raise StopAsyncIteration

    async def finish(self, timeout: float | None = None) -> dict[str, Any]:
        """End the audio, and return the last message. Raises LiveError, DeadlineError."""
        async with self._changed:
            self._is_ended_by_us = True
            self._changed.notify_all()
        assert self._task is not None  # noqa: S101  # inside `async with`
        done, _ = await asyncio.wait([self._task], timeout=timeout)
        if not done:
            raise DeadlineError(f"The session was not finished within {timeout:g} s.")
        if self._failure is not None:
            raise self._failure
        return self.result or {}

    async def close(self) -> None:
        """Leave. What was sent is transcribed all the same."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    @property
    def _is_over(self) -> bool:
        return self._failure is not None or self.result is not None

    async def _run(self) -> None:
        try:
            await self._connect_until_over()
        except (LiveError, ConnectionFailedError) as error:
            self._failure = error
        finally:
            self._opened.set()
            self._messages.put_nowait(_END)
            async with self._changed:
                self._changed.notify_all()

    async def _connect_until_over(self) -> None:
        loop = asyncio.get_running_loop()
        failures, lost_at = 0, loop.time()
        while not self._is_over:
            try:
                async with connect(
                    self._address,
                    additional_headers=self._headers,
                    open_timeout=_OPEN_S,
                    max_size=None,
                ) as socket:
                    was_opened = await self._converse(socket)
                    failures, lost_at = (0 if was_opened else failures), loop.time()
                    reason: Exception = LiveError("The connection was closed.", code="connection")
            except (InvalidHandshake, OSError, asyncio.TimeoutError) as error:
                reason = error
            if self._is_over:
                return
            failures += 1
            is_first = not self._opened.is_set()
            if is_first or not self._resumes or loop.time() - lost_at > _RESUME_WITHIN_S:
                raise ConnectionFailedError(f"The live connection failed: {reason}") from reason
            await asyncio.sleep(min(wait_before_retry(failures) or 0.0, 5.0))

    async def _converse(self, socket: ClientConnection) -> bool:
        """Send and receive until the connection or the session ends; returns whether it opened."""
        # Not before `started`: audio of a session without a token would be lost with its line.
        self._may_send = False
        if not self._resume_token:
            self._audio.begin_again()
        sender = asyncio.create_task(self._send_audio(socket))
        was_opened = False
        try:
            with suppress(ConnectionClosed):  # why is among what was received
                await socket.send(json.dumps(self._first_message()))
            async for raw in socket:
                was_opened = True
                await self._receive(json.loads(raw))
        except ConnectionClosed:
            pass
        finally:
            sender.cancel()
            await asyncio.wait([sender])
        return was_opened

    def _first_message(self) -> dict[str, Any]:
        if not self._resume_token:
            return self._configuration
        resumed = {"resume_token": self._resume_token, "last_received": self._last_received}
        return {**self._configuration, **resumed}

    async def _send_audio(self, socket: ClientConnection) -> None:
        try:
            while True:
                async with self._changed:
                    await self._changed.wait_for(self._has_something_to_send)
                    chunk = self._audio.next_chunk(_CHUNK_BYTES)
                if not chunk:
                    await socket.send(json.dumps({"action": "stop"}))
                    return
                await socket.send(chunk)
        except ConnectionClosed:
            return  # who receives notices it, too

    def _has_something_to_send(self) -> bool:
        waiting = self._audio.start_bytes + len(self._audio.held) - self._audio.sent_bytes
        return self._may_send and (waiting > 0 or self._is_ended_by_us)

    async def _receive(self, message: dict[str, Any]) -> None:
        async with self._changed:
            self._note_place(message)
            self._changed.notify_all()
        if message.get("error"):
            self._note_error(message)
            return
        if message.get("text") and not message.get("is_final"):
            self._last_received = float(message.get("end") or self._last_received)
        self._messages.put_nowait(message)
        if message.get("is_final"):
            self.result = message
        self._opened.set()

    def _note_place(self, message: Mapping[str, Any]) -> None:
        audio_ms = int(message.get("audio_ms") or 0)
        if message.get("status") == "started":
            is_resumed = bool(self._resume_token)
            self._resume_token = str(message.get("resume_token") or self._resume_token)
            self.transcript_id = message.get("transcript_id")
            if is_resumed:
                self._audio.go_on_from(audio_ms)
            self._may_send = True
        self._audio.store(audio_ms)

    def _note_error(self, message: Mapping[str, Any]) -> None:
        """Remember an error that ends the session; one that passes only ends the connection."""
        code = str(message.get("code") or "")
        if code in _PASSING and self._resumes and self._resume_token:
            return
        self._failure = LiveError(
            str(message["error"]), code=code, transcript=str(message.get("transcript") or "")
        )
