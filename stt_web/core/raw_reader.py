"""A body that is the recording itself in pieces in, an upload on disk out.

As `core.upload_reader` for forms: fed in a thread, never in memory as a whole. Where the path takes
an address, too, a body of JSON holds that (`{"url": …}`).
"""

import contextlib
import hashlib
import shutil
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

from python_multipart.multipart import parse_options_header

from stt_web.core.strict_json import StrictJsonError, parse_json
from stt_web.core.upload_errors import (
    StorageFullError,
    UploadError,
    UploadLostError,
    UploadTooLargeError,
)
from stt_web.core.upload_reader import MAX_FIELD_BYTES, UploadForm, UploadReader, read_boundary
from stt_web.core.uploads import DISK_IS_FULL, Upload


class BodyReader(Protocol):
    def feed(self, data: bytes) -> None: ...

    def finish(self) -> Upload: ...

    def abandon(self) -> None: ...


class MakeReader(Protocol):
    def __call__(self, folder: Path, *, limit_bytes: int) -> BodyReader: ...


def choose_reader(form: UploadForm, content_type: str) -> MakeReader:
    """Return what reads such a body. Raises ApiError 415 or 400."""
    if not form.is_raw:
        return partial(UploadReader, boundary=read_boundary(content_type), form=form)
    kind, _ = parse_options_header(content_type)
    if kind == b"multipart/form-data":
        raise UploadError(
            "Send the recording itself as the body of this request, not as a form.",
            status=415,
            code="unsupported_media_type",
        )
    if form.takes_url and kind == b"application/json":
        return AddressReader
    return RawReader


class RawReader:
    """`limit_bytes` bounds the body, 0 means no limit. `open_file` is `Path.open` but for tests.

    **Race.** As `UploadReader`'s: it may be abandoned while a thread feeds.
    """

    def __init__(
        self,
        folder: Path,
        *,
        limit_bytes: int,
        open_file: Callable[[Path], BinaryIO] = lambda path: path.open("xb"),
    ) -> None:
        self._folder = folder
        self._path = folder / "recording"
        self._limit_bytes = limit_bytes
        self._open_file = open_file
        self._file: BinaryIO | None = None
        self._digest = hashlib.sha256()
        self._size = 0
        self._is_abandoned = False
        self._lock = threading.Lock()

    def feed(self, data: bytes) -> None:
        """Write the next piece. Raises UploadError and its kin."""
        with self._lock:
            if self._is_abandoned:
                raise UploadLostError
            self._size += len(data)
            if self._limit_bytes and self._size > self._limit_bytes:
                raise UploadTooLargeError(self._limit_bytes)
            self._digest.update(data)
            try:
                self._write(data)
            except OSError as error:
                if error.errno in DISK_IS_FULL:
                    raise StorageFullError from None
                raise

    def finish(self) -> Upload:
        """Return what arrived. Raises UploadError where that is nothing."""
        if self._file is None or not self._size:
            raise UploadError(
                "No file was sent. Send the recording itself as the body of this request.",
                code="missing_file",
            )
        self._file.close()
        self._file = None
        return Upload(
            path=self._path,
            file_name="",
            size=self._size,
            sha256=self._digest.hexdigest(),
            fields={},
        )

    def abandon(self) -> None:
        """Remove all traces. May be called at any time, also twice."""
        with self._lock:
            self._is_abandoned = True
            if self._file is not None:
                with contextlib.suppress(OSError):  # what can't be flushed is deleted anyway
                    self._file.close()
                self._file = None
            shutil.rmtree(self._folder, ignore_errors=True)

    def _write(self, data: bytes) -> None:
        if not data:
            return
        if self._file is None:
            self._folder.mkdir(parents=True)
            self._file = self._open_file(self._path)
        self._file.write(data)


class AddressReader:
    """Of the JSON, `url` is the upload's one field; nothing comes to the disk."""

    def __init__(self, folder: Path, *, limit_bytes: int) -> None:
        self._body = bytearray()

    def feed(self, data: bytes) -> None:
        """Raises UploadError for a body that holds more than an address."""
        self._body += data
        if len(self._body) > MAX_FIELD_BYTES:
            raise UploadError("The JSON of this request is too long.", code="too_many_fields")

    def finish(self) -> Upload:
        """Raises UploadError where there is no address."""
        try:
            sent = parse_json(self._body.decode())
        except (UnicodeDecodeError, StrictJsonError) as error:
            raise UploadError(f"The body is not valid JSON: {error}.") from None
        url = sent.get("url") if isinstance(sent, dict) else None
        if not isinstance(url, str) or not url.strip():
            message = "Send the recording's address in this JSON, as “url”."
            raise UploadError(message, code="missing_file")
        return Upload.of_url(url.strip())

    def abandon(self) -> None:
        """There are no traces."""
