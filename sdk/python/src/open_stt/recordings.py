"""A recording on its way to the server: a file's path, bytes, or an open file."""

from __future__ import annotations

import io
import mimetypes
import os
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO

RecordingSource = str | os.PathLike[str] | bytes | BinaryIO
Fields = Mapping[str, str]
READ_BYTES = 256 * 1024


class Recording:
    """`size_bytes` is None where only reading finds it out (a pipe); it can be opened once then."""

    def __init__(self, source: RecordingSource, *, name: str = "") -> None:
        """Raises FileNotFoundError, IsADirectoryError."""
        self._source = source
        self._start = 0
        self.size_bytes: int | None
        if isinstance(source, bytes):
            self.size_bytes, self.name = len(source), name or "recording"
        elif isinstance(source, (str, os.PathLike)):
            path = Path(source).expanduser()
            if path.is_dir():
                raise IsADirectoryError(f"{path} is a folder.")
            self._source, self.name = path, name or path.name
            self.size_bytes = path.stat().st_size if path.is_file() else None
            path.open("rb").close()  # what can't be read is refused before anything is sent
        else:
            own_name = getattr(source, "name", None)
            own_name = os.path.basename(own_name) if isinstance(own_name, str) else ""
            self.name = name or own_name.strip("<>") or "recording"
            self.size_bytes = self._measure(source)

    @property
    def is_repeatable(self) -> bool:
        return self.size_bytes is not None

    @property
    def content_type(self) -> str:
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    def open(self) -> AbstractContextManager[BinaryIO]:
        """Return it from its beginning. An open file that was passed in stays open."""
        if isinstance(self._source, bytes):
            return io.BytesIO(self._source)
        if isinstance(self._source, (str, os.PathLike)):
            return Path(self._source).open("rb")
        if self.is_repeatable:
            self._source.seek(self._start)
        return nullcontext(self._source)

    def _measure(self, source: BinaryIO) -> int | None:
        try:
            self._start = source.tell()
            end = source.seek(0, os.SEEK_END)
            source.seek(self._start)
        except (OSError, AttributeError, ValueError):
            return None
        return end - self._start


class Form:
    """A multipart/form-data body of fields and one recording, which isn't read yet."""

    def __init__(self, fields: Fields, recording: Recording | None, *, part: str = "file") -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self.recording = recording
        head = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
            f"\r\n\r\n{value}\r\n"
            for name, value in fields.items()
        )
        if recording is not None:
            head += (
                f'--{boundary}\r\nContent-Disposition: form-data; name="{part}";'
                f' filename="{_quoted(recording.name)}"\r\n'
                f"Content-Type: {recording.content_type}\r\n\r\n"
            )
        end = "\r\n" if recording is not None else ""
        self.head = head.encode()
        self.tail = f"{end}--{boundary}--\r\n".encode()

    @property
    def headers(self) -> dict[str, str]:
        size = 0 if self.recording is None else self.recording.size_bytes
        if size is None:
            return {"Content-Type": self.content_type}  # sent in chunks
        length = len(self.head) + size + len(self.tail)
        return {"Content-Type": self.content_type, "Content-Length": str(length)}


def _quoted(name: str) -> str:
    """Return a name as WHATWG HTML (multipart/form-data) escapes it."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
