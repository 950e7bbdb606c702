"""What parent and child say to each other: plain bytes and JSON upwards, never pickles.

The child reads hostile files. Whatever it sends is taken as input, checked, and can't run code in
the parent. A message is one tag byte and a body: PCM, or a note (a JSON object with its `kind`).
"""

import json
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["probe", "error", "tick", "end"]
Field = str | int | bool

MAX_PCM_BYTES: Final = 320_000
MAX_MESSAGE_BYTES: Final = MAX_PCM_BYTES + 1
_PCM: Final = b"P"
_NOTE: Final = b"N"


class GarbledError(ValueError):
    """The child sent something that isn't a message."""


@dataclass(frozen=True)
class Probe:
    """What a recording is, by its content; some of its audio was really decoded.

    `duration_ms` is what the container declares, 0 where it declares nothing believable: use it
    for holds and progress, never for charging. `codec` is FFmpeg's name of the audio codec.
    """

    container: str
    codec: str
    duration_ms: int
    channels: int
    rate_hz: int
    has_video: bool


@dataclass(frozen=True)
class Job:
    """What a child is started for. `start_ms` None means: probe; `length_ms`: only so much."""

    path: str
    start_ms: int | None = None
    length_ms: int | None = None


@dataclass(frozen=True)
class Note:
    """One JSON message: `kind`, and fields that are read with their type checked."""

    kind: str
    fields: dict[str, object]

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        if not isinstance(value, str):
            raise GarbledError(f"{self.kind}.{name} is not text.")
        return value

    def number(self, name: str) -> int:
        value = self.fields.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise GarbledError(f"{self.kind}.{name} is not a number.")
        return value

    def flag(self, name: str) -> bool:
        return self.fields.get(name) is True


def pcm_message(pcm: memoryview) -> bytes:
    """`pcm`: int16 LE, at most MAX_PCM_BYTES."""
    return _PCM + pcm


def note_message(kind: Kind, **fields: Field) -> bytes:
    return _NOTE + json.dumps({"kind": kind, **fields}).encode()


def parse_message(message: bytes) -> bytes | Note:
    """PCM, or a note. Raises GarbledError."""
    tag, body = message[:1], message[1:]
    if tag == _PCM and len(body) % 2 == 0:
        return body
    if tag != _NOTE:
        raise GarbledError("A message with an unknown tag.")
    try:
        fields = json.loads(body)
        return Note(kind=str(fields.pop("kind")), fields=fields)
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise GarbledError("A note that can't be read.") from error


def parse_probe(note: Note) -> Probe:
    """Raises GarbledError."""
    return Probe(
        container=note.text("container"),
        codec=note.text("codec"),
        duration_ms=note.number("duration_ms"),
        channels=note.number("channels"),
        rate_hz=note.number("rate_hz"),
        has_video=note.flag("has_video"),
    )
