"""What the two ends of a streaming decoder exchange: bytes of audio down, framed messages up.

A message (`messages`) follows its length, four bytes, most significant first.
"""

import struct
from dataclasses import dataclass
from typing import Final

from transcripts.media.messages import MAX_MESSAGE_BYTES, GarbledError

LENGTH: Final = struct.Struct(">I")


@dataclass(frozen=True)
class StreamSource:
    """The container in which audio arrives bit by bit: a key of `stream_child.DEMUXERS`."""

    name: str


def frame_message(message: bytes) -> bytes:
    return LENGTH.pack(len(message)) + message


def parse_length(header: bytes) -> int:
    """Raises GarbledError for a length that no message has."""
    length: int = LENGTH.unpack(header)[0]
    if not 0 < length <= MAX_MESSAGE_BYTES:
        raise GarbledError(f"A message of {length} bytes.")
    return length
