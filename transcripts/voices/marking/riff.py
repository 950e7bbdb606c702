"""WAV files: written with a LIST INFO chunk that names the maker, and read again.

RIFF WAVE, 16-bit PCM, mono (Multimedia Programming Interface 1.0, IBM and Microsoft 1991).
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

SOFTWARE = "Open STT"
COMMENT = "AI-generated speech"
_HEADER_BYTES = 44
_SAMPLE_BYTES = 2
_MOST_CHUNKS = 1000


class NotWavError(ValueError):
    """The file is no RIFF WAVE."""


class WavWriter:
    """Writes a file chunk by chunk; its sizes and its LIST chunk are added on leaving the block.

    What is interrupted by an exception is left without them, for its caller to delete.
    """

    def __init__(self, path: Path, *, sample_rate_hz: int) -> None:
        self._path = path
        self._rate_hz = sample_rate_hz
        self._file: BinaryIO | None = None
        self.samples = 0

    def __enter__(self) -> Self:
        self._file = self._path.open("wb")
        self._file.write(bytes(_HEADER_BYTES))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        file = self._opened()
        if kind is None:
            self._finish(file)
        file.close()

    @property
    def duration_ms(self) -> int:
        return 1000 * self.samples // self._rate_hz

    def write(self, pcm: bytes) -> None:
        """pcm: int16 little-endian, mono."""
        self._opened().write(pcm)
        self.samples += len(pcm) // _SAMPLE_BYTES

    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise RuntimeError("The file is not open.")
        return self._file

    def _finish(self, file: BinaryIO) -> None:
        info = _info_chunk({b"ISFT": SOFTWARE, b"ICMT": COMMENT})
        file.write(info)
        data_bytes = self.samples * _SAMPLE_BYTES
        file.seek(0)
        file.write(
            struct.pack(
                "<4sI4s4sIHHIIHH4sI",
                *(b"RIFF", _HEADER_BYTES - 8 + data_bytes + len(info), b"WAVE", b"fmt ", 16),
                *(1, 1, self._rate_hz, self._rate_hz * _SAMPLE_BYTES, _SAMPLE_BYTES, 16),
                *(b"data", data_bytes),
            )
        )


@dataclass(frozen=True)
class WavFacts:
    """`info`: of the LIST INFO chunk, by its four-letter names."""

    info: dict[str, str]

    @property
    def is_marked(self) -> bool:
        return self.info.get("ISFT") == SOFTWARE and self.info.get("ICMT") == COMMENT


def read_wav(path: Path) -> WavFacts:
    """Read the chunks' heads, and the INFO. Raises NotWavError, OSError."""
    info: dict[str, str] = {}
    with path.open("rb") as file:
        if file.read(4) != b"RIFF" or file.read(8)[4:] != b"WAVE":
            raise NotWavError("The file is no WAV.")
        for _ in range(_MOST_CHUNKS):
            head = file.read(8)
            if len(head) < 8:
                break
            name, size = head[:4], int.from_bytes(head[4:], "little")
            if name == b"LIST" and size < 65_536:
                info |= _parse_info(file.read(size))
                file.seek(size & 1, 1)
            else:
                file.seek(size + (size & 1), 1)
    return WavFacts(info)


def _info_chunk(entries: dict[bytes, str]) -> bytes:
    body = b"INFO"
    for name, text in entries.items():
        value = text.encode("ascii") + b"\0"
        body += name + len(value).to_bytes(4, "little") + value + b"\0" * (len(value) & 1)
    return b"LIST" + len(body).to_bytes(4, "little") + body


def _parse_info(body: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    if body[:4] != b"INFO":
        return found
    place = 4
    while place + 8 <= len(body):
        size = int.from_bytes(body[place + 4 : place + 8], "little")
        value = body[place + 8 : place + 8 + size].rstrip(b"\0")
        found[body[place : place + 4].decode("latin-1")] = value.decode("utf-8", "replace")
        place += 8 + size + (size & 1)
    return found
