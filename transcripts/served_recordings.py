"""The recording itself, for a player: GET with byte ranges (RFC 9110, 14).

Read in chunks by a few threads of its own, each for one chunk: a client that is slow, or has
silently disconnected, holds an open file and no thread. The content type is audio or video by what
the recording was found to be, never by its name.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from accounts.lasting import while_allowed
from stt_web.core.errors import ApiError
from transcripts.media.formats import FORMATS
from transcripts.models import Transcript
from transcripts.services.recordings import recording_path

CHUNK_BYTES = 256 * 1024
_readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="audio")
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})\Z", re.IGNORECASE)
# By what `transcripts.media` calls a container.
_MIMES = {entry["name"]: entry["mime"] for entry in FORMATS}
_MIMES |= {"Ogg": "audio/ogg", "MPEG": "video/mpeg", "AIFF": "audio/aiff", "AMR": "audio/amr"}


_VIDEOS = {entry["name"] for entry in FORMATS if entry["video"]} | {"MPEG"}


def is_video(transcript: Transcript) -> bool:
    """Whether its recording may have a picture: by its container, so that some have none."""
    return transcript.recording.container in _VIDEOS


class NoRecordingError(ApiError):
    """Its recording is not kept any more."""

    status = 404
    code = "no_recording"

    def __init__(self) -> None:
        super().__init__("The recording of this transcript is not kept any more.")


class UnsatisfiableRangeError(ApiError):
    """The range lies outside the recording."""

    status = 416
    code = "range_not_satisfiable"

    def __init__(self, size: int) -> None:
        super().__init__(
            f"The recording has {size} bytes.", headers={"Content-Range": f"bytes */{size}"}
        )


@dataclass(frozen=True)
class ServedRecording:
    path: Path
    size: int  # bytes
    mime: str
    etag: str


def find_recording(transcript: Transcript) -> ServedRecording:
    """Return where it lies. Raises NoRecordingError. No query; one access to the disk."""
    path = recording_path(transcript)
    try:
        size = path.stat().st_size if transcript.recording.path else 0
    except OSError:
        raise NoRecordingError from None
    if not size:
        raise NoRecordingError
    mime = _MIMES.get(transcript.recording.container, "application/octet-stream")
    # A recording never changes, so its transcript's id and its size distinguish it from any other.
    return ServedRecording(path, size, mime=mime, etag=f'"{transcript.pk.hex}-{size:x}"')


def answer_recording(
    request: HttpRequest, recording: ServedRecording, *, is_allowed: Callable[[], bool]
) -> HttpResponseBase:
    """Return 200, 206 or 304; HEAD the same without a body. Raises UnsatisfiableRangeError.

    `is_allowed`: checked while the body is sent, which ends early where it returns False.
    """
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": recording.etag,
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    if recording.etag in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers=headers)
    start, end = 0, recording.size - 1
    status = 200
    if request.method == "GET" and _is_range_meant(request, recording):
        wanted = read_range(request.headers["Range"], size=recording.size)
        if wanted is not None:
            start, end = wanted
            status = 206
            headers["Content-Range"] = f"bytes {start}-{end}/{recording.size}"
    headers |= {"Content-Type": recording.mime, "Content-Length": str(end - start + 1)}
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=headers)
    chunks = _read(recording.path, start=start, length=end - start + 1)
    body = while_allowed(chunks, is_allowed)
    return StreamingHttpResponse(body, status=status, headers=headers)


def read_range(header: str, *, size: int) -> tuple[int, int] | None:
    """Return first and last byte; None for what may be ignored: other units, several ranges, and
    what is no range. Raises UnsatisfiableRangeError.
    """
    match = _RANGE.match(header.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:  # the last so many bytes
        length = int(match[2])
        if length == 0:
            raise UnsatisfiableRangeError(size)
        return max(0, size - length), size - 1
    start = int(match[1])
    end = int(match[2]) if match[2] else size - 1
    if match[2] and end < start:
        return None
    if start >= size:
        raise UnsatisfiableRangeError(size)
    return start, min(end, size - 1)


def _is_range_meant(request: HttpRequest, recording: ServedRecording) -> bool:
    """Whether a range is asked for, of this very recording (If-Range)."""
    known = request.headers.get("If-Range", recording.etag)
    return "Range" in request.headers and known == recording.etag


async def _read(path: Path, *, start: int, length: int) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    file = await loop.run_in_executor(_readers, _open, path, start)
    try:
        while length > 0:
            chunk = await loop.run_in_executor(_readers, file.read, min(CHUNK_BYTES, length))
            if not chunk:
                return  # cut short since: the client notices by the declared length
            length -= len(chunk)
            yield chunk
    finally:
        file.close()


def _open(path: Path, start: int) -> BinaryIO:
    file = path.open("rb")
    file.seek(start, os.SEEK_SET)
    return file
