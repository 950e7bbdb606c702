"""A WAV file, written as it grows: 16 bit, any number of channels, any length.

More than two channels have a mask that names them; above 4 GB it becomes RF64 (EBU Tech 3306), for
which there is room in the head from the start.
"""

import struct
from typing import BinaryIO

import numpy as np

from transcripts.enhancement.loudness import Samples

_PCM, _EXTENSIBLE = 1, 0xFFFE
_SAMPLE_BYTES = 2
_DS64 = struct.Struct("<QQQI")
_GUID = bytes.fromhex("0100000000001000800000aa00389b71")  # PCM, in WAVE_FORMAT_EXTENSIBLE
_MOST = 0xFFFFFFFF
# FFmpeg's names of layouts, by the bits of WAVE_FORMAT_EXTENSIBLE; others name no speaker.
_MASKS = {
    "2.1": 0x0B,
    "3.0": 0x07,
    "quad": 0x33,
    "5.0": 0x37,
    "5.0(side)": 0x607,
    "5.1": 0x3F,
    "5.1(side)": 0x60F,
    "7.1": 0x63F,
}


class GrowingWav:
    """Writes to a file that is open for it alone. `close` completes the head, not the file."""

    def __init__(self, file: BinaryIO, *, rate_hz: int, channels: int, layout: str) -> None:
        self._file = file
        self._block_bytes = _SAMPLE_BYTES * channels
        self._frames = 0
        self._head = self._describe(rate_hz, channels, layout)
        self._write_head()

    def write(self, samples: Samples) -> None:
        """samples: float32 (frames, channels); what exceeds full scale is cut off."""
        scaled = np.clip(np.round(samples * 32767.0), -32768, 32767)
        self._file.write(scaled.astype("<i2").tobytes())
        self._frames += len(samples)

    def close(self) -> None:
        data_bytes = self._frames * self._block_bytes
        if data_bytes % 2:
            self._file.write(b"\x00")
        self._file.seek(0)
        self._write_head()
        self._file.flush()

    def _write_head(self) -> None:
        data_bytes = self._frames * self._block_bytes
        riff_bytes = 4 + 8 + _DS64.size + len(self._head) + 8 + data_bytes
        is_large = riff_bytes > _MOST
        sizes = _DS64.pack(riff_bytes, data_bytes, self._frames, 0)
        self._file.write(
            (b"RF64" if is_large else b"RIFF")
            + struct.pack("<I", _MOST if is_large else riff_bytes)
            + b"WAVE"
            + (b"ds64" if is_large else b"JUNK")
            + struct.pack("<I", _DS64.size)
            + (sizes if is_large else bytes(_DS64.size))
            + self._head
            + b"data"
            + struct.pack("<I", _MOST if is_large else data_bytes)
        )

    def _describe(self, rate_hz: int, channels: int, layout: str) -> bytes:
        is_plain = channels <= 2
        body = struct.pack(
            "<HHIIHH",
            _PCM if is_plain else _EXTENSIBLE,
            channels,
            rate_hz,
            rate_hz * self._block_bytes,
            self._block_bytes,
            8 * _SAMPLE_BYTES,
        )
        if not is_plain:
            body += struct.pack("<HHI", 22, 8 * _SAMPLE_BYTES, _MASKS.get(layout, 0)) + _GUID
        return b"fmt " + struct.pack("<I", len(body)) + body
