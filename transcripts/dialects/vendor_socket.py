"""Another service's live speech over the one live session: what its sockets have in common.

handshake   the key, the configuration and the limits, answered as HTTP where they refuse:
            that is where these clients look for 401, 402 and 429
dialect     its frames → the session's commands, the session's events → its messages: pure, one
            module a service
the end     a session ends with its socket: none of these protocols can resume one. What was
            received is transcribed, stored and charged all the same
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol
from urllib.parse import parse_qsl

from channels.exceptions import StopConsumer

from accounts.principals import check_known
from billing.admission import identify_live_caller
from stt_web.core.asgi.messages import WebSocketScope
from stt_web.core.errors import ApiError
from stt_web.core.request_id import request_id_var
from stt_web.core.strict_json import StrictJsonError, parse_json
from transcripts.jobs.submit import LimitError
from transcripts.live.admission import check_admission
from transcripts.live.events import Ended, Failed, LiveEvent
from transcripts.live.executors import in_database
from transcripts.live.messages import NORMAL_CLOSE, ServerStoppingError, close_code
from transcripts.live.protocol import Open, ProtocolError
from transcripts.live.socket import LiveSocket, make_request
from transcripts.options import TranscriptionOptions

Message = dict[str, Any]

# A client that renews its connection opens the next before it has closed the last.
OVERLAP_S = 5.0
_OVERLAP_STEP_S = 0.25


@dataclass(frozen=True, slots=True)
class Reply:
    """A message that is sent at once."""

    message: Message


@dataclass(frozen=True, slots=True)
class LateReply:
    """A message of what is known once the commands before it are obeyed."""

    make: Callable[[], Message]


class Close(Enum):
    """There is nothing to finish: no audio came."""

    NORMALLY = "normally"


@dataclass(frozen=True, kw_only=True)
class Handshake:
    """What a handshake brings: the address's parameters, in order; the subprotocol that is
    answered, and the key that the client put there; what a short-lived key configures."""

    query: tuple[tuple[str, str], ...]
    subprotocol: str | None = None
    key: str = ""
    session: Mapping[str, Any]

    def value(self, name: str) -> str:
        """Return the last one of that name, or ""."""
        return dict(self.query).get(name, "")

    def values(self, name: str) -> list[str]:
        return [value for each, value in self.query if each == name]


class SocketDialect(Protocol):
    """One connection's. Its methods return messages in the order in which they are to be sent."""

    def greet(self) -> list[Message]: ...

    def opening(self) -> Open | None:
        """Return what the session is to be opened with at the handshake; None: by a command."""
        ...

    def note_opened(self, transcript_id: str, model: str) -> list[Message]: ...

    def read(self, text: str | None, data: bytes) -> Iterable[Any]:
        """Return commands and `Reply`s; `text` None: a binary frame. Raises ApiError."""
        ...

    def note_finalize(self, position_ms: int) -> list[Message]:
        """All audio so far, up to there, will be final next."""
        ...

    def write(self, event: LiveEvent) -> list[Message]:
        """Return what an event is; of the last ones, too."""
        ...

    def write_error(self, error: ApiError) -> list[Message]:
        """Return what is sent before the connection is closed for it."""
        ...

    def tick(self, accepted_ms: int) -> list[Message]:
        """Return what is due, now and then; `accepted_ms`: how much audio was taken."""
        ...

    @property
    def is_patient(self) -> bool:
        """Whether its client counts as present as long as its connection stands."""
        ...


_TICK_S = 0.25


