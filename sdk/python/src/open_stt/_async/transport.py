"""Sends calls (asyncio): the key, deadlines, retries, errors, pages, events, downloads."""

from __future__ import annotations

import json
import os
import platform
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from open_stt._async.primitives import chunks_of, sleep
from open_stt.calls import (
    Attempts,
    Call,
    Reply,
    connection_error,
    query_of_next,
    with_idempotency_key,
)
from open_stt.errors import ConnectionFailedError
from open_stt.policy import Deadline, Timeouts
from open_stt.version import VERSION

T = TypeVar("T")
DEFAULT_BASE_URL = "http://127.0.0.1:8000"
_USER_AGENT = f"open-stt-python/{VERSION} (Python {platform.python_version()})"


class Transport:
    def __init__(
        self,
        *,
        api_key: str | None,
        base_url: str | None,
        timeouts: Timeouts,
        retries: int,
        http_client: httpx2.AsyncClient | None,
    ) -> None:
        self.api_key = os.environ.get("STT_API_KEY", "") if api_key is None else api_key
        address = base_url or os.environ.get("STT_BASE_URL") or DEFAULT_BASE_URL
        self.base_url = address.rstrip("/")
        self.timeouts = timeouts
        self._retries = retries
        self._client = http_client or httpx2.AsyncClient()
        self._is_own_client = http_client is None

    async def aclose(self) -> None:
        if self._is_own_client:
            await self._client.aclose()

    async def get(self, kind: type[T], path: str, **params: Any) -> T:
        """Return the JSON of a GET, as a `kind`."""
        return await self.answer(kind, Call("GET", path, params=params))

    async def post(self, kind: type[T], path: str, body: Any = None, **options: Any) -> T:
        """Return the JSON of a POST, as a `kind`. `options` are Call's."""
        return await self.answer(kind, Call("POST", path, body=body, **options))

    async def answer(self, kind: type[T], call: Call) -> T:
        """Return the JSON of a call. Raises STTError."""
        answer: T = (await self.send(call)).json()
        return answer

    async def send(self, call: Call, *, deadline: Deadline | None = None) -> Reply:
        """Return the whole answer. Raises STTError: a refusal, or no answer after the retries."""
        deadline = deadline or Deadline(self.timeouts.total_s)
        call = with_idempotency_key(call, has_key=bool(self.api_key))
        attempts = Attempts(call, retries=self._retries)
        while True:
            try:
                reply = await self._receive(call, deadline)
            except httpx2.TransportError as error:
                wait = attempts.after_failure(error)
            else:
                if 200 <= reply.status < 300 or attempts.is_done_after_all(reply):
                    return reply
                wait = attempts.after_refusal(reply)
            await self._wait(wait, deadline)

    async def send_once(self, call: Call, *, deadline: Deadline) -> Reply:
        """Return the whole answer to the only try. Raises STTError."""
        try:
            reply = await self._receive(call, deadline)
        except httpx2.TransportError as error:
            raise connection_error(error, call) from error
        if not 200 <= reply.status < 300:
            raise reply.error(call)
        return reply

    @asynccontextmanager
    async def stream(
        self, call: Call, *, read_s: float | None = None
    ) -> AsyncIterator[httpx2.Response]:
        """Yield an answer whose body comes bit by bit, `read_s` apart at most."""
        timeouts = self.timeouts
        deadline = Deadline(timeouts.total_s)
        if read_s is not None:
            timeouts = Timeouts(timeouts.connect_s, timeouts.write_s, read_s, timeouts.total_s)
        response = await self._open(call, deadline, timeouts)
        try:
            yield response
        except httpx2.TransportError as error:
            raise connection_error(error, call) from error
        finally:
            await response.aclose()

    async def events(
        self, call: Call, *, read_s: float | None = None
    ) -> AsyncIterator[httpx2.ServerSentEvent]:
        """Yield the events of a stream (Server-Sent Events)."""
        headers = {**call.headers, "Accept": "text/event-stream", "Cache-Control": "no-store"}
        async with self.stream(replace(call, headers=headers), read_s=read_s) as response:
            if response.status_code == 204:
                return
            async for event in httpx2.EventSource(response):
                if event.data:  # else it only names the time of a retry
                    yield event

    async def download(self, call: Call, to: str | os.PathLike[str]) -> Path:
        """Write an answer's body to a file, through a name of its own beside it; flat memory."""
        path = Path(to)
        partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
        try:
            async with self.stream(call) as response:
                with partial.open("wb") as file:
                    async for chunk in response.aiter_bytes():
                        file.write(chunk)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return path

    async def pages(self, path: str, params: Mapping[str, Any]) -> AsyncIterator[Any]:
        """Yield what a list holds, page by page.

        Of `next` only the query is taken: it can't lead to another host or path. What slides
        from one page to the next while they are read is yielded once.
        """
        query: dict[str, Any] | None = dict(params)
        seen: set[str] = set()
        while query is not None:
            page = await self.get(dict[str, Any], path, **query)
            ids = {str(each.get("id")) for each in page["results"] if each.get("id")}
            for each in page["results"]:
                if str(each.get("id")) not in seen:
                    yield each
            following = query_of_next(page["next"])
            query = {**query, **following} if following and following != query else None
            seen = ids

    async def _open(self, call: Call, deadline: Deadline, timeouts: Timeouts) -> httpx2.Response:
        attempts = Attempts(call, retries=self._retries)
        while True:
            try:
                response = await self._try(call, deadline, timeouts)
                if response.is_success:
                    return response
                reply = await read_reply(response, deadline)
            except httpx2.TransportError as error:
                wait = attempts.after_failure(error)
            else:
                wait = attempts.after_refusal(reply)
            await self._wait(wait, deadline)

    async def _receive(self, call: Call, deadline: Deadline) -> Reply:
        return await read_reply(await self._try(call, deadline, self.timeouts), deadline)

    async def _try(self, call: Call, deadline: Deadline, timeouts: Timeouts) -> httpx2.Response:
        content: Any = call.content
        headers = {"User-Agent": _USER_AGENT, **call.all_headers(self.api_key)}
        if call.form is not None:
            content = chunks_of(call.form, deadline.left)
        elif call.body is not None:
            content = json.dumps(call.body).encode()
            headers["Content-Type"] = "application/json"
        try:
            request = self._client.build_request(
                call.method,
                self.base_url + call.path,
                params={name: value for name, value in call.params.items() if value is not None},
                content=content,
                headers=headers,
                timeout=deadline.phases(timeouts),
            )
        except httpx2.InvalidURL as error:
            raise ConnectionFailedError(f"{self.base_url!r} is no address: {error}") from error
        return await self._client.send(request, stream=True, follow_redirects=False)

    async def _wait(self, seconds: float, deadline: Deadline) -> None:
        left = deadline.left()
        await sleep(seconds if left is None else min(seconds, left))
        deadline.left()


async def read_reply(response: httpx2.Response, deadline: Deadline) -> Reply:
    """Read an answer to its end. Raises DeadlineError."""
    content = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            content += chunk
            deadline.left()
    finally:
        await response.aclose()
    return Reply(response.status_code, dict(response.headers), bytes(content))
