"""Where in a file one recording ends and another begins: joined files, chained streams.

FFmpeg reads no further than the first header declares, and the format of a later link of a chained
Ogg stream isn't given to the decoder. So each part is found here, by the structure of its container
alone, and opened by itself. Runs in the child.
"""

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

# A part takes about 2 ms to open. A radio station changes the song some 400 times in 24 hours.
MAX_PARTS: Final = 2_000
# Of top-level boxes or pages: a file of so many has other worries. 24 hours of Ogg are 90,000.
_MAX_STEPS: Final = 3_000_000
_PAGE_HEAD_BYTES: Final = 27 + 255
_SEARCH_BYTES: Final = 1 << 16
_UNKNOWN_SIZE: Final = 0xFFFFFFFF


@dataclass(frozen=True)
class Part:
    """A recording within the file: bytes `start` (included) to `end`."""

    start: int
    end: int


def find_parts(fd: int, *, size_bytes: int) -> tuple[Part, ...]:
    """Return the recordings that the file is made of, in order; mostly one. Reads headers only."""
    starts = [0]
    while len(starts) < MAX_PARTS:
        found = _next_start(fd, starts[-1], size_bytes)
        if found is None:
            break
        starts.append(found)
    return tuple(
        Part(start, end) for start, end in zip(starts, [*starts[1:], size_bytes], strict=True)
    )


class PartFile(io.RawIOBase):
    """One part of an open file, as a file of its own; needs no further descriptor."""

    def __init__(self, fd: int, part: Part) -> None:
        self._fd = fd
        self._part = part
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._part.end - self._part.start - self._position)
        wanted = left if size < 0 else min(size, left)
        found = os.pread(self._fd, wanted, self._part.start + self._position)
        self._position += len(found)
        return found

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        length = self._part.end - self._part.start
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: length}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position


def _next_start(fd: int, start: int, size_bytes: int) -> int | None:
    """Return where the part behind the one at `start` begins."""
    head = os.pread(fd, 16, start)
    for matches, find_end in _KINDS:
        if matches(head):
            end = find_end(fd, start, size_bytes)
            return end if end is not None and _begins_recording(fd, end, size_bytes) else None
    return None


def _begins_recording(fd: int, at: int, size_bytes: int) -> bool:
    head = os.pread(fd, 16, at) if at < size_bytes else b""
    return head.startswith(b"fLaC") or any(matches(head) for matches, _ in _KINDS)


def _riff_end(fd: int, start: int, size_bytes: int) -> int | None:
    """RIFF and AIFF: a tag, the size of the rest, padded to an even number."""
    end, steps = start, 0
    while steps < _MAX_STEPS:
        head = os.pread(fd, 12, end)
        if steps and not (head[:4] == b"RIFF" and head[8:12] == b"AVIX"):
            break  # the further RIFFs of a long AVI belong to it
        declared = int.from_bytes(head[4:8], "big" if head[:4] == b"FORM" else "little")
        if head[:4] == b"RF64":
            declared = int.from_bytes(os.pread(fd, 8, end + 20), "little")
        if declared in (0, _UNKNOWN_SIZE):
            return None
        end += 8 + declared
        steps += 1
    is_padded = end % 2 != start % 2 and not _begins_recording(fd, end, size_bytes)
    return end + 1 if is_padded else end


def _mp4_end(fd: int, start: int, size_bytes: int) -> int | None:
    """A second `ftyp` begins another file."""
    at = start
    for _ in range(_MAX_STEPS):
        head = os.pread(fd, 16, at)
        if len(head) < 8:
            return None
        size, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if kind == b"ftyp" and at > start:
            return at
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        if size < 8 or not kind.isalnum():
            return at if at > start else None
        at += size
        if at >= size_bytes:
            return None
    return None


def _matroska_end(fd: int, start: int, size_bytes: int) -> int | None:
    """An EBML header and a segment, both with their sizes."""
    _, behind = read_element(fd, start)
    segment_bytes, body = read_element(fd, behind) if behind else (None, 0)
    return None if segment_bytes is None else body + segment_bytes


def read_element(fd: int, at: int) -> tuple[int | None, int]:
    """Return the size of an EBML element's body (None: not known), and for a header, where what
    follows it begins; for a segment, where its body begins (RFC 8794)."""
    head = os.pread(fd, 16, at)
    if head[:4] not in (b"\x1aE\xdf\xa3", b"\x18S\x80g") or len(head) < 12:
        return None, 0
    length = 9 - head[4].bit_length()
    if length > 8:
        return None, 0
    size = int.from_bytes(head[4 : 4 + length], "big") - (1 << 7 * length)
    body = at + 4 + length
    if size == (1 << 7 * length) - 1:
        return None, body
    return size, body + size if head[:1] == b"\x1a" else body


def _ogg_end(fd: int, start: int, size_bytes: int) -> int | None:
    """A page that begins a stream, behind pages that don't, begins another link (RFC 3533, 4)."""
    at, has_data = start, False
    for _ in range(_MAX_STEPS):
        head = os.pread(fd, _PAGE_HEAD_BYTES, at)
        if len(head) < 27:
            return None
        if head[:4] != b"OggS":
            at = _find_page(fd, at + 1, size_bytes)
            if at < 0:
                return None
            continue
        begins_stream = bool(head[5] & 2)
        if begins_stream and has_data:
            return at
        has_data = has_data or not begins_stream
        at += 27 + head[26] + sum(head[27 : 27 + head[26]])
    return None


def _find_page(fd: int, at: int, size_bytes: int) -> int:
    while at < size_bytes:
        found = os.pread(fd, _SEARCH_BYTES, at).find(b"OggS")
        if found >= 0:
            return at + found
        at += _SEARCH_BYTES - 3
    return -1


_FindEnd = Callable[[int, int, int], int | None]
_KINDS: Final[tuple[tuple[Callable[[bytes], bool], _FindEnd], ...]] = (
    (lambda head: head.startswith(b"OggS"), _ogg_end),
    (
        lambda head: head[:4] in (b"RIFF", b"RF64") and head[8:12] in (b"WAVE", b"AVI "),
        _riff_end,
    ),
    (lambda head: head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"), _riff_end),
    (lambda head: head[4:8] == b"ftyp", _mp4_end),
    (lambda head: head.startswith(b"\x1aE\xdf\xa3"), _matroska_end),
)
