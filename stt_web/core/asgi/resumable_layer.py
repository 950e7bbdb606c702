"""Parts of resumable uploads (tus 1.0, PATCH), before Django sees them: streamed to their file.

An ASGI layer in front of `upload_layer`, whose ideas it shares: who sends is known and the offset
is checked while nothing has been read, a refusal goes out at once, and Django gets an empty body
with `scope["stt.caller"]` and `scope["stt.part"]` once the part is on the disk.

What arrived counts however the request ends: a client that disconnects, or stalls, goes on from the
last byte that was committed.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from asgiref.sync import sync_to_async

from stt_web.core.asgi.messages import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    HTTPScope,
    Scope,
)
from stt_web.core.asgi.upload_layer import (
    ClientDisconnectedError,
    refuse,
    replay,
    without_body,
)
from stt_web.core.errors import ApiError
from stt_web.core.outages import outages_refused
from stt_web.core.upload_errors import StalledError

logger = logging.getLogger(__name__)

_CHUNK_BYTES = 1024 * 1024
_STALLED_AFTER_S = 60.0
# How soon a part notices that another request has taken its upload over.
_CHECK_EVERY_S = 1.0
_WRITERS = 8
TUS_VERSION = {"Tus-Resumable": "1.0.0"}

P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C")


class PartWriter(Protocol):
    """A part of an upload on its way to the file. All of it blocks; one thread at a time."""

    def write(self, data: bytes) -> None:
        """Raises ApiError: too much, or not a recording."""

    def check(self) -> None:
        """Raise ApiError where another request has taken the upload over, or ended it."""

    def finish(self) -> None:
        """Commit what was written. Raises ApiError where its checksum is another."""

    def close(self) -> None:
        """Commit what may be, and let go of the file. Twice does no harm."""


class ResumableLayer(Generic[C]):
    """`identify` and `begin` may block, and raise ApiError. `begin` gets the names of the request's
    headers in lower case."""

    def __init__(
        self,
        app: ASGI3Application,
        *,
        prefix: str,
        identify: Callable[[HTTPScope], C],
        begin: Callable[[C, uuid.UUID, Mapping[str, str]], PartWriter],
    ) -> None:
        self._app = app
        self._prefix = prefix
        self._identify = identify
        self._begin = begin
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="resume")

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        upload_id = self._read_id(scope)
        if scope["type"] != "http" or upload_id is None:
            await self._app(scope, receive, send)
            return
        try:
            await self._take_part(scope, upload_id, receive, send)
        except ClientDisconnectedError:
            logger.info("event=client_disconnected upload_id=%s", upload_id)

    def _read_id(self, scope: Scope) -> uuid.UUID | None:
        if scope["type"] != "http" or scope["method"] != "PATCH":
            return None
        path = scope["path"]
        try:
            return uuid.UUID(path.removeprefix(self._prefix)) if self._prefix in path else None
        except ValueError:
            return None

    async def _take_part(
        self,
        scope: HTTPScope,
        upload_id: uuid.UUID,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
    ) -> None:
        try:
            with outages_refused():
                caller = await sync_to_async(self._identify)(scope)
                headers = {
                    name.decode("latin-1"): value.decode("latin-1")
                    for name, value in scope["headers"]
                }
                writer = await self._in_thread(self._begin, caller, upload_id, headers)
                try:
                    await self._receive_part(receive, writer)
                finally:
                    # Also where the client has disconnected: what arrived stays.
                    await asyncio.shield(self._in_thread(writer.close))
        except ApiError as error:
            error.headers |= TUS_VERSION
            await refuse(error, receive, send, scope=scope)
            return
        inner = without_body(scope, {"stt.caller": caller, "stt.part": upload_id})
        await self._app(inner, replay(b"", then=receive), send)

    async def _receive_part(self, receive: ASGIReceiveCallable, writer: PartWriter) -> None:
        """Stream the body; reads on only when what came is written."""
        pending = bytearray()
        is_whole = False
        try:
            while not is_whole:
                message = await self._receive(receive, writer, pending)
                if message["type"] != "http.request":
                    raise ClientDisconnectedError
                pending += message["body"]
                is_whole = not message["more_body"]
                if len(pending) >= _CHUNK_BYTES:
                    await self._write(writer, pending)
        except (ClientDisconnectedError, StalledError, asyncio.CancelledError):
            await asyncio.shield(self._write(writer, pending))
            raise
        await self._write(writer, pending)
        await self._in_thread(writer.finish)

    async def _write(self, writer: PartWriter, pending: bytearray) -> None:
        data = bytes(pending)
        pending.clear()
        await self._in_thread(writer.write, data)

    async def _receive(
        self, receive: ASGIReceiveCallable, writer: PartWriter, pending: bytearray
    ) -> ASGIReceiveEvent:
        """Return the next message. While none comes, what came is written and committed."""
        waiting: asyncio.Task[Any] = asyncio.ensure_future(receive())
        waited_s = 0.0
        try:
            while True:
                await asyncio.wait({waiting}, timeout=_CHECK_EVERY_S)
                if waiting.done():
                    return waiting.result()  # type: ignore[no-any-return]
                waited_s += _CHECK_EVERY_S
                if waited_s >= _STALLED_AFTER_S:
                    raise StalledError("Nothing more of the request arrived for a minute.")
                await self._write(writer, pending)
                await self._in_thread(writer.check)
        finally:
            waiting.cancel()

    def _in_thread(
        self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> Awaitable[T]:
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._writers, lambda: function(*args, **kwargs))
