"""`WS /v1/stream`: our own protocol of live speech, in both of its dialects (`live/protocol`).

A session whose socket is lost can be resumed. `live/socket` is how a connection runs.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from billing.admission import identify_live_caller
from stt_web.core.asgi.messages import (
    ASGIReceiveCallable,
    ASGISendCallable,
    WebSocketScope,
    find_header,
    language_of,
)
from stt_web.core.errors import ApiError
from transcripts.live.events import (
    Ended,
    Failed,
    LiveEvent,
    SessionNotice,
    Silence,
)
from transcripts.live.executors import in_database
from transcripts.live.messages import (
    NORMAL_CLOSE,
    Message,
    MessageEncoder,
    ServerStoppingError,
    close_code,
)
from transcripts.live.protocol import ClientAction, Command, Dialect, MessageDecoder, Open
from transcripts.live.session import SessionRunner
from transcripts.live.socket import LiveSocket

ACKNOWLEDGE_S = 5.0
# sttai 0.1.0 takes its result when the server closes, or 30 s after it sent the end. With
# websocket-client 1.9, which pip gives it, it takes every close for a failure and raises: so it
# isn't closed before. (Up to 1.8 a close was none; a handshake doesn't distinguish the two.)
SDK_PATIENCE_S = 31.0


class StreamConsumer(LiveSocket):
    """One connection."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._encoder = MessageEncoder()
        self._stopped_at = 0.0

    async def __call__(
        self, scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        self._is_sdk = "token" in query and not find_header(scope, b"user-agent")
        self._decoder = MessageDecoder(query)
        self._encoder.language = language_of(scope)
        await super().__call__(scope, receive, send)

    # From the client.

    async def connect(self) -> None:
        """Raises ApiError."""
        await self.accept()
        self._caller = await in_database(
            identify_live_caller, self.scope, needed_scope="transcribe"
        )
        await self._send_message(self._encoder.ready())
        self._ready.set()
        self.expect_frame()

    def read_frame(self, text: str | None, data: bytes) -> Iterable[Command]:
        """Raises ApiError."""
        if text is None:
            commands = self._decoder.read_binary(data)
        else:
            commands = self._decoder.read_text(text)
        if ClientAction.STOP in commands:
            self._stopped_at = time.monotonic()
        return commands

    async def obey_other(self, command: Command) -> None:
        if isinstance(command, Open):
            self._encoder.dialect = self._decoder.dialect
            session = await self.open(command)
            await self._send_message(self._encoder.started(session.ready))
            self.note_opened()
        elif isinstance(command, SessionNotice):
            await self._send_message(self._encoder.event(command))
        elif command is ClientAction.STOP and self._session is None:
            # Without audio there is nothing to finish.
            nothing = Ended(text="", language="", audio_duration_ms=0, credits_charged=0)
            await self._send_message(self._encoder.event(nothing))
            await self._close_normally()

    # To the client.

    async def send_event(self, event: LiveEvent) -> bool:
        """Send it; the last closes the socket."""
        if isinstance(event, Silence):
            return False
        if self._session is not None:
            self._encoder.audio_ms = self._session.audio_ms
        await self._send_message(self._encoder.event(event))
        if isinstance(event, Ended):
            await self._close_normally()
        elif isinstance(event, Failed):
            await self.close(close_code(event.error))
        return isinstance(event, Ended | Failed)

    async def watch(self) -> None:
        """Acknowledge, so that a client knows what is journalled also in silence."""
        session = await asyncio.shield(self._opened)
        while True:
            await self._check_speech(session)
            quiet_s = time.monotonic() - self._delivered_at
            if self._is_over:
                await asyncio.sleep(ACKNOWLEDGE_S)
            elif quiet_s < ACKNOWLEDGE_S:
                await asyncio.sleep(ACKNOWLEDGE_S - quiet_s)
            else:
                self._encoder.audio_ms = session.audio_ms
                await self._send_message(self._encoder.listening())

    async def _check_speech(self, session: SessionRunner) -> None:
        if self._input is None or self._is_over:
            return
        notice = self._input.check_speech(recognised_ms=session.recognised_ms)
        if notice is not None:
            await self._send_message(self._encoder.event(notice))

    async def note_stopping(self) -> None:
        if self._is_over:
            await self.close(NORMAL_CLOSE)
            return
        token = self._session.resume_token if self._session is not None else ""
        raise ServerStoppingError(resume_token=token)

    async def send_refusal(self, error: ApiError) -> None:
        if self._session is not None:
            await self._session.record_delivered()  # before it can be back
            self._encoder.audio_ms = self._session.audio_ms
        await self._send_message(await self._describe(error))
        await self.close(close_code(error))

    async def _describe(self, error: ApiError) -> Message:
        """With the finalized text, where a session ends for a reason other than its client."""
        if self._session is None or isinstance(error, ServerStoppingError) or error.status == 500:
            return self._encoder.error(error)
        failure = Failed(error=error, text=await self._session.read_text())
        return self._encoder.event(failure)

    async def _send_message(self, message: Message) -> None:
        """Send it, numbered when it is sent."""
        await self.send_texts(self._encoder.encode(each) for each in (message,))

    async def _close_normally(self) -> None:
        self._is_over = True
        if self._is_sdk and self._decoder.dialect is Dialect.SDK:
            await asyncio.sleep(self._stopped_at + SDK_PATIENCE_S - time.monotonic())
        await self.close(NORMAL_CLOSE)
