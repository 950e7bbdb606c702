"""What differs between the clients: waiting, and reading a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import BinaryIO

from open_stt.recordings import READ_BYTES, Form


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def read(file: BinaryIO, size: int) -> bytes:
    """Return up to `size` bytes, less only at the end of the file."""
    parts: list[bytes] = []
    while size and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def chunks_of(form: Form, check: Callable[[], object]) -> Iterator[bytes]:
    """Yield a form's body, the recording read from the disk as it is sent; `check` may stop it
    at each part."""
    yield form.head
    if form.recording is not None:
        with form.recording.open() as file:
            while chunk := read(file, READ_BYTES):
                check()
                yield chunk
    yield form.tail
