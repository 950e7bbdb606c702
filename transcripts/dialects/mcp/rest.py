"""Requests to our own REST surface, within the process, with the key of the message that is served.

They take the whole way that a request from outside takes, from the ingest on.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlencode

import anyio
from mcp.server.mcpserver.exceptions import ToolError

from stt_web.core.asgi.messages import (
    ASGI3Application,
    ASGIReceiveEvent,
    ASGISendEvent,
    HTTPScope,
    find_header,
)

# What goes on of a message's headers: who asks and from where. The rest is about the message.
_FORWARDED = (b"authorization", b"host", b"user-agent", b"x-forwarded-for", b"x-forwarded-proto")
_MOST_BYTES = 64 * 1024 * 1024
_LEAVES_WITHIN_S = 5.0
_JSON = "application/json"
_EVENTS = "text/event-stream"


class RestError(ToolError):
    """What REST refused, as a model reads it: the sentence and the code."""

    def __init__(self, answer: "RestAnswer") -> None:
        body = answer.read_error()
        self.status = answer.status
        self.code = str(body.get("code", "error"))
        facts = [f"code: {self.code}", f"status: {self.status}"]
        if retry_after := answer.headers.get("retry-after"):
            facts.append(f"try again in {retry_after} s")
        super().__init__(f"{body.get('error', 'The request failed.')} ({', '.join(facts)})")


@dataclass(frozen=True)
class RestAnswer:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    def read_error(self) -> dict[str, Any]:
        try:
            body = json.loads(self.body)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}


@dataclass(frozen=True)
class RestEvent:
    name: str
    data: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class RestBody:
    content: bytes = b""
    content_type: str = ""

    @classmethod
    def of_json(cls, fields: Mapping[str, Any]) -> "RestBody":
        sent = {name: value for name, value in fields.items() if value not in (None, "")}
        return cls(content=json.dumps(sent).encode(), content_type=_JSON)

    @classmethod
    def of_form(cls, fields: Mapping[str, str]) -> "RestBody":
        """Return multipart/form-data; empty fields are left out."""
        boundary = secrets.token_hex(16)
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
            if value
        ]
        content = "".join([*parts, f"--{boundary}--\r\n"]).encode()
        return cls(content=content, content_type=f"multipart/form-data; boundary={boundary}")


_NOTHING = RestBody()


@dataclass
class _Exchange:
    """One request under way: its head, and the chunks of its answer as they come."""

    chunks: "asyncio.Queue[ASGISendEvent | None]" = field(
        default_factory=lambda: asyncio.Queue(maxsize=8)
    )
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    async def read_head(self) -> None:
        message = await self.chunks.get()
        if message is None or message["type"] != "http.response.start":
            raise ToolError("The server did not answer this request.")
        self.status = message["status"]
        self.headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in message["headers"]
        }

    async def read_body(self) -> AsyncIterator[bytes]:
        while (message := await self.chunks.get()) is not None:
            if message["type"] != "http.response.body":
                continue
            yield message["body"]
            if not message["more_body"]:
                return

    async def read_whole(self) -> RestAnswer:
        """Raises ToolError for what is too large for an answer of a tool."""
        body = bytearray()
        async for chunk in self.read_body():
            body += chunk
            if len(body) > _MOST_BYTES:
                raise ToolError("This is too large to be sent here: take it from the REST API.")
        return RestAnswer(self.status, self.headers, bytes(body))


class RestClient:
    """REST for one message: `app` from the ingest on, `scope` the message's own."""

    def __init__(self, app: ASGI3Application, scope: HTTPScope) -> None:
        self._app = app
        self._scope = scope

    async def get(self, path: str, **query: object) -> Any:
        """Return the JSON of an answer. Raises RestError."""
        return json.loads((await self.fetch(path, **query)).body)

    async def fetch(self, path: str, **query: object) -> RestAnswer:
        """Return an answer that went well. Raises RestError."""
        return await self._request("GET", path, query=query)

    async def post(self, path: str, body: RestBody, *, idempotency_key: str = "") -> Any:
        """Return the JSON of an answer. Raises RestError."""
        answer = await self._request("POST", path, body=body, idempotency_key=idempotency_key)
        return json.loads(answer.body)

    @asynccontextmanager
    async def stream(
        self, path: str, *, body: RestBody | None = None, **query: object
    ) -> AsyncIterator[AsyncIterator[RestEvent]]:
        """Have the server-sent events of an answer, within the block. Raises RestError."""
        method = "GET" if body is None else "POST"
        headers = {b"accept": _EVENTS}
        async with self._open(method, path, query, headers, body or _NOTHING) as exchange:
            if exchange.status != 200:
                raise RestError(await exchange.read_whole())
            yield _read_events(exchange.read_body())

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: RestBody = _NOTHING,
        idempotency_key: str = "",
    ) -> RestAnswer:
        headers = {b"accept": "*/*", b"idempotency-key": idempotency_key}
        async with self._open(method, path, query or {}, headers, body) as exchange:
            answer = await exchange.read_whole()
        if answer.status >= 400:
            raise RestError(answer)
        return answer

    @asynccontextmanager
    async def _open(
        self,
        method: str,
        path: str,
        query: Mapping[str, object],
        headers: Mapping[bytes, str],
        body: RestBody,
    ) -> AsyncIterator[_Exchange]:
        """Begin a request and have its head; it is ended, as by a client that leaves, at the end
        of the block."""
        exchange, has_left = _Exchange(), asyncio.Event()
        unsent = [body.content]

        async def receive() -> ASGIReceiveEvent:
            if unsent:
                return {"type": "http.request", "body": unsent.pop(), "more_body": False}
            await has_left.wait()
            return {"type": "http.disconnect"}

        async def send(message: ASGISendEvent | None) -> None:
            if not has_left.is_set():
                await exchange.chunks.put(message)

        async def serve() -> None:
            made = self._make_scope(method, path, query, headers, body)
            try:
                await self._app(made, receive, send)
            finally:
                await send(None)

        serving = asyncio.create_task(serve())
        try:
            await exchange.read_head()
            yield exchange
        finally:
            has_left.set()
            while not exchange.chunks.empty():  # it may wait for room in there
                exchange.chunks.get_nowait()
            # Not cancelled: what Django has begun for the request, it ends as it leaves.
            with anyio.CancelScope(shield=True):
                await asyncio.wait({serving}, timeout=_LEAVES_WITHIN_S)
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    def _make_scope(
        self,
        method: str,
        path: str,
        query: Mapping[str, object],
        headers: Mapping[bytes, str],
        body: RestBody,
    ) -> HTTPScope:
        own = {
            **{name: find_header(self._scope, name) for name in _FORWARDED},
            **headers,
            b"content-type": body.content_type,
            b"content-length": str(len(body.content)) if body.content else "",
        }
        sent = {name: value for name, value in query.items() if value not in (None, "")}
        made = {
            **self._scope,
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": urlencode(sent).encode(),
            "headers": [(name, value.encode("latin-1")) for name, value in own.items() if value],
        }
        return cast("HTTPScope", made)


async def _read_events(chunks: AsyncIterator[bytes]) -> AsyncIterator[RestEvent]:
    """Yield the events of a stream of ours: `event`, `id` and one line of `data` each."""
    held = b""
    async for chunk in chunks:
        *whole, held = (held + chunk).split(b"\n\n")
        for block in whole:
            lines = dict(
                line.split(": ", 1) for line in block.decode().splitlines() if ": " in line
            )
            if "data" in lines and "event" in lines:
                yield RestEvent(lines["event"], json.loads(lines["data"]))
