"""Request bodies, before Django sees them: limits first, then straight to disk.

Django reads a whole body before any code of ours runs. For the paths that take recordings this
layer goes first: it refuses by key, kind and length while nothing has been read, streams the form,
or the body that is a recording (`core.raw_reader`), to its final place, and hands Django an empty
body with `scope["stt.upload"]` and `scope["stt.caller"]`. An upload that no view has stored by the
end of the request is deleted. All other bodies are small: more than `MAX_PLAIN_BYTES` is refused
too.

**Refusing.** The answer goes out at once and whole (it has a length), but clients such as
`requests` send everything before they read, and a server that closes on unread data resets the
connection, answer and all. So the end of the exchange is held back while a bounded amount is read
and dropped. A client that asked first (`Expect: 100-continue`) never gets `100 Continue`.
"""

import asyncio
import io
import logging
import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, cast

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.utils.translation import gettext_noop

from stt_web.core.asgi.messages import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    HTTPScope,
    Scope,
    find_header,
    send_answer,
)
from stt_web.core.error_responses import answer_request
from stt_web.core.errors import ApiError
from stt_web.core.outages import outages_refused
from stt_web.core.raw_reader import BodyReader, choose_reader
from stt_web.core.upload_errors import BodyTooLargeError, StalledError, UploadTooLargeError
from stt_web.core.upload_reader import MAX_FIELD_BYTES, UploadForm
from stt_web.core.uploads import Upload

logger = logging.getLogger(__name__)

MAX_PLAIN_BYTES = 2 * 1024 * 1024
_TOO_SLOW = gettext_noop("The body of this request took too long to arrive.")
PLAIN_WITHIN_S = 60.0  # for the whole of such a body; 280 kbit/s
# What a form may weigh beside its file.
_FORM_BYTES = MAX_FIELD_BYTES + 64 * 1024
# Written in pieces of this size: a hop to a thread for each of uvicorn's 64 kB would cost more
# than the writing.
_CHUNK_BYTES = 1024 * 1024
_STALLED_AFTER_S = 60.0
_DRAIN_BYTES = 2 * 1024**3
_DRAIN_S = 30.0
_DRAIN_IDLE_S = 3.0
_WRITERS = 8

P = ParamSpec("P")
T = TypeVar("T")


class ClientDisconnectedError(Exception):
    """The client closed the connection before its body was complete."""


class UploadLimits(Protocol):
    @property
    def max_file_bytes(self) -> int: ...


class AdmittedCaller(Protocol):
    """What this layer needs to know of the sender; views get the object itself."""

    @property
    def rate_limit_headers(self) -> Mapping[str, str]: ...

    @property
    def limits(self) -> UploadLimits: ...


C = TypeVar("C", bound=AdmittedCaller)


