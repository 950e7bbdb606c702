"""What differs between the clients: waiting, and reading a file while others go on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import BinaryIO

import anyio
import anyio.to_thread

from open_stt.recordings import READ_BYTES, Form


async def sleep(seconds: float) -> None:
    await anyio.sleep(seconds)


async def read(file: BinaryIO, size: int) -> bytes:
    """Return up to `size` bytes, less only at the end of the file."""
    parts: list[bytes] = []
    while size and (part := await anyio.to_thread.run_sync(file.read, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


async def chunks_of(form: Form, check: Callable[[], object]) -> AsyncIterator[bytes]:
    """Yield a form's body, the recording read from the disk as it is sent; `check` may stop it
    at each part."""
    yield form.head
    if form.recording is not None:
        with form.recording.open() as file:
            while chunk := await read(file, READ_BYTES):
                check()
                yield chunk
    yield form.tail
