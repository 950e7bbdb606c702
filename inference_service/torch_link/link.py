"""Whether the process of the torch engines is there, what it has, and the way to it.

One task asks it every two seconds. Nothing else waits for that: who wants an engine reads the last
answer, and a call under way ends as soon as the process is known to be away, so that a frozen one
costs `FROZEN_AFTER_S` once, not the deadline of every call.

    not_installed   there is no socket: it was never started, or stopped in good order
    down            there is one, and it does not answer
    ok
"""

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import grpc

from inference_service.torch_link.kinds import (
    ALIGNER,
    DIARIZER,
    LICENCES,
    NAMES,
    WATERMARK,
    WAV2VEC2,
)
from protos.stt.v1 import server_pb2, server_pb2_grpc

logger = logging.getLogger(__name__)

OK, DOWN, NOT_INSTALLED = "ok", "down", "not_installed"
INSTALL_HINT = (
    "The torch engines are not installed, or not started: `make run-torch` installs and "
    "starts them."
)
DOWN_HINT = "The process of the torch engines does not answer at the moment; it is started again."

_ASK_EVERY_S = 2.0
# Loading a model may hold the interpreter for seconds; a frozen process never answers.
FROZEN_AFTER_S = 10.0
_MESSAGE_BYTES = 64 << 20
_OPTIONS = (
    ("grpc.max_receive_message_length", _MESSAGE_BYTES),
    ("grpc.max_send_message_length", _MESSAGE_BYTES),
    # After a restart it is tried again soon, however long it was away.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2000),
)
_KNOWN = (
    (WAV2VEC2, ALIGNER),
    ("pyannote-campplus", DIARIZER),
    ("perth", WATERMARK),
)


class Cancellable(Protocol):
    def cancel(self) -> object: ...


@dataclass(frozen=True, slots=True)
class TorchState:
    """The last answer. `engines`: those that are not there as well."""

    state: str = NOT_INSTALLED
    engines: tuple[server_pb2.OptionalEngine, ...] = ()
    languages: frozenset[str] = field(default=frozenset())  # of the aligner, ISO 639-1

    @property
    def hint(self) -> str:
        """A sentence: what to do; empty where it answers."""
        return {OK: "", DOWN: DOWN_HINT}.get(self.state, INSTALL_HINT)


class TorchLink:
    """From `start` to `close`. `state` may be read in any thread."""

    def __init__(
        self,
        socket: Path,
        *,
        ask_every_s: float = _ASK_EVERY_S,
        frozen_after_s: float = FROZEN_AFTER_S,
    ) -> None:
        self._path = socket
        self.target = f"unix:{socket}"
        self._ask_every_s = ask_every_s
        self._frozen_after_s = frozen_after_s
        self._answered_at = time.monotonic()
        self._under_way: set[Cancellable] = set()
        self._lock = threading.Lock()
        self._asking: asyncio.Task[None] | None = None
        self._channel: grpc.aio.Channel | None = None
        self.state = TorchState(engines=_absent(INSTALL_HINT))

    @property
    def is_up(self) -> bool:
        return self.state.state == OK

    def find(self, kind: str) -> list[server_pb2.OptionalEngine]:
        """Return the available engines of a kind, best first."""
        return [each for each in self.state.engines if each.kind == kind and each.available]

    async def start(self) -> None:
        """Ask once, and from then on in the background."""
        self._channel = grpc.aio.insecure_channel(self.target, options=_OPTIONS)
        await self._ask()
        self._asking = asyncio.create_task(self._ask_on(), name="torch-link")

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])
        self._cancel_all()
        if self._channel is not None:
            await self._channel.close()

    @property
    def channel(self) -> grpc.aio.Channel:
        """For calls of the event loop that started it."""
        if self._channel is None:
            raise RuntimeError("The link was not started.")
        return self._channel

    @contextlib.contextmanager
    def watch(self, call: Cancellable) -> Iterator[None]:
        """Have `call` cancelled as soon as the process is known to be away. Any thread."""
        with self._lock:
            self._under_way.add(call)
        try:
            if not self.is_up:
                call.cancel()
            yield
        finally:
            with self._lock:
                self._under_way.discard(call)

    async def _ask_on(self) -> None:
        while True:
            await asyncio.sleep(self._ask_every_s)
            await self._ask()

    async def _ask(self) -> None:
        if not os.path.exists(self._path):  # False where a folder may not be entered
            return self._become(TorchState(NOT_INSTALLED, _absent(INSTALL_HINT)))
        stub = server_pb2_grpc.ServerStub(self.channel)
        try:
            info = await stub.GetInfo(server_pb2.GetInfoRequest(), timeout=self._ask_every_s)
        except grpc.aio.AioRpcError as error:
            is_busy = error.code() is grpc.StatusCode.DEADLINE_EXCEEDED and self.is_up
            if not is_busy or time.monotonic() - self._answered_at > self._frozen_after_s:
                self._become(TorchState(DOWN, _absent(DOWN_HINT)))
            return None
        self._answered_at = time.monotonic()
        engines = tuple(info.optional_engines)
        languages = {
            language
            for engine in engines
            if engine.kind == ALIGNER and engine.available
            for language in engine.languages
        }
        return self._become(TorchState(OK, engines, frozenset(languages)))

    def _become(self, state: TorchState) -> None:
        before, self.state = self.state.state, state
        if before != state.state:
            logger.info("event=torch_engines state=%s before=%s", state.state, before)
        if state.state != OK:
            self._cancel_all()

    def _cancel_all(self) -> None:
        with self._lock:
            under_way = list(self._under_way)
        for call in under_way:
            call.cancel()


def _absent(hint: str) -> tuple[server_pb2.OptionalEngine, ...]:
    return tuple(
        server_pb2.OptionalEngine(
            id=each,
            name=NAMES[each],
            kind=kind,
            install_hint=hint,
            licence=LICENCES.get(each, ""),
        )
        for each, kind in _KNOWN
    )
