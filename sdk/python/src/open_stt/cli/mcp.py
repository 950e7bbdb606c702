"""`stt mcp`: the server's MCP tools on standard input and output, for programs that start a server.

Each line of standard input is a message (JSON-RPC): it goes to the server's `/mcp` with the key, by
Streamable HTTP without sessions, and what comes back is written to standard output, a line each.
Nothing else is written there. A server that is away fails the requests of that time, no more.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx2
import typer

from open_stt.calls import read_object
from open_stt.cli import context as contexts
from open_stt.errors import error_for

PATH = "/mcp"
# A tool that waits for its work reports progress meanwhile; between two reports it may be quiet.
_TIMEOUT = httpx2.Timeout(30.0, read=300.0)
_PARSE_ERROR, _INVALID_REQUEST, _INTERNAL_ERROR = -32700, -32600, -32603
_VERSION = "io.modelcontextprotocol/protocolVersion"
# What messages are about, by their methods; as the protocol of 2026 has it, a header repeats it.
_NAMES = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_CANCELLED = "notifications/cancelled"

Message = dict[str, Any]


def mcp(context: typer.Context) -> None:
    """Serve the server's tools to a program that speaks MCP, on standard input and output."""
    with contexts.of(context).client() as client:
        address, key = client.base_url + PATH, client.api_key
    asyncio.run(_serve(address, key))


async def _serve(address: str, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx2.AsyncClient(headers=headers, timeout=_TIMEOUT) as http:
        await Bridge(http, address, _write_message).run(_read_lines())


class Bridge:
    """`write` gets each message for the client."""

    def __init__(
        self, http: httpx2.AsyncClient, address: str, write: Callable[[Message], None]
    ) -> None:
        self._http = http
        self._address = address
        self._write = write
        self._version = ""  # that a handshake agreed on, in the protocols that have one
        self._asking: dict[str | int, asyncio.Task[None]] = {}

    async def run(self, lines: AsyncIterator[bytes]) -> None:
        """Pass on each line; return once there is none and all requests are answered."""
        async for line in lines:
            if line.strip():
                await self._take(line)
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except ValueError as error:
            self._refuse(None, _PARSE_ERROR, f"This is no JSON: {error}.")
            return
        if not isinstance(message, dict):
            self._refuse(None, _INVALID_REQUEST, "A message must be a JSON object.")
        elif message.get("method") == _CANCELLED:
            self._cancel(message)
        elif "id" in message and "method" in message:
            number = message["id"]
            task = asyncio.create_task(self._ask(message))
            self._asking[number] = task
            task.add_done_callback(lambda _: self._asking.pop(number, None))
        else:
            await self._notify(message)

    def _cancel(self, message: Message) -> None:
        """Hang up: without sessions there is no other way to call a request off."""
        task = self._asking.get((message.get("params") or {}).get("requestId", ""))
        if task is not None:
            task.cancel()

    async def _ask(self, message: Message) -> None:
        number = message["id"]
        try:
            is_answered = await self._exchange(message)
        except httpx2.HTTPError as error:
            reason = str(error) or type(error).__name__
            self._refuse(number, _INTERNAL_ERROR, f"{self._address} can't be reached: {reason}.")
            return
        if not is_answered:
            self._refuse(number, _INTERNAL_ERROR, f"{self._address} ended without an answer.")

    async def _exchange(self, message: Message) -> bool:
        """Pass on what comes back; return whether the answer was among it."""
        is_answered = False
        async with self._post(message) as response:
            if response.is_success and _kind_of(response) == "text/event-stream":
                # A file comes as one event.
                async for event in httpx2.EventSource(response, max_event_size=None):
                    if event.data:
                        is_answered |= self._pass_on(json.loads(event.data), message)
                return is_answered
            body = await response.aread()
        answer = read_object(body)
        if "jsonrpc" not in answer:  # a refusal of the API's
            request_id = response.headers.get("x-request-id", "")
            status = response.status_code
            reason = answer or f"{self._address} answered {status}."
            refusal = error_for(status, reason, request_id=request_id)
            self._refuse(message["id"], _INVALID_REQUEST, str(refusal))
            return True
        return self._pass_on(answer, message)

    def _pass_on(self, received: Message, asked: Message) -> bool:
        """Return whether it is the answer."""
        is_answer = "method" not in received
        if is_answer:
            received["id"] = asked["id"]  # null, where it was refused before that was read
        if is_answer and asked["method"] == "initialize":
            self._version = str(received.get("result", {}).get("protocolVersion", ""))
        self._write(received)
        return is_answer

    async def _notify(self, message: Message) -> None:
        try:
            async with self._post(message):
                pass
        except httpx2.HTTPError as error:  # no one waits for an answer
            sys.stderr.write(f"stt: {self._address} can't be reached: {error}\n")

    def _post(self, message: Message) -> AbstractAsyncContextManager[httpx2.Response]:
        headers = self._headers_of(message)
        return self._http.stream("POST", self._address, json=message, headers=headers)

    def _headers_of(self, message: Message) -> dict[str, str]:
        headers = {"Accept": "application/json, text/event-stream"}
        method = str(message.get("method", ""))
        sent = message.get("params") or {}
        version = (sent.get("_meta") or {}).get(_VERSION)
        if version:
            headers |= {"Mcp-Protocol-Version": _encode(str(version)), "Mcp-Method": method}
            if (name := sent.get(_NAMES.get(method, ""))) is not None:
                headers["Mcp-Name"] = _encode(str(name))
        elif self._version and method != "initialize":
            headers["Mcp-Protocol-Version"] = self._version
        return headers

    def _refuse(self, number: object, code: int, sentence: str) -> None:
        error = {"code": code, "message": sentence}
        self._write({"jsonrpc": "2.0", "id": number, "error": error})


def _encode(value: str) -> str:
    """Return a header's value, as the protocol writes what no header can hold."""
    is_plain = value.isascii() and value.isprintable() and value == value.strip()
    if is_plain and not value.startswith("=?base64?"):
        return value
    return f"=?base64?{base64.b64encode(value.encode()).decode()}?="


def _kind_of(response: httpx2.Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _write_message(message: Message) -> None:
    sys.stdout.buffer.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
    sys.stdout.buffer.flush()


async def _read_lines() -> AsyncIterator[bytes]:
    """Yield the lines of standard input, read in a thread that doesn't hold up the end."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        for line in sys.stdin.buffer:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, b"")

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while line := await lines.get():
        yield line
