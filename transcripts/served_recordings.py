"""The recording itself, for a player: GET with byte ranges (RFC 9110, 14).

Read in chunks by a few threads of its own, each for one chunk: a client that is slow, or has
silently disconnected, holds an open file and no thread. The content type is audio or video by what
the recording was found to be, never by its name.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.conf import settings
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)

from accounts.lasting import while_allowed
from stt_web.core import media_store
from stt_web.core.errors import ApiError
from transcripts.media.formats import FORMATS
from transcripts.models import Transcript
from transcripts.services.recordings import recording_path

CHUNK_BYTES = 256 * 1024
# A disk answers at once; a bucket may take seconds, and holds a thread for as long.
_readers = ThreadPoolExecutor(16 if media_store.is_remote() else 4, thread_name_prefix="audio")
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
    """Return where it lies. Raises NoRecordingError, StorageUnavailableError. No query; one access
    to the storage."""
    path = recording_path(transcript)
    size = media_store.size_of(path) if transcript.recording.path else None
    if not size:
        raise NoRecordingError
    mime = _MIMES.get(transcript.recording.container, "application/octet-stream")
    # A recording never changes, so its transcript's id and its size distinguish it from any other.
    return ServedRecording(path, size, mime=mime, etag=f'"{transcript.pk.hex}-{size:x}"')


def has_recording(transcript: Transcript) -> bool:
    """Whether a page may offer it. Asks the disk, but never a bucket: the page and its text are
    shown while that is away, too."""
    if media_store.is_remote():
        return bool(transcript.recording.path and transcript.recording.size_bytes)
    return bool(transcript.recording.path and media_store.size_of(recording_path(transcript)))


def answer_recording(
    request: HttpRequest,
    recording: ServedRecording,
    *,
    is_allowed: Callable[[], bool],
    disposition: str = "",
) -> HttpResponseBase:
    """Return 200, 206 or 304; HEAD the same without a body. Raises UnsatisfiableRangeError.

    `is_allowed`: checked while the body is sent, which ends early where it returns False. With
    STT_S3_SERVE=redirect GET is answered with 302: to an address that is good for `S3_URL_S`
    whatever becomes of the right, and has `disposition`.
    """
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": recording.etag,
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    if recording.etag in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers=headers)
    if request.method == "GET" and media_store.is_remote() and settings.S3_SERVE == "redirect":
        return _redirect(recording, disposition=disposition)
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


def _redirect(recording: ServedRecording, *, disposition: str) -> HttpResponseBase:
    address = media_store.sign_url(recording.path, mime=recording.mime, disposition=disposition)
    return HttpResponseRedirect(address, headers={"Cache-Control": "no-store"})


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
    file = await loop.run_in_executor(
        _readers, partial(media_store.open_stored, path, start=start, length=length)
    )
    try:
        while length > 0:
            chunk = await loop.run_in_executor(_readers, file.read, min(CHUNK_BYTES, length))
            if not chunk:
                return  # cut short since: the client notices by the declared length
            length -= len(chunk)
            yield chunk
    finally:
        file.close()
