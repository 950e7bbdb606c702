"""`WS /v1/stream`: a socket on one side, a live session on the other, and nothing decided here.

    dispatch       Channels': `connect`, then `receive` for each frame → `protocol` → the session;
                   while `push` waits the socket isn't read
    send_events    the session's events → `messages` → the socket
    acknowledge    every few seconds, so that a client knows what is journalled also in silence
    watch_decoder  audio that isn't PCM at 16 kHz (`audio_input`): whether that still goes
    stop           the server goes down (`stt_web.core.asgi.socket_protocol`)

The first of these to end ends the socket: an error is sent before it closes. The session is
stopped by its client only; however else the socket ends, it is abandoned, and can be resumed.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from urllib.parse import parse_qsl

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer

from billing.admission import Caller, identify_live_caller
from stt_web.core.asgi.messages import (
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    WebSocketScope,
    find_header,
)
from stt_web.core.asgi.socket_protocol import stopping_of
from stt_web.core.error_responses import internal_error
from stt_web.core.errors import ApiError
from transcripts.live.audio_input import AudioInput
from transcripts.live.events import (
    Ended,
    Failed,
    Final,
    LiveRequest,
    Partial,
    SessionNotice,
)
from transcripts.live.executors import in_database
from transcripts.live.messages import (
    NORMAL_CLOSE,
    Message,
    MessageEncoder,
    ServerStoppingError,
    close_code,
)
from transcripts.live.opening import open_session
from transcripts.live.protocol import (
    Audio,
    ClientAction,
    Command,
    Configure,
    Dialect,
    MessageDecoder,
    Open,
)
from transcripts.live.session import SessionRunner

logger = logging.getLogger(__name__)

FIRST_FRAME_S = 60.0
SEND_S = 30.0  # a client that reads nothing for so long has disconnected
ACKNOWLEDGE_S = 5.0
# sttai 0.1.0 takes its result when the server closes, or 30 s after it sent the end. With
# websocket-client 1.9, which pip gives it, it takes every close for a failure and raises: so it
# isn't closed before. (Up to 1.8 a close was none; a handshake doesn't distinguish the two.)
SDK_PATIENCE_S = 31.0


class SilentError(ApiError):
    status = 408
    code = "idle_timeout"

    def __init__(self) -> None:
        super().__init__(f"Nothing was said for {FIRST_FRAME_S:.0f} s.")


class ClientDisconnectedError(Exception):
    """Nothing can be sent any more."""


class StreamConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # no stubs
    """One connection.

    A socket has no channel of its own in the layer: Channels ends a consumer whose layer fails, and
    reads no channel while a handler waits. What other processes have to say comes through the one
    that the process has (`stt_web.core.wakeups`) to the session (`live/registry`).
    """

    channel_layer_alias = ""

    def __init__(
        self,
        *,
        opener: Callable[[LiveRequest], Awaitable[SessionRunner]] = open_session,
        send_within_s: float = SEND_S,
    ) -> None:
        self._open_session = opener
        self._send_within_s = send_within_s
        super().__init__()
        self._encoder = MessageEncoder()
        self._session: SessionRunner | None = None
        self._input: AudioInput | None = None
        self._opened: asyncio.Future[SessionRunner] = asyncio.get_running_loop().create_future()
        self._ready = asyncio.Event()
        self._sending = asyncio.Lock()
        self._frame_due_s = float("inf")  # while the server is at work none is
        self._is_over = False  # the last message was sent
        self._stopped_at = self._delivered_at = 0.0

    async def __call__(
        self, scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        self._send = send
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        self._is_sdk = "token" in query and not find_header(scope, b"user-agent")
        self._decoder = MessageDecoder(query)
        try:
            await self._serve(scope, super().__call__(scope, receive, self._send_event))
        except ClientDisconnectedError:
            logger.info("event=live_client_disconnected")
        finally:
            if self._input is not None:
                await self._input.close()
            if self._session is not None:
                await self._session.abandon()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As Channels', but for a visit to a thread before every frame, which closes the database
        connections of that thread: those used here are of others (`live/executors`). A frame costs
        111 µs with it and 19 without, of which 3 would be needed to pump by hand (uvloop): of 500
        sockets with ten frames a second half a core, and a twelfth.
        """
        await getattr(self, get_handler_name(message))(message)

    async def _serve(self, scope: WebSocketScope, dispatching: Coroutine[Any, Any, None]) -> None:
        try:
            await self._converse(scope, dispatching)
        except ClientDisconnectedError:
            raise
        except Exception:
            logger.exception("event=live_socket_broke")
            await self._refuse(internal_error())

    async def _converse(
        self, scope: WebSocketScope, dispatching: Coroutine[Any, Any, None]
    ) -> None:
        try:
            await self._pump(dispatching, stopping_of(scope))
        except ApiError as error:
            await self._refuse(error)

    async def _pump(self, dispatching: Coroutine[Any, Any, None], stopping: asyncio.Event) -> None:
        """Until one of them ends. Raises what it raised."""
        work = (
            dispatching,
            self._send_events(),
            self._acknowledge(),
            self._watch_decoder(),
            self._stop(stopping),
        )
        tasks = [asyncio.create_task(each, name="live-socket") for each in work]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # From the client.

    async def connect(self) -> None:
        """Raises ApiError."""
        await self.accept()
        self._caller = await in_database(
            identify_live_caller, self.scope, needed_scope="transcribe"
        )
        await self._send_message(self._encoder.ready())
        self._ready.set()
        self._expect_frame()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Raises ApiError."""
        if text_data is not None:
            commands = self._decoder.read_text(text_data)
        else:
            commands = self._decoder.read_binary(bytes_data or b"")
        self._frame_due_s = float("inf")
        for command in commands:
            if command is ClientAction.STOP:
                self._stopped_at = time.monotonic()
            await self._obey(command)
        self._expect_frame()

    def _expect_frame(self) -> None:
        if self._session is None:
            self._frame_due_s = time.monotonic() + FIRST_FRAME_S

    async def _wait_for_session(self) -> None:
        """Raises SilentError where nothing comes that begins one."""
        while not self._opened.done():
            left_s = self._frame_due_s - time.monotonic()
            if left_s <= 0:
                raise SilentError
            await asyncio.wait({self._opened}, timeout=min(left_s, FIRST_FRAME_S))

    async def _obey(self, command: Command) -> None:
        session, audio = self._session, self._input
        if isinstance(command, Audio) and audio is not None:
            await audio.feed(command.data, command.format)
        elif isinstance(command, Open):
            await self._open(command)
        elif isinstance(command, SessionNotice):
            await self._send_message(self._encoder.event(command))
        elif session is None:
            await self._obey_unopened(command)
        elif isinstance(command, Configure):
            await session.configure(language=command.language)
        elif command is ClientAction.FINALIZE:
            await session.finalize()
        elif command is ClientAction.KEEP_ALIVE:
            session.keep_alive()
        elif command is ClientAction.STOP and audio is not None:
            await audio.finish()
            await session.stop()

    async def _obey_unopened(self, command: Command) -> None:
        """Without audio there is nothing to finish."""
        if command is ClientAction.STOP:
            nothing = Ended(text="", language="", audio_duration_ms=0, credits_charged=0)
            await self._send_message(self._encoder.event(nothing))
            await self._close_normally()

    async def _open(self, opened: Open) -> None:
        self._encoder.dialect = self._decoder.dialect
        self._session = await self._open_session(_request(opened, self._caller))
        self._input = AudioInput(self._session.push)
        await self._send_message(self._encoder.started(self._session.ready))
        self._opened.set_result(self._session)

    # To the client.

    async def _send_events(self) -> None:
        """Wait for the session's last event, which closes the socket."""
        session = await asyncio.shield(self._opened)
        async for event in session.events():
            self._encoder.audio_ms = session.audio_ms
            await self._send_message(self._encoder.event(event))
            if self._input is not None and isinstance(event, Partial | Final):
                self._input.note_speech()
            if isinstance(event, Ended):
                await self._close_normally()
                return
            if isinstance(event, Failed):
                await self.close(close_code(event.error))
                return

    async def _acknowledge(self) -> None:
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

    async def _watch_decoder(self) -> None:
        """Until the audio proves to be undecodable. Raises ApiError."""
        await self._wait_for_session()
        if self._input is not None:
            await self._input.failed()

    async def _stop(self, stopping: asyncio.Event) -> None:
        await self._ready.wait()
        await stopping.wait()
        if self._is_over:
            await self.close(NORMAL_CLOSE)
            return
        token = self._session.resume_token if self._session is not None else ""
        raise ServerStoppingError(resume_token=token)

    async def _refuse(self, error: ApiError) -> None:
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
        """Send it, in order. Raises ClientDisconnectedError, also where it reads nothing."""
        async with self._sending:
            text = self._encoder.encode(message)
            await self.send(text_data=text)
            self._delivered_at = time.monotonic()

    async def _close_normally(self) -> None:
        self._is_over = True
        if self._is_sdk and self._decoder.dialect is Dialect.SDK:
            await asyncio.sleep(self._stopped_at + SDK_PATIENCE_S - time.monotonic())
        await self.close(NORMAL_CLOSE)

    async def _send_event(self, event: ASGISendEvent) -> None:
        """Raises ClientDisconnectedError."""
        try:
            async with asyncio.timeout(self._send_within_s):
                await self._send(event)
        except OSError as error:  # TimeoutError, too
            raise ClientDisconnectedError from error


def _request(opened: Open, caller: Caller) -> LiveRequest:
    return LiveRequest(
        user=caller.principal.user,
        key=caller.principal.api_key,
        address=caller.principal.address,
        options=opened.options,
        second_pass=opened.second_pass,
        title=opened.title,
        resume_token=opened.resume_token,
        delivered_ms=opened.delivered_ms,
    )
