"""A socket on one side, a live session on the other: what every protocol of live speech shares.

    take_messages  Channels' `connect`, then `receive` for each frame → `read_frame` → the session;
                   while `push` waits the socket isn't read
    send_events    the session's events → `send_event` → the socket
    watch          what a protocol does beside (`acknowledge`, in ours)
    watch_decoder  audio in a container (`audio_input`): whether that still goes
    stop           the server goes down (`stt_web.core.asgi.socket_protocol`)

The first of these to end ends the socket: an error is sent before it closes. The session is
stopped by its client only; however else the socket ends, it is abandoned.

What is sent, and how, is a subclass's: `live/consumer`, and those of `transcripts.dialects`.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, cast

from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from billing.admission import Caller
from stt_web.core.asgi.messages import (
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    WebSocketScope,
)
from stt_web.core.asgi.socket_protocol import stopping_of
from stt_web.core.error_responses import internal_error
from stt_web.core.errors import ApiError
from stt_web.core.outages import outage_behind
from transcripts.live.audio_input import AudioInput
from transcripts.live.events import Final, LiveEvent, LiveRequest, Partial
from transcripts.live.opening import open_session
from transcripts.live.protocol import Audio, ClientAction, Configure, Open
from transcripts.live.session import SessionRunner

logger = logging.getLogger(__name__)

FIRST_FRAME_S = 60.0
SEND_S = 30.0  # a client that reads nothing for so long has disconnected


class SilentError(ApiError):
    status = 408
    code = "idle_timeout"

    def __init__(self) -> None:
        super().__init__(f"Nothing was said for {FIRST_FRAME_S:.0f} s.")


class ClientDisconnectedError(Exception):
    """Nothing can be sent any more."""


class LiveSocket(AsyncWebsocketConsumer):  # type: ignore[misc]  # no stubs
    """One connection.

    A socket has no channel of its own in the layer: Channels ends a consumer whose layer fails, and
    reads no channel while a handler waits. What other processes send comes through the one
    that the process has (`stt_web.core.wakeups`) to the session (`live/registry`).
    """

    channel_layer_alias = ""
    is_resumable = True  # its client can go on with the session on another connection

    def __init__(
        self,
        *,
        opener: Callable[[LiveRequest], Awaitable[SessionRunner]] = open_session,
        send_within_s: float = SEND_S,
    ) -> None:
        self._open_session = opener
        self._send_within_s = send_within_s
        super().__init__()
        self._session: SessionRunner | None = None
        self._input: AudioInput | None = None
        self._opened: asyncio.Future[SessionRunner] = asyncio.get_running_loop().create_future()
        self._ready = asyncio.Event()
        self._sending = asyncio.Lock()
        self._frame_due_s = float("inf")  # while the server is at work none is
        self._is_over = False  # the last message was sent
        self._delivered_at = 0.0
        self._caller: Caller

    # What a protocol defines.

    async def connect(self) -> None:
        """Let the client in, and set `_caller`. Raises ApiError."""
        raise NotImplementedError

    def read_frame(self, text: str | None, data: bytes) -> Iterable[Any]:
        """Return the commands of a frame; `text` None: it is binary. Raises ApiError."""
        raise NotImplementedError

    async def obey_other(self, command: Any) -> None:
        """Obey what isn't the session's: any command while there is none."""
        raise NotImplementedError

    async def send_event(self, event: LiveEvent) -> bool:
        """Send it; returns whether it was the last."""
        raise NotImplementedError

    async def send_refusal(self, error: ApiError) -> None:
        """Send why the connection ends, and close it."""
        raise NotImplementedError

    async def watch(self) -> None:
        """Do what is to be done beside. Never returns."""
        await asyncio.Event().wait()

    # How it runs.

    async def __call__(
        self, scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        self._send_raw = send
        try:
            await self._serve(scope, self._take_messages(scope, receive))
        except ClientDisconnectedError:
            logger.info("event=live_client_disconnected")
        finally:
            if self._input is not None:
                await self._input.close()
            if self._session is not None:
                await self._session.abandon(is_resumable=self.is_resumable)

    async def _take_messages(self, scope: WebSocketScope, receive: ASGIReceiveCallable) -> None:
        """As Channels' own loop, but for what that does for every frame: two tasks, for a layer
        that isn't used here, and a visit to a thread, which closes the database connections of
        that thread (those used here are of others: `live/executors`). A frame costs 111 µs with
        all that and 3 without (uvloop): of 500 sockets with ten frames a second half a core.
        """
        self.scope, self.base_send = scope, self._send_event
        with contextlib.suppress(StopConsumer):
            while True:
                message = cast("dict[str, Any]", await receive())
                await getattr(self, get_handler_name(message))(message)

    async def _serve(self, scope: WebSocketScope, taking: Coroutine[Any, Any, None]) -> None:
        try:
            await self._converse(scope, taking)
        except ClientDisconnectedError:
            raise
        except Exception as error:
            outage = outage_behind(error)
            if outage is None:
                logger.exception("event=live_socket_broke")
            await self.send_refusal(outage or internal_error())

    async def _converse(self, scope: WebSocketScope, taking: Coroutine[Any, Any, None]) -> None:
        try:
            await self._pump(taking, stopping_of(scope))
        except ApiError as error:
            await self.send_refusal(error)

    async def _pump(self, taking: Coroutine[Any, Any, None], stopping: asyncio.Event) -> None:
        """Until one of them ends. Raises what it raised."""
        work = (
            taking,
            self._send_events(),
            self.watch(),
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

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Raises ApiError."""
        commands = self.read_frame(text_data, bytes_data or b"")
        self._frame_due_s = float("inf")
        for command in commands:
            await self._obey(command)
        self.expect_frame()

    def expect_frame(self) -> None:
        if self._session is None:
            self._frame_due_s = time.monotonic() + FIRST_FRAME_S

    async def _wait_for_session(self) -> None:
        """Raises SilentError where nothing comes that begins one."""
        while not self._opened.done():
            left_s = self._frame_due_s - time.monotonic()
            if left_s <= 0:
                raise SilentError
            await asyncio.wait({self._opened}, timeout=min(left_s, FIRST_FRAME_S))

    async def _obey(self, command: Any) -> None:
        session, audio = self._session, self._input
        if session is None or audio is None:
            await self.obey_other(command)
        elif isinstance(command, Audio):
            await audio.feed(command.data, command.format)
        elif isinstance(command, Configure):
            await session.configure(language=command.language)
        elif command is ClientAction.FINALIZE:
            await self.note_finalize(await session.finalize())
        elif command is ClientAction.KEEP_ALIVE:
            session.keep_alive()
        elif command is ClientAction.STOP:
            await audio.finish()
            await session.stop()
        else:
            await self.obey_other(command)

    async def note_finalize(self, position_ms: int) -> None:
        """All audio so far, up to there, will be final next."""

    async def open(self, opened: Open) -> SessionRunner:
        """Raises ApiError."""
        self._session = await self._open_session(make_request(opened, self._caller))
        self._input = AudioInput(self._session.push)
        return self._session

    def note_opened(self) -> None:
        """The client knows: events may be sent from now on."""
        if self._session is not None:
            self._opened.set_result(self._session)

    # To the client.

    async def _send_events(self) -> None:
        """Until the session's last event, which closes the socket."""
        session = await asyncio.shield(self._opened)
        async for event in session.events():
            is_last = await self.send_event(event)
            if self._input is not None and isinstance(event, Partial | Final):
                self._input.note_speech()
            if is_last:
                return

    async def _watch_decoder(self) -> None:
        """Until the audio proves to be undecodable. Raises ApiError."""
        await self._wait_for_session()
        if self._input is not None:
            await self._input.failed()

    async def _stop(self, stopping: asyncio.Event) -> None:
        await self._ready.wait()
        await stopping.wait()
        await self.note_stopping()

    async def note_stopping(self) -> None:
        """The server goes down. Raises ApiError, or closes the socket."""
        raise NotImplementedError

    async def send_texts(self, texts: Iterable[str]) -> None:
        """Send messages, one behind the other. Raises ClientDisconnectedError, also where the
        client reads nothing."""
        async with self._sending:
            for text in texts:
                await self.send(text_data=text)
                self._delivered_at = time.monotonic()

    async def _send_event(self, event: ASGISendEvent) -> None:
        """Raises ClientDisconnectedError."""
        try:
            async with asyncio.timeout(self._send_within_s):
                await self._send_raw(event)
        except OSError as error:  # TimeoutError, too
            raise ClientDisconnectedError from error


def make_request(opened: Open, caller: Caller) -> LiveRequest:
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