class VendorSocket(LiveSocket):
    """One connection of a service's client."""

    is_resumable = False
    needs_key = True
    subprotocols: tuple[str, ...] = ()  # the one that is answered, where it is offered
    key_prefix = ""  # of the subprotocol that is a key; else the one behind the answered one is it
    dialect_of: Callable[[Handshake], SocketDialect]
    refusal_of: Callable[[ApiError], dict[str, object]]
    headers_of: Callable[[], list[tuple[bytes, bytes]]] = list

    # From the client.

    async def connect(self) -> None:
        """Raises StopConsumer where the handshake was answered with a refusal."""
        try:
            handshake = self._read_handshake(self.scope)
            self._caller = await in_database(
                identify_live_caller,
                self.scope,
                needed_scope="transcribe",
                offered_key=handshake.key,
            )
            if self.needs_key:
                check_known(self._caller.principal)
            handshake = self._read_handshake(
                self.scope, session=self._caller.principal.live_session
            )
            self._dialect = type(self).dialect_of(handshake)
            await self._admit()
        except ApiError as error:
            await self._refuse_handshake(error)
            raise StopConsumer from None
        await self.accept(handshake.subprotocol, headers=type(self).headers_of())
        await self._deliver(self._dialect.greet())
        if self._session is not None:
            await self._begin_events()
        self._ready.set()
        self.expect_frame()

    async def _admit(self) -> None:
        """Open the session, or see that one may be opened. Raises ApiError."""
        until = time.monotonic() + OVERLAP_S
        while True:
            try:
                opened = self._dialect.opening()
                if opened is not None:
                    await self.open(opened)
                else:
                    some = Open(options=TranscriptionOptions(diarize=False))
                    request = make_request(some, self._caller)
                    await in_database(check_admission, request)
                return
            except LimitError:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(_OVERLAP_STEP_S)

    async def _refuse_handshake(self, error: ApiError) -> None:
        body = json.dumps(type(self).refusal_of(error)).encode()
        own = {name.decode(): value.decode() for name, value in type(self).headers_of()}
        headers = {"content-type": "application/json", **own, **error.headers}
        if "websocket.http.response" not in (self.scope.get("extensions") or {}):
            await self.close()
            return
        await self._send_event(
            {
                "type": "websocket.http.response.start",
                "status": error.status,
                "headers": [
                    (name.lower().encode(), value.encode()) for name, value in headers.items()
                ],
            }
        )
        await self._send_event(
            {"type": "websocket.http.response.body", "body": body, "more_body": False}
        )

    def _read_handshake(
        self, scope: WebSocketScope, *, session: Mapping[str, Any] | None = None
    ) -> Handshake:
        query = tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        answered, key = _read_subprotocols(
            list(scope.get("subprotocols") or ()), self.subprotocols, self.key_prefix
        )
        return Handshake(query=query, subprotocol=answered, key=key, session=session or {})

    def expect_frame(self) -> None:
        if not self._dialect.is_patient:
            super().expect_frame()

    def read_frame(self, text: str | None, data: bytes) -> Iterable[Any]:
        return self._dialect.read(text, data)

    async def obey_other(self, command: Any) -> None:
        if isinstance(command, Reply):
            await self._deliver([command.message])
        elif isinstance(command, LateReply):
            await self._deliver([command.make()])
        elif command is Close.NORMALLY:
            await self.close(NORMAL_CLOSE)
        elif isinstance(command, Open) and self._session is None:
            await self.open(command)
            await self._begin_events()

    async def note_finalize(self, position_ms: int) -> None:
        await self._deliver(self._dialect.note_finalize(position_ms))

    async def _begin_events(self) -> None:
        if self._session is not None:
            ready = self._session.ready
            await self._deliver(self._dialect.note_opened(ready.transcript_id, ready.model))
            self.note_opened()

    # To the client.

    async def send_event(self, event: LiveEvent) -> bool:
        await self._deliver(self._dialect.write(event))
        if isinstance(event, Ended):
            await self.close(NORMAL_CLOSE)
        elif isinstance(event, Failed):
            await self._close_for(event.error)
        return isinstance(event, Ended | Failed)

    async def watch(self) -> None:
        session = await asyncio.shield(self._opened)
        while True:
            await asyncio.sleep(_TICK_S)
            if self._dialect.is_patient:
                session.keep_alive()
            await self._deliver(self._dialect.tick(session.accepted_ms))

    async def note_stopping(self) -> None:
        raise ServerStoppingError(resume_token="")

    async def send_refusal(self, error: ApiError) -> None:
        await self._deliver(self._dialect.write_error(error))
        await self._close_for(error)

    async def _close_for(self, error: ApiError) -> None:
        # A reason of a close has 123 bytes at most.
        await self.close(close_code(error), reason=error.code)

    async def _deliver(self, messages: Iterable[Message]) -> None:
        await self.send_texts([json.dumps(each, ensure_ascii=False) for each in messages])


def read_object(text: str) -> dict[str, Any]:
    """Return a text frame's JSON object. Raises ProtocolError."""
    try:
        frame = parse_json(text)
    except StrictJsonError as error:
        message = f"A text frame must be a JSON object: {error}."
        raise ProtocolError(message, code="invalid_json") from None
    if not isinstance(frame, dict):
        raise ProtocolError("A text frame must be a JSON object.", code="invalid_json")
    return frame


def request_id() -> str:
    """Return the connection's id, as our log has it."""
    return request_id_var.get()


def _read_subprotocols(
    offered: list[str], answered: tuple[str, ...], key_prefix: str
) -> tuple[str | None, str]:
    """Return which one is answered, and the key among the others, or ""."""
    found = next((each for each in offered if each.lower() in answered), None)
    if found is None:
        return None, ""
    others = [each for each in offered if each != found]
    if key_prefix:
        others = [each for each in others if each.startswith(key_prefix)]
    return found, others[0].removeprefix(key_prefix) if others else ""
