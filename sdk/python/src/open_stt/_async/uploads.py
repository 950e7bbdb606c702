"""Uploads that go on where they were cut (asyncio): tus 1.0 on `/v1/uploads`, part by part.

A part is held in memory until the server has stored it, so that a pipe can be sent as well.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from open_stt._async.primitives import read, sleep
from open_stt._async.transport import Transport
from open_stt.calls import Call, Reply
from open_stt.errors import (
    ConflictError,
    ConnectionFailedError,
    RateLimitError,
    ServerError,
    STTError,
)
from open_stt.policy import Deadline, wait_before_retry
from open_stt.recordings import Recording

PART_BYTES = 16 * 1024 * 1024
_VERSION = {"Tus-Resumable": "1.0.0"}
# Failures in a row without a byte more on the server.
_MOST_FAILURES = 6


@dataclass(frozen=True)
class _Part:
    """`names_length`: the length of the whole wasn't known before its last part."""

    offset: int
    content: bytes
    is_last: bool
    names_length: bool

    def headers(self, sent: int) -> dict[str, str]:
        headers = {
            **_VERSION,
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(self.offset + sent),
        }
        if self.is_last and self.names_length:
            headers["Upload-Length"] = str(self.offset + len(self.content))
        return headers


async def upload(
    transport: Transport,
    recording: Recording,
    options: Mapping[str, str],
    *,
    on_sent: Callable[[int], None] | None = None,
    part_bytes: int = PART_BYTES,
) -> str:
    """Send a recording and return the id of its transcript. Raises STTError.

    `on_sent` is called with the bytes that the server has stored.
    """
    deadline = Deadline(transport.timeouts.total_s)
    path = await _begin(transport, recording, options, deadline)
    offset = 0
    with recording.open() as file:
        chunk = await read(file, part_bytes)
        while True:
            following = await read(file, part_bytes) if chunk else b""
            is_deferred = recording.size_bytes is None
            part = _Part(offset, chunk, is_last=not following, names_length=is_deferred)
            reply = await _send_part(transport, path, part, deadline)
            offset += len(chunk)
            if on_sent is not None:
                on_sent(offset)
            if part.is_last:
                return await _transcript_of(transport, path, reply)
            chunk = following


async def _begin(
    transport: Transport, recording: Recording, options: Mapping[str, str], deadline: Deadline
) -> str:
    """Return the new upload's path."""
    metadata = {"filename": recording.name, **options}
    known = recording.size_bytes
    length = {"Upload-Defer-Length": "1"} if known is None else {"Upload-Length": str(known)}
    headers = {**_VERSION, **length, "Upload-Metadata": _encode(metadata)}
    call = Call("POST", "/v1/uploads", headers=headers, is_idempotent=True)
    reply = await transport.send(call, deadline=deadline)
    # Of the address only the path: it is this server's, however it is reached.
    return "/v1/uploads/" + urlsplit(reply.headers["location"]).path.rstrip("/").rpartition("/")[2]


async def _send_part(transport: Transport, path: str, part: _Part, deadline: Deadline) -> Reply:
    """Send a part to its end, from wherever the server has it; the last one until it counts."""
    sent = failures = 0
    while True:
        call = Call("PATCH", path, content=part.content[sent:], headers=part.headers(sent))
        try:
            return await transport.send_once(call, deadline=deadline)
        except (ConnectionFailedError, ConflictError, RateLimitError, ServerError) as error:
            failures += 1
            wait = wait_before_retry(failures, requested_s=error.retry_after)
            if failures >= _MOST_FAILURES or wait is None:
                raise
        await sleep(wait)
        head = await transport.send(Call("HEAD", path, headers=_VERSION), deadline=deadline)
        stored = int(head.headers["upload-offset"]) - part.offset
        if not 0 <= stored <= len(part.content):
            raise STTError("The server has lost, or received from elsewhere, a part of the upload.")
        if "x-transcript-id" in head.headers or (stored == len(part.content) and not part.is_last):
            return head
        failures = 0 if stored > sent else failures
        sent = stored


async def _transcript_of(transport: Transport, path: str, reply: Reply) -> str:
    """Return the id that the last part was answered with, or that HEAD has."""
    if "x-transcript-id" not in reply.headers:
        reply = await transport.send(Call("HEAD", path, headers=_VERSION))
    transcript_id = reply.headers.get("x-transcript-id")
    if transcript_id is None:
        raise STTError("The recording was stored, but its transcription hasn't begun.")
    return transcript_id


def _encode(metadata: Mapping[str, str]) -> str:
    pairs = ((name, base64.b64encode(value.encode()).decode()) for name, value in metadata.items())
    return ",".join(f"{name} {value}" for name, value in pairs)
