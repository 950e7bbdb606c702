"""What format a client's live audio is in: as it is configured, or as its first bytes show.

Pure. A session takes 16-bit PCM at 16 kHz as it is; the formats below are decoded to that
(`transcripts.media.stream`). What can be neither is refused by the first frame, before anything
of it is stored or charged.
"""

import math
import struct
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from stt_web.core.errors import ApiError
from transcripts.option_kinds import InvalidOptionError

RATE_HZ: Final = 16_000
MIN_RATE_HZ: Final = 8_000
MAX_RATE_HZ: Final = 48_000
# The longest header that a WAV file of a recorder has before its samples.
_MAX_HEADER_BYTES: Final = 4096
_SHORTEST_HEAD_BYTES: Final = 12
_MIN_FLOATS: Final = 64
_QUIETEST_FLOAT: Final = 1e-6
_LOUDEST_FLOAT: Final = 1.5
_MIN_SHARE: Final = 0.95


class Encoding(StrEnum):
    PCM_S16LE = "pcm_s16le"
    PCM_F32LE = "pcm_f32le"
    MULAW = "mulaw"
    ALAW = "alaw"
    WEBM_OPUS = "webm_opus"
    OGG_OPUS = "ogg_opus"


SAMPLE_WIDTHS: Final = {
    Encoding.PCM_S16LE: 2,
    Encoding.PCM_F32LE: 4,
    Encoding.MULAW: 1,
    Encoding.ALAW: 1,
}
CONTAINERS: Final = frozenset({Encoding.WEBM_OPUS, Encoding.OGG_OPUS})
# MediaRecorder's `mimeType`, lower case and without spaces.
_MIME_TYPES: Final = {
    "audio/webm": Encoding.WEBM_OPUS,
    "audio/webm;codecs=opus": Encoding.WEBM_OPUS,
    "audio/ogg": Encoding.OGG_OPUS,
    "audio/ogg;codecs=opus": Encoding.OGG_OPUS,
}
# Format tags of WAV (RFC 2361) and the bits of a sample.
_WAV_ENCODINGS: Final = {
    (1, 16): Encoding.PCM_S16LE,
    (3, 32): Encoding.PCM_F32LE,
    (6, 8): Encoding.ALAW,
    (7, 8): Encoding.MULAW,
}
_WAV_EXTENSIBLE: Final = 0xFFFE


class UnusableAudioError(ApiError):
    """400: audio that is in none of the formats above."""

    status = 400
    code = "unsupported_audio"


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Mono. `rate_hz` has no meaning for a container, which states its own."""

    encoding: Encoding = Encoding.PCM_S16LE
    rate_hz: int = RATE_HZ

    @property
    def is_native(self) -> bool:
        return self.encoding is Encoding.PCM_S16LE and self.rate_hz == RATE_HZ

    def length_ms(self, data: bytes) -> float:
        """Return how long raw samples last."""
        return 1000 * len(data) / (SAMPLE_WIDTHS[self.encoding] * self.rate_hz)


def read_encoding(config: Mapping[str, Any]) -> Encoding:
    """Read the configuration's `encoding`. Raises InvalidOptionError."""
    name = config.get("encoding")
    if name is None or name == "":
        return Encoding.PCM_S16LE
    wanted = str(name).lower().replace(" ", "")
    if isinstance(name, str) and wanted in (*Encoding, *_MIME_TYPES):
        return _MIME_TYPES.get(wanted) or Encoding(wanted)
    raise InvalidOptionError("encoding", f"encoding must be one of {', '.join(Encoding)}.")


def read_rate_hz(config: Mapping[str, Any]) -> int:
    """Read the configuration's `sample_rate`. Raises InvalidOptionError."""
    rate = config.get("sample_rate")
    if rate is None or rate == "":
        return RATE_HZ
    is_text = isinstance(rate, str) and rate.isascii() and rate.isdigit() and len(rate) < 7
    hz = int(rate) if is_text else rate  # text: of the address
    if isinstance(hz, int) and not isinstance(hz, bool) and MIN_RATE_HZ <= hz <= MAX_RATE_HZ:
        return hz
    raise InvalidOptionError(
        "sample_rate", f"sample_rate must be a whole number, {MIN_RATE_HZ} to {MAX_RATE_HZ} (Hz)."
    )


