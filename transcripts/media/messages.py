"""The messages between parent and child: plain bytes and JSON upwards, never pickles.

The child reads hostile files. All that it sends is taken as input, checked, and can't run code in
the parent. A message is one tag byte and a body: PCM, a chunk of a file with its place, or a note
(a JSON object with its `kind`).
"""

import json
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["probe", "survey", "shape", "error", "tick", "end"]
Field = str | int | bool | list[list[int]] | list[dict[str, Any]]

MAX_PCM_BYTES: Final = 320_000
MAX_MESSAGE_BYTES: Final = MAX_PCM_BYTES + 1
_PCM: Final = b"P"
_NOTE: Final = b"N"
_FILE: Final = b"F"
_OFFSET_BYTES: Final = 8


class GarbledError(ValueError):
    """The child sent something that isn't a message."""


@dataclass(frozen=True)
class Probe:
    """What a recording is, by its content; some of its audio was really decoded.

    `recorded_at`: when it was made, as its file states it, in ISO 8601; empty where it doesn't.
    `duration_ms` is what the container declares, 0 where it declares nothing believable: use it
    for holds and progress, never for charging. `codec` is FFmpeg's name of the audio codec.
    """

    container: str
    codec: str
    duration_ms: int
    channels: int
    rate_hz: int
    has_video: bool
    tracks: int = 1
    recorded_at: str = ""


@dataclass(frozen=True)
class Pick:
    """Which sound of a recording. `track`: 1-based, 0 for the default one. `channel`: 1-based, 0
    for all of them, mixed. `gain_db`: by how much it is amplified."""

    track: int = 0
    channel: int = 0
    gain_db: int = 0


@dataclass(frozen=True)
class Track:
    """How one audio track sounds; what can't be read has no sound. Levels in dBFS.

    `mix_db`: the mix of all channels where it is loud (RMS of 50 ms); `channel_db`: the same of
    each channel; `peak_db`: of the mix. `swing_db`: between loud and quiet, small for steady noise.
    `has_cancelling_mix`: the channels extinguish each other. `has_separate_channels`: each of two
    holds a voice of its own; `has_same_channels`: both are the same. `same_as`: an earlier track
    that sounds the same, or 0.
    """

    track: int
    is_default: bool
    is_readable: bool
    channels: int
    has_sound: bool
    mix_db: int
    peak_db: int
    swing_db: int
    channel_db: list[int]
    has_cancelling_mix: bool
    has_separate_channels: bool
    has_same_channels: bool
    same_as: int


@dataclass(frozen=True)
class BeepTask:
    """A copy in a format of `beeped.BEEPED_FORMATS`, with a tone in the place of the intervals."""

    format: str
    intervals_ms: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class FileChunk:
    """Bytes of a file that a child makes, from `offset` on."""

    offset: int
    content: bytes


@dataclass(frozen=True)
class MediaTask:
    """What a child is started for. `start_ms` None means: probe; `length_ms`: only so much.
    `is_original`: every channel at its own rate, as floats."""

    path: str
    start_ms: int | None = None
    length_ms: int | None = None
    pick: Pick = Pick()
    is_survey: bool = False
    beep: BeepTask | None = None
    is_original: bool = False


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

    def intervals(self, name: str) -> list[tuple[int, int]]:
        """Pairs of numbers."""
        value: Any = self.fields.get(name)
        try:
            pairs = [(first, second) for first, second in value]
        except (TypeError, ValueError) as error:
            raise GarbledError(f"{self.kind}.{name} is no list of pairs.") from error
        if not all(type(each) is int and each >= 0 for pair in pairs for each in pair):
            raise GarbledError(f"{self.kind}.{name} is no list of pairs.")
        return pairs


def pcm_message(pcm: memoryview) -> bytes:
    """`pcm`: int16 LE, at most MAX_PCM_BYTES."""
    return _PCM + pcm


def note_message(kind: Kind, **fields: Field) -> bytes:
    return _NOTE + json.dumps({"kind": kind, **fields}).encode()


def file_message(offset: int, content: memoryview) -> bytes:
    """`content`: at most MAX_PCM_BYTES less the offset's bytes."""
    return _FILE + offset.to_bytes(_OFFSET_BYTES) + content


def parse_message(message: bytes) -> bytes | FileChunk | Note:
    """PCM, a chunk of a file, or a note. Raises GarbledError."""
    tag, body = message[:1], message[1:]
    if tag == _PCM and len(body) % 2 == 0:
        return body
    if tag == _FILE and len(body) >= _OFFSET_BYTES:
        return FileChunk(int.from_bytes(body[:_OFFSET_BYTES]), body[_OFFSET_BYTES:])
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
        tracks=note.number("tracks"),
        recorded_at=note.text("recorded_at"),
    )


def parse_survey(note: Note) -> tuple[Track, ...]:
    """Raises GarbledError."""
    try:
        described: Any = note.fields["tracks"]
        tracks = tuple(Track(**each) for each in described)
        values = [value for track in tracks for value in vars(track).values()]
        numbers = [*(v for v in values if not isinstance(v, list))]
        numbers += [each for track in tracks for each in track.channel_db]
    except (KeyError, TypeError) as error:
        raise GarbledError("A survey that can't be read.") from error
    if not all(isinstance(number, int) for number in numbers):
        raise GarbledError("A survey that can't be read.")
    return tracks
