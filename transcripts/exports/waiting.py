"""An export's file: rendered here, or waited for while a worker makes it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from asgiref.sync import sync_to_async

from stt_web.core import media_store
from stt_web.core.errors import ApiError
from transcripts.exports.options import ExportOptions
from transcripts.exports.render import EXPORTS, export, load_for
from transcripts.exports.worker_exports import (
    describe_export,
    order_export,
)
from transcripts.models import Transcript

_CHUNK_BYTES = 256 * 1024
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 0.5


class UnknownFormatError(ApiError):
    """There is no such format."""

    code = "unknown_format"


def check_format(format_name: str) -> None:
    """Raise ApiError 400 for a format that there isn't."""
    if format_name not in EXPORTS:
        raise UnknownFormatError(
            f"There is no format {format_name[:20]!r}: ask for one of {', '.join(EXPORTS)}."
        )


def render_export(transcript: Transcript, format_name: str, options: ExportOptions) -> bytes:
    """Return the file, rendered here and now. Queries."""
    return export(load_for(format_name, transcript, options), format_name, options)


async def wait_for_export(
    transcript: Transcript, *, format_name: str, options: ExportOptions, timeout_s: float
) -> bytes | None:
    """Return what `wait_for_file` finds, whole."""
    file = await wait_for_file(
        transcript, format_name=format_name, options=options, timeout_s=timeout_s
    )
    return None if file is None else await sync_to_async(_read_whole)(file)


async def wait_for_file(
    transcript: Transcript, *, format_name: str, options: ExportOptions, timeout_s: float
) -> BinaryIO | None:
    """Return what a worker makes, or made, open; None if `timeout_s` went by before. Holds no
    thread.

    Raises ExportFailedError, RedactionFailedError.
    """
    wanted = await sync_to_async(describe_export)(
        transcript, format_name=format_name, options=options
    )
    pause_s = _SHORTEST_PAUSE_S
    try:
        async with asyncio.timeout(timeout_s):
            while not await sync_to_async(media_store.exists)(wanted.path):
                if (failure := await sync_to_async(lambda: wanted.failure)()) is not None:
                    raise failure
                await sync_to_async(order_export)(wanted)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        return await sync_to_async(_open)(wanted.path)
    except (TimeoutError, FileNotFoundError):  # or deleted between the two
        return None


async def read_in_chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    """Yield the file in pieces, and close it."""
    try:
        while chunk := await sync_to_async(file.read)(_CHUNK_BYTES):
            yield chunk
    finally:
        file.close()


def _open(path: Path) -> BinaryIO:
    return media_store.fetch(path).open("rb")


def _read_whole(file: BinaryIO) -> bytes:
    with file:
        return file.read()
