"""Decompression bombs: FLAC frames by hand, 14 bytes for 8 seconds of silence (RFC 9639)."""

import struct
from typing import Final

_BLOCK_SAMPLES: Final = 65_535
RATE_HZ: Final = 8_000
BLOCK_S: Final = _BLOCK_SAMPLES / RATE_HZ


def flac_bomb(blocks: int, *, declared_samples: int = 0) -> bytes:
    """A valid FLAC file of `blocks` silent blocks, which declares 0 (unknown) or more samples."""
    rate_channels_depth = (RATE_HZ << 44) | (15 << 36) | declared_samples
    info = struct.pack(">HH6xQ16x", _BLOCK_SAMPLES, _BLOCK_SAMPLES, rate_channels_depth)
    header = b"fLaC" + bytes([0x80, 0, 0, len(info)]) + info
    return header + b"".join(_frame(number) for number in range(blocks))


def _frame(number: int) -> bytes:
    # Block size in 16 bits, 8 kHz, mono, 16 bits a sample; then a constant subframe of zeros.
    head = b"\xff\xf8\x74\x08" + _coded_number(number) + struct.pack(">H", _BLOCK_SAMPLES - 1)
    head += bytes([_crc(head, bits=8, polynomial=0x07)])
    body = head + b"\x00\x00\x00"
    return body + struct.pack(">H", _crc(body, bits=16, polynomial=0x8005))


def _coded_number(number: int) -> bytes:
    return chr(number).encode("utf-8", "surrogatepass")


def _crc(data: bytes, *, bits: int, polynomial: int) -> int:
    top, mask, value = 1 << (bits - 1), (1 << bits) - 1, 0
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = ((value << 1) ^ (polynomial if value & top else 0)) & mask
    return value