class AudioSniffer:
    """Recognises the format by the first bytes; `format` is true once `take` returned some."""

    def __init__(self, configured: AudioFormat) -> None:
        self.format = configured
        self._head = b""
        self._is_begun = False
        self._is_checked = configured.encoding is not Encoding.PCM_S16LE

    def take(self, data: bytes) -> bytes:
        """Return the audio that can be passed on, without a WAV header; empty: not yet.

        Raises UnusableAudioError.
        """
        if not self._is_begun:
            data = self._begin(self._head + data)
        if not self._is_checked:
            self._check_floats(data)
        return data

    def finish(self) -> bytes:
        """Return what is still held back: no more audio comes."""
        held, self._head = self._head, b""
        return b"" if held.startswith(b"RIFF") else held

    def _begin(self, head: bytes) -> bytes:
        self._head = b""
        if _is_wav(head):
            return self._read_wav(head)
        if len(head) < _SHORTEST_HEAD_BYTES:
            self._head = head
            return b""
        self._is_begun = True
        found = _find_container(head)
        if found is None and self.format.encoding in CONTAINERS:
            raise UnusableAudioError(
                f"This audio isn't {self.format.encoding}: the stream has to begin with its header."
                " Send the recording from its first byte on."
            )
        if found is not None:
            self.format = AudioFormat(found)
            self._is_checked = True
        return head

    def _read_wav(self, head: bytes) -> bytes:
        header = _parse_wav(head)
        if header is None and len(head) < _MAX_HEADER_BYTES:
            self._head = head
            return b""
        if header is None:
            raise UnusableAudioError("This WAV header can't be read.")
        self._is_begun = True
        self.format, first = header
        self._is_checked = True
        return head[first:]

    def _check_floats(self, data: bytes) -> None:
        """Read as float32, 16-bit sound is hardly ever between 1e-6 and 1.5: wherever it is quiet,
        it has exponents of 0 and 255. Silence shows nothing, and is passed on."""
        if data == bytes(len(data)):
            return
        values = [value for value in _as_floats(data) if value != 0]
        if len(values) < _MIN_FLOATS:
            return
        self._is_checked = True
        if not all(math.isfinite(value) and abs(value) < _LOUDEST_FLOAT for value in values):
            return
        if sum(abs(value) > _QUIETEST_FLOAT for value in values) >= _MIN_SHARE * len(values):
            raise UnusableAudioError(
                "This audio is made of 32-bit floats, but 16-bit PCM was announced. Say"
                ' "encoding": "pcm_f32le" and its "sample_rate" in the configuration.'
            )


def _as_floats(data: bytes) -> "array[float]":
    floats = array("f")
    floats.frombytes(data[: min(len(data), 8192) // 4 * 4])
    return floats


def _find_container(head: bytes) -> Encoding | None:
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return Encoding.WEBM_OPUS
    if head.startswith(b"OggS"):
        return Encoding.OGG_OPUS
    names = {b"ID3": "an MP3 file", b"fLaC": "a FLAC file", b"caff": "a CAF file"}
    name = next((name for magic, name in names.items() if head.startswith(magic)), "")
    if head[4:8] == b"ftyp":
        name = "an MP4 file"
    if name:
        raise UnusableAudioError(
            f"This is {name}, which can't be streamed. Send it to /v1/transcribe, or stream"
            f" {', '.join(Encoding)}."
        )
    return None


def _is_wav(head: bytes) -> bool:
    if not head.startswith(b"RIFF"):
        return False
    return len(head) < _SHORTEST_HEAD_BYTES or head[8:12] == b"WAVE"


def _parse_wav(head: bytes) -> tuple[AudioFormat, int] | None:
    """Return the format and where the samples begin; None: the header isn't whole.

    Raises UnusableAudioError.
    """
    found: AudioFormat | None = None
    position = _SHORTEST_HEAD_BYTES
    while position + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, position)
        position += 8
        if name == b"data":
            return None if found is None else (found, position)
        if name == b"fmt " and position + size <= len(head):
            found = _parse_wav_format(head[position : position + size])
        position += size + size % 2
    return None


def _parse_wav_format(chunk: bytes) -> AudioFormat:
    if len(chunk) < 16:
        raise UnusableAudioError("This WAV header can't be read.")
    tag, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == _WAV_EXTENSIBLE and len(chunk) >= 26:
        (tag,) = struct.unpack_from("<H", chunk, 24)
    encoding = _WAV_ENCODINGS.get((tag, bits))
    if encoding is None or channels != 1 or not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise UnusableAudioError(
            f"WAV with {channels} channels of {bits} bits at {rate_hz} Hz can't be streamed: mono"
            f" is needed, as 16-bit PCM, 32-bit float, A-law or mu-law at {MIN_RATE_HZ} to"
            f" {MAX_RATE_HZ} Hz."
        )
    return AudioFormat(encoding, rate_hz)
