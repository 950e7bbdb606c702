"""The length in the first bytes of a file, where FFmpeg doesn't report it."""

import os
import re
from dataclasses import dataclass
from typing import Final

from transcripts.media.parts import read_element

_HEAD_BYTES: Final = 512
_UNKNOWN_SIZE: Final = 0xFFFFFFFF  # what a program writes that streams a WAV file
_MATROSKA: Final = re.compile(r"(\d{1,4}):(\d\d):(\d\d\.\d{1,9})")
# Side information is at most 32 bytes long; the tag of LAME or Fraunhofer follows it.
_FIRST_MP3_FRAME_BYTES: Final = 256
# Samples a second, by version (MPEG 2.5, reserved, 2, 1) and index (ISO 11172-3, 13818-3).
_MP3_RATES_HZ: Final = ((11025, 12000, 8000), (), (22050, 24000, 16000), (44100, 48000, 32000))
_ASF_HEADER: Final = b"0&\xb2u\x8ef\xcf\x11"
_ASF_FILE_PROPERTIES: Final = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_HEADER_BYTES: Final = 1 << 16


@dataclass(frozen=True)
class Headers:
    """`head`: the first bytes.

    `wav_excess`: how many times longer than it is the header of a WAV file declares it, at least
    1: FFmpeg silently shortens a truncated one. `mp3_ms`: the length that the first frame of an MP3
    declares, 0 where it declares none: then FFmpeg guesses one from the size of the file. `is_cut`:
    whether a Matroska file is smaller than it declares; `asf_cut_ms`: the length that a Windows
    Media file declares that is, 0 for a whole one: FFmpeg knows none then.
    """

    head: bytes
    is_wav: bool
    wav_excess: float
    mp3_ms: int
    is_cut: bool
    asf_cut_ms: int


def read_headers(fd: int, *, start: int, size_bytes: int) -> Headers:
    """Of the recording of `size_bytes` that begins at `start`."""
    head = os.pread(fd, _HEAD_BYTES, start)
    is_wav = head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE"
    first_frame = os.pread(fd, _FIRST_MP3_FRAME_BYTES, start + _id3_bytes(head))
    return Headers(
        head=head,
        is_wav=is_wav,
        wav_excess=_wav_excess(head, size_bytes) if is_wav else 1.0,
        mp3_ms=_mp3_ms(first_frame),
        is_cut=_is_cut(fd, head, start=start, size_bytes=size_bytes),
        asf_cut_ms=_asf_cut_ms(fd, head, start=start, size_bytes=size_bytes),
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


def _mp3_ms(frame: bytes) -> int:
    """The frames that the tag of Xing (or LAME: Info) or of Fraunhofer (VBRI) counts, in ms."""
    for tag, offset in ((b"Xing", 8), (b"Info", 8), (b"VBRI", 14)):
        at = frame.find(tag)
        if at < 0 or len(frame) < at + 18:
            continue
        if tag != b"VBRI" and not frame[at + 7] & 1:
            return 0  # the number of frames isn't among what it holds
        return _frames_ms(frame, int.from_bytes(frame[at + offset : at + offset + 4], "big"))
    return 0


def _frames_ms(frame: bytes, frames: int) -> int:
    if len(frame) < 4 or frame[0] != 0xFF or frame[1] & 0xE0 != 0xE0:
        return 0
    version, layer = frame[1] >> 3 & 3, frame[1] >> 1 & 3
    rates_hz = _MP3_RATES_HZ[version]
    index = frame[2] >> 2 & 3
    if layer != 1 or index >= len(rates_hz):
        return 0
    return round(frames * (1152 if version == 3 else 576) * 1000 / rates_hz[index])


def _is_cut(fd: int, head: bytes, *, start: int, size_bytes: int) -> bool:
    if head[:4] == b"\x1aE\xdf\xa3":
        _, segment = read_element(fd, start)
        declared_bytes, body = read_element(fd, segment) if segment else (None, 0)
        return declared_bytes is not None and body + declared_bytes > start + size_bytes
    return False


def _asf_cut_ms(fd: int, head: bytes, *, start: int, size_bytes: int) -> int:
    """From the file properties: a GUID, 8 bytes of size, a GUID, and then numbers of 8 bytes, among
    them the size of the file, the play time in 100 ns, and the preroll in ms, which it includes."""
    if not head.startswith(_ASF_HEADER):
        return 0
    found = os.pread(fd, _ASF_HEADER_BYTES, start)
    at = found.find(_ASF_FILE_PROPERTIES)
    if at < 0:
        return 0
    declared_bytes, play, preroll_ms = (
        int.from_bytes(found[at + offset : at + offset + 8], "little") for offset in (40, 64, 80)
    )
    return max(0, play // 10_000 - preroll_ms) if declared_bytes > size_bytes else 0
