"""A multipart body in pieces in, an upload on disk out.

Without HTTP: `core.asgi.upload_layer` feeds it in a thread. A body is parsed as it arrives
(python-multipart, a push parser); the file goes straight to `<folder>/recording`, is hashed on the
way, and is never in memory as a whole. Raises `core.uploads`' errors.
"""

import contextlib
import hashlib
import re
import shutil
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Self
from urllib.parse import parse_qs, unquote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from stt_web.core.strict_json import find_unstorable
from stt_web.core.unicode import normalize
from stt_web.core.upload_errors import (
    StorageFullError,
    UploadError,
    UploadLostError,
    UploadTooLargeError,
)
from stt_web.core.uploads import DISK_IS_FULL, Upload

MAX_PARTS = 33  # 32 fields and a file
MAX_FIELD_BYTES = 64 * 1024  # all fields of a form together
# Of one part, its boundary's line included; a file's name is the longest that browsers send.
MAX_PART_HEADER_BYTES = 16 * 1024
MAX_PART_HEADER_LINES = 16
FILE_FIELD = "file"
_MAX_NAME_CHARACTERS = 255
_MAX_PARAMETERS = 64  # of a part; semicolons in a file's name count, too
_FALSE = ("false", "0", "no", "off")
# WAV of a size that isn't known yet, as streams have it: PCM, 1 channel, 16 kHz, int16.
WAV_HEADER = (
    b"RIFF\xff\xff\xff\xffWAVEfmt "
    + struct.pack("<IHHIIHH", 16, 1, 1, 16_000, 32_000, 2, 16)
    + b"data\xff\xff\xff\xff"
)
_EXTENDED_NAME = re.compile(r"filename\*\s*=\s*utf-8''([^;\s]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class UploadForm:
    """What a path's form looks like. `most_bytes`: of its file, where that is less than the
    account's; 0: as the account. `takes_url`: a field `url` may stand in for the file. `is_raw`: it
    is no form, the body is the file (`core.raw_reader`).

    `pcm_parameter`: of the query; where it is false, the file is headerless PCM (int16 LE, mono,
    16 kHz), and gets a header. `pcm_bytes`: as much of that is stored; 0: all.
    """

    file_field: str = FILE_FIELD
    is_file_required: bool = True
    most_bytes: int = 0
    takes_url: bool = False
    is_raw: bool = False
    pcm_parameter: str = ""
    pcm_bytes: int = 0
    is_pcm: bool = False

    def with_query(self, query: str) -> Self:
        """Return it as a request with this query means it."""
        if not self.pcm_parameter:
            return self
        values = parse_qs(query).get(self.pcm_parameter, [""])
        return replace(self, is_pcm=values[-1].strip().lower() in _FALSE)

    def limit_bytes(self, account_bytes: int) -> int:
        """Return the limit for the file; 0: none."""
        return min(filter(None, (self.most_bytes, account_bytes)), default=0)


class UploadReader:
    """Parses one body. Feed it from one thread at a time; then `finish`, or `abandon`.

    **Race.** `_receive_upload` abandons where the client hung up, while a thread may still
    feed: in either order, nothing is left behind.

    `limit_bytes` bounds the file, 0 means no limit.
    `open_file` is `Path.open` but for tests.
    """

    def __init__(
        self,
        folder: Path,
        *,
        boundary: bytes,
        limit_bytes: int,
        form: UploadForm = UploadForm(),  # frozen
        open_file: Callable[[Path], BinaryIO] = lambda path: path.open("xb"),
    ) -> None:
        self._folder = folder
        self._path = folder / "recording"
        self._limit_bytes = limit_bytes
        self._form = form
        self._open_file = open_file
        self._file: BinaryIO | None = None
        self._file_name = ""
        self._digest = hashlib.sha256()
        self._size = 0  # of the file as it comes
        self._stored_bytes = 0
        self._has_file = False
        self._is_ended = False
        self._is_abandoned = False
        self._lock = threading.Lock()
        self._fields: dict[str, str] = {}
        self._lists: dict[str, list[str]] = {}
        self._field_bytes = 0
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._header_bytes = self._header_lines = 0
        self._headers: dict[str, bytes] = {}
        self._names: set[str] = set()
        self._parts = 0
        self._field: tuple[str, bytearray] | None = None
        self._parser = _make_parser(boundary, self)

    def feed(self, data: bytes) -> None:
        """Parse and write the next piece. Raises UploadError and its kin."""
        with self._lock:
            if self._is_abandoned:
                raise UploadLostError
            self._feed(data)

    def finish(self) -> Upload:
        """Return what arrived. Raises UploadError if it is not all there."""
        if not self._is_ended:
            raise UploadError("The body of this request is cut off.")
        is_url = self._form.takes_url and bool(self._fields.get("url", "").strip())
        if self._has_file and is_url:
            raise UploadError(
                "Send either the file or its address (“url”), not both.", code="too_many_files"
            )
        if not self._has_file and self._form.is_file_required and not is_url:
            raise UploadError(
                "No file was sent. Send the recording as the form's file field "
                f"“{self._form.file_field}”.",
                code="missing_file",
            )
        return Upload(
            path=self._path,
            file_name=self._file_name,
            size=self._stored_bytes,
            sha256=self._digest.hexdigest(),
            fields=self._fields,
            has_file=self._has_file,
            lists=self._lists,
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

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.write(data)
        except FormParserError:
            raise UploadError("The body of this request is not well-formed multipart.") from None
        except OSError as error:
            if error.errno in DISK_IS_FULL:
                raise StorageFullError from None
            raise

    def on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise UploadError("The form has too many fields.", code="too_many_fields")
        self._headers = {}
        self._header_bytes = self._header_lines = 0

    def on_header_begin(self) -> None:
        self._header_lines += 1
        self._count_header(0)
        self._header_name.clear()
        self._header_value.clear()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._header_name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._header_value += data[start:end]

    def on_header_end(self) -> None:
        name = self._header_name.decode("latin-1").lower()
        if name in self._headers:
            raise UploadError(f"A part of the form has its header {name[:40]!r} twice.")
        self._headers[name] = bytes(self._header_value)

    def _count_header(self, count_bytes: int) -> None:
        self._header_bytes += count_bytes
        if self._header_bytes > MAX_PART_HEADER_BYTES or self._header_lines > MAX_PART_HEADER_LINES:
            raise UploadError("A part of the form has headers that are too long.")

    def on_headers_finished(self) -> None:
        encoding = self._headers.get("content-transfer-encoding", b"binary").strip().lower()
        if encoding not in (b"binary", b"8bit", b"7bit"):
            raise UploadError("Send the file as it is, without a Content-Transfer-Encoding.")
        name, file_name = _read_disposition(self._headers.get("content-disposition", b""))
        if name in self._names and not _is_list(name):
            raise self._repeated(name, is_file=file_name is not None)
        self._names.add(name)
        if file_name is None:
            self._begin_field(name)
        else:
            self._begin_file(name, file_name)

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._field is not None:
            self._field_bytes += end - start
            if self._field_bytes > MAX_FIELD_BYTES:
                raise UploadError("The form's fields are too long.", code="too_many_fields")
            self._field[1].extend(memoryview(data)[start:end])
        else:
            self._write(memoryview(data)[start:end])

    def on_part_end(self) -> None:
        if self._field is not None:
            name, value = self._field
            text = _read_text(name, value)
            if _is_list(name):
                self._lists.setdefault(name.removesuffix("[]"), []).append(text)
            else:
                self._fields[name] = text
            self._field = None
        elif self._file is not None:
            self._file.close()
            self._file = None

    def on_end(self) -> None:
        self._is_ended = True

    def _begin_field(self, name: str) -> None:
        if name == self._form.file_field:
            raise UploadError(
                f"The field “{name}” was sent as text. Send it as a file (curl: -F {name}=@name).",
                code="missing_file",
            )
        self._field = (name, bytearray())

    def _begin_file(self, name: str, file_name: str) -> None:
        if name != self._form.file_field:
            raise UploadError(
                f"The recording was sent as “{name}”. Send it as the form's file field "
                f"“{self._form.file_field}”.",
                code="missing_file",
            )
        self._has_file = True
        self._file_name = clean_file_name(file_name)
        self._folder.mkdir(parents=True)
        self._file = self._open_file(self._path)
        if self._form.is_pcm:
            self._store(memoryview(WAV_HEADER))

    def _repeated(self, name: str, *, is_file: bool) -> UploadError:
        if name == self._form.file_field and is_file:
            return UploadError("Send one file a request.", code="too_many_files")
        return UploadError(
            f"The form has the field “{name[:40]}” twice. Send each field once.",
            code="repeated_field",
        )

    def _write(self, chunk: memoryview) -> None:
        self._size += len(chunk)
        if self._limit_bytes and self._size > self._limit_bytes:
            raise UploadTooLargeError(self._limit_bytes)
        if self._form.is_pcm and self._form.pcm_bytes:
            excess = max(0, self._size - self._form.pcm_bytes)
            chunk = chunk[: max(0, len(chunk) - excess)]
        self._store(chunk)

    def _store(self, chunk: memoryview) -> None:
        if self._file is not None:
            self._digest.update(chunk)
            self._file.write(chunk)
            self._stored_bytes += len(chunk)


def _is_list(name: str) -> bool:
    """`name[]` may come several times, as clients of other services send lists."""
    return name.endswith("[]")


def read_boundary(content_type: str) -> bytes:
    """Return the boundary of a multipart form. Raises ApiError 415 or 400."""
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise UploadError(
            "Send this as a form, multipart/form-data; a recording in its file field.",
            status=415,
            code="unsupported_media_type",
        )
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:  # RFC 2046, 5.1.1
        raise UploadError("The Content-Type of this request has no usable boundary.")
    return boundary


def clean_file_name(sent: str) -> str:
    """Return the last part of what the client calls its file, printable, at most 255 characters."""
    last = re.split(r"[/\\]", sent)[-1]
    text = normalize("NFC", last)
    printable = "".join(character for character in text if character.isprintable())
    return printable.strip()[-_MAX_NAME_CHARACTERS:]


def _read_text(name: str, value: bytearray) -> str:
    """Return a field's text. Raises UploadError for what is none, or can't be stored."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise UploadError(f"The field “{name[:40]}” is not UTF-8 text.") from None
    problem = find_unstorable(text)
    if problem:
        raise UploadError(f"The field “{name[:40]}” holds {problem}.", code="invalid_value")
    return text


def _make_parser(boundary: bytes, reader: UploadReader) -> MultipartParser:
    return MultipartParser(
        boundary,
        {
            "on_part_begin": reader.on_part_begin,
            "on_part_data": reader.on_part_data,
            "on_part_end": reader.on_part_end,
            "on_header_begin": reader.on_header_begin,
            "on_header_field": reader.on_header_field,
            "on_header_value": reader.on_header_value,
            "on_header_end": reader.on_header_end,
            "on_headers_finished": reader.on_headers_finished,
            "on_end": reader.on_end,
        },
    )


def _read_disposition(header: bytes) -> tuple[str, str | None]:
    """Return a part's name and, if it is a file, its file name."""
    text = header.decode(errors="replace")
    if text.count(";") > _MAX_PARAMETERS:
        raise UploadError("A part of the form has too many parameters.")
    _, options = parse_options_header(header)
    name = options.get(b"name", b"").decode(errors="replace")
    if not name:
        raise UploadError("A part of the form has no name.")
    # Some clients send a name that isn't ASCII in this form only, which RFC 7578 discourages.
    extended = _EXTENDED_NAME.search(text)
    if b"filename" in options:
        return name, options[b"filename"].decode(errors="replace")
    return name, unquote(extended.group(1)) if extended else None
