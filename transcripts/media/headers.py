"""What the first bytes of a file say of its length, where FFmpeg keeps it to itself."""

import os
import re
from dataclasses import dataclass
from typing import Final

_HEAD_BYTES: Final = 512
_UNKNOWN_SIZE: Final = 0xFFFFFFFF  # what a program writes that streams a WAV file
_MATROSKA: Final = re.compile(r"(\d{1,4}):(\d\d):(\d\d\.\d{1,9})")
# Side information is at most 32 bytes long; the tag of LAME or Fraunhofer follows it.
_FIRST_MP3_FRAME_BYTES: Final = 256
_MP3_LENGTH_TAGS: Final = (b"Xing", b"Info", b"VBRI")


@dataclass(frozen=True)
class Headers:
    """`head`: the first bytes.

    `wav_excess`: how many times longer than it is the header of a WAV file declares it, at least
    1: FFmpeg silently shortens a truncated one. `has_mp3_length`: whether the first frame of an
    MP3 declares a length; without it, FFmpeg guesses one from the bit rate of that frame.
    """

    head: bytes
    is_wav: bool
    wav_excess: float
    has_mp3_length: bool


def read_headers(fd: int) -> Headers:
    head = os.pread(fd, _HEAD_BYTES, 0)
    is_wav = head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE"
    first_frame = os.pread(fd, _FIRST_MP3_FRAME_BYTES, _id3_bytes(head))
    return Headers(
        head=head,
        is_wav=is_wav,
        wav_excess=_wav_excess(head, os.fstat(fd).st_size) if is_wav else 1.0,
        has_mp3_length=any(tag in first_frame for tag in _MP3_LENGTH_TAGS),
    )


def matroska_seconds(text: str) -> float:
    """The duration of one Matroska track, "01:02:03.004", in seconds; 0 where there is none."""
    found = _MATROSKA.fullmatch(text)
    if found is None:
        return 0.0
    hours, minutes, seconds = found.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _wav_excess(head: bytes, size_bytes: int) -> float:
    declared_bytes = int.from_bytes(head[4:8], "little")
    if head[:4] != b"RIFF" or declared_bytes == _UNKNOWN_SIZE:
        return 1.0
    return max(1.0, (declared_bytes + 8) / size_bytes)


def _id3_bytes(head: bytes) -> int:
    """The size of the ID3v2 tag that the file begins with: 28 bits in 4 bytes (id3.org, 3.1)."""
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    size_bytes = 0
    for byte in head[6:10]:
        size_bytes = size_bytes << 7 | (byte & 0x7F)
    return 10 + size_bytes
