"""The header of a WAV file of 16 bit, mono, 16 kHz: a journal's."""

import struct
from typing import Final

RATE_HZ: Final = 16_000
SAMPLE_BYTES: Final = 2
HEADER_BYTES: Final = 44
_UNKNOWN: Final = 0xFFFFFFFF  # the size in the header of a WAV file that is still written


def wav_header(samples: int | None) -> bytes:
    """Return a WAV header; None: of a file whose length isn't known yet."""
    data_bytes = _UNKNOWN if samples is None else samples * SAMPLE_BYTES
    riff_bytes = _UNKNOWN if samples is None else data_bytes + HEADER_BYTES - 8
    rate = struct.pack("<IIHH", RATE_HZ, RATE_HZ * SAMPLE_BYTES, SAMPLE_BYTES, 8 * SAMPLE_BYTES)
    return (
        b"RIFF"
        + struct.pack("<I", riff_bytes)
        + b"WAVEfmt "
        + struct.pack("<IHH", 16, 1, 1)
        + rate
        + b"data"
        + struct.pack("<I", data_bytes)
    )