class UploadLayer(Generic[C]):
    """The ASGI layer in front of Django.

    `upload_paths` take recordings (POST). `media_root` gets one folder an upload. `identify`
    authenticates the sender by the request's head and raises ApiError, `recheck` raises where that
    has ended since; both may block. `forms`: of paths whose form is another than one file, `file`.
    """

    def __init__(
        self,
        app: ASGI3Application,
        *,
        media_root: Path,
        upload_paths: Collection[str],
        identify: Callable[[HTTPScope], C],
        recheck: Callable[[C], None],
        forms: Mapping[str, UploadForm] = MappingProxyType({}),
    ) -> None:
        self._app = app
        self._forms = forms
        self._media_root = media_root
        self._upload_paths = frozenset(upload_paths)
        self._identify = identify
        self._recheck = recheck
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="ingest")

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_upload = scope["path"] in self._upload_paths and scope["method"] == "POST"
        take = self._take_upload if is_upload else self._take_plain
        try:
            await take(scope, receive, send)
        except ClientDisconnectedError:
            logger.info("event=client_disconnected")

    async def _take_upload(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        rate_limit_headers: Mapping[str, str] = {}
        try:
            with outages_refused():
                form = self._forms.get(scope["path"], UploadForm())
                form = form.with_query(scope.get("query_string", b"").decode("latin-1"))
                make_reader = choose_reader(form, find_header(scope, b"content-type"))
                caller = await sync_to_async(self._identify)(scope)
                rate_limit_headers = caller.rate_limit_headers
                limit_bytes = form.limit_bytes(caller.limits.max_file_bytes)
                if limit_bytes and _content_length(scope) > limit_bytes + _FORM_BYTES:
                    raise UploadTooLargeError(limit_bytes)
                reader = make_reader(self._media_root / uuid.uuid4().hex, limit_bytes=limit_bytes)
                upload = await self._receive_upload(receive, reader, limit_bytes=limit_bytes)
                await self._check_again(caller, upload)
        except ApiError as error:
            error.headers = {**rate_limit_headers, **error.headers}
            await refuse(error, receive, send, scope=scope)
            return
        try:
            inner = without_body(scope, {"stt.upload": upload, "stt.caller": caller})
            await self._app(inner, replay(b"", then=receive), send)
        finally:
            # Also where the client has disconnected, while a thread (`uploads.Upload.retain`) may
            # still store the file.
            await asyncio.shield(self._in_thread(upload.end))

    async def _check_again(self, caller: C, upload: Upload) -> None:
        """A body takes minutes: a key that was revoked since starts no charged work."""
        try:
            await sync_to_async(self._recheck)(caller)
        except BaseException:
            await asyncio.shield(self._in_thread(upload.end))
            raise

    async def _receive_upload(
        self, receive: ASGIReceiveCallable, reader: BodyReader, *, limit_bytes: int
    ) -> Upload:
        """Stream the body through `reader`. Reads on only when what came is written: the client
        is slowed down to the speed of the disk.
        """
        body_limit = limit_bytes + _FORM_BYTES if limit_bytes else 0
        pending = bytearray()
        received = 0
        is_whole = False
        try:
            while not is_whole:
                chunk, is_whole = await _receive_chunk(receive)
                received += len(chunk)
                if body_limit and received > body_limit:
                    raise UploadTooLargeError(limit_bytes)
                pending += chunk
                if len(pending) >= _CHUNK_BYTES or is_whole:
                    await self._in_thread(reader.feed, bytes(pending))
                    pending.clear()
            return await self._in_thread(reader.finish)
        except BaseException:  # also a cancellation: nothing may stay behind
            await asyncio.shield(self._in_thread(reader.abandon))
            raise

    async def _take_plain(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if not _has_body(scope):
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(PLAIN_WITHIN_S):
                body = await _receive_plain(receive, declared_bytes=_content_length(scope))
        except TimeoutError:
            await refuse(StalledError(_TOO_SLOW), receive, send, scope=scope)
            return
        except ApiError as error:
            await refuse(error, receive, send, scope=scope)
            return
        await self._app(scope, replay(body, then=receive), send)

    def _in_thread(
        self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> Awaitable[T]:
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._writers, lambda: function(*args, **kwargs))


async def _receive_plain(receive: ASGIReceiveCallable, *, declared_bytes: int) -> bytes:
    """Return the body. Raises ApiError 413 for one that is too large, if possible before."""
    body = bytearray()
    is_whole = False
    while not is_whole:
        if max(declared_bytes, len(body)) > MAX_PLAIN_BYTES:
            raise BodyTooLargeError(
                gettext_noop("The body of this request is too large."),
                extra={"limit_bytes": MAX_PLAIN_BYTES},
            )
        chunk, is_whole = await _receive_chunk(receive)
        body += chunk
    return bytes(body)


async def _receive_chunk(receive: ASGIReceiveCallable) -> tuple[bytes, bool]:
    """Return the next piece of the body, and whether it is the last one."""
    try:
        async with asyncio.timeout(_STALLED_AFTER_S):
            message = await receive()
    except TimeoutError:
        raise StalledError("Nothing more of the request arrived for a minute.") from None
    if message["type"] != "http.request":
        raise ClientDisconnectedError
    return message["body"], not message["more_body"]


async def refuse(
    error: ApiError, receive: ASGIReceiveCallable, send: ASGISendCallable, *, scope: HTTPScope
) -> None:
    answer = answer_request(ASGIRequest(dict(scope), io.BytesIO()), error)
    await send_answer(send, answer, headers=[(b"connection", b"close")], is_last=False)
    await _drain(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _drain(receive: ASGIReceiveCallable) -> None:
    """Read and drop what the client still sends: until its end, a time, an amount, or silence."""
    dropped = 0
    try:
        async with asyncio.timeout(_DRAIN_S):
            while dropped < _DRAIN_BYTES:
                async with asyncio.timeout(_DRAIN_IDLE_S):
                    message = await receive()
                if message["type"] != "http.request" or not message["more_body"]:
                    return
                dropped += len(message["body"])
    except TimeoutError:
        return


def replay(body: bytes, *, then: ASGIReceiveCallable) -> ASGIReceiveCallable:
    """Return a `receive` that gives `body` first; after that, the real one reports the end."""
    waiting = [body]

    async def receive() -> ASGIReceiveEvent:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await then()

    return receive


def without_body(scope: HTTPScope, extra: dict[str, Any]) -> HTTPScope:
    body_headers = {b"content-length", b"content-type", b"transfer-encoding", b"expect"}
    headers = [pair for pair in scope["headers"] if pair[0] not in body_headers]
    return cast("HTTPScope", {**scope, "headers": headers, **extra})


def _content_length(scope: HTTPScope) -> int:
    text = find_header(scope, b"content-length")
    return int(text) if text.isascii() and text.isdigit() else 0


def _has_body(scope: HTTPScope) -> bool:
    return bool(_content_length(scope) or find_header(scope, b"transfer-encoding"))
