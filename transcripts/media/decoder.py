"""The caller's side: probe a recording, or read its PCM, each from a child that may die."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from transcripts.media.errors import DecoderDiedError, MediaError
from transcripts.media.messages import (
    GarbledError,
    MediaTask,
    Note,
    Pick,
    Probe,
    Track,
    parse_probe,
    parse_survey,
)
from transcripts.media.process import DecoderProcess, warm_up
from transcripts.text.clock import format_clock

__all__ = [
    "Decoder",
    "MediaWarning",
    "open_decoder",
    "probe",
    "read_excerpt",
    "survey",
    "warm_up",
]

log = logging.getLogger(__name__)

_PROBE_PATIENCE_S: Final = 30.0
# Between two messages lie at most 300 s of audio, decoded at 148 × real time or more.
_DECODE_PATIENCE_S: Final = 120.0
_BYTES_PER_MS: Final = 32
_NAMED_PLACES: Final = 3


class MediaWarning(NamedTuple):
    """Something about a recording that its owner should know, though it was transcribed."""

    code: str
    message: str


_WHOLE: Final = Pick()


def probe(path: Path | str, *, pick: Pick = _WHOLE) -> Probe:
    """Describe the recording at `path`. Costs one child (about 20 ms).

    Raises MediaError, also where it doesn't have the track or channel of `pick`; DecoderDiedError.
    """
    child = DecoderProcess(MediaTask(path=str(path), pick=pick), patience_s=_PROBE_PATIENCE_S)
    try:
        answer = child.receive()
        if not isinstance(answer, Note):
            raise DecoderDiedError
        raise_if_error(answer)
        return parse_probe(answer)
    except GarbledError as error:
        raise DecoderDiedError from error
    finally:
        child.kill()


def survey(path: Path | str) -> tuple[Track, ...]:
    """Measure each audio track of the recording.

    Costs one child and about a tenth of decoding all tracks; of half a minute, all of it.
    Raises MediaError, DecoderDiedError.
    """
    child = DecoderProcess(MediaTask(path=str(path), is_survey=True), patience_s=_DECODE_PATIENCE_S)
    try:
        answer = child.receive()
        while isinstance(answer, Note) and answer.kind == "tick":
            answer = child.receive()
        if not isinstance(answer, Note):
            raise DecoderDiedError
        raise_if_error(answer)
        return parse_survey(answer)
    except GarbledError as error:
        raise DecoderDiedError from error
    finally:
        child.kill()


@contextmanager
def open_decoder(
    path: Path | str, *, start_ms: int = 0, pick: Pick = _WHOLE
) -> Iterator["Decoder"]:
    """Decode the recording at `path` in a child process, which ends with the context.

    Starting later decodes and discards what comes before, so the samples are those of a full
    decode (the cost: 150–600 × real time). Entering raises DecoderDiedError where no child can be
    started, and nothing about the recording.
    """
    job = MediaTask(path=str(path), start_ms=start_ms, pick=pick)
    child = DecoderProcess(job, patience_s=_DECODE_PATIENCE_S)
    try:
        yield Decoder(child, start_ms=start_ms)
    finally:
        child.kill()


def read_excerpt(
    path: Path | str,
    *,
    start_ms: int,
    length_ms: int,
    patience_s: float,
    pick: Pick = _WHOLE,
) -> bytes:
    """Return a short chunk: PCM int16 LE, mono, 16 kHz, less than asked for where it ends.

    What lies before is counted, not decoded (some 5,000 × real time for mp3, measured; a file whose
    packets don't have a duration is decoded). Raises MediaError, and DecoderDiedError, also
    where the child sends nothing for `patience_s`.
    """
    job = MediaTask(path=str(path), start_ms=start_ms, length_ms=length_ms, pick=pick)
    child = DecoderProcess(job, patience_s=patience_s)
    chunks: list[bytes] = []
    try:
        while isinstance(message := child.receive(), bytes):
            chunks.append(message)
        if not isinstance(message, Note):
            raise DecoderDiedError
        raise_if_error(message)
        return b"".join(chunks)
    finally:
        child.kill()


class Decoder(Iterator[bytes]):
    """PCM int16 LE, mono, 16 kHz, from `start_ms` on: iterate once, in chunks of ≤ 320 kB.

    `decoded_ms` counts from the start of the recording (so it begins at `start_ms`) to the end of
    what was yielded; after exhaustion it is the recording's true duration (less than `start_ms`,
    where that lies behind the end). `warnings`, `unreadable_ms` (the intervals of damage) and
    `pauses_ms` (place and length of the silence in place of what the file doesn't hold, damage too)
    are complete after exhaustion. Iteration raises MediaError and DecoderDiedError. Memory is flat:
    the child waits until a chunk is taken.
    """

    def __init__(self, child: DecoderProcess, *, start_ms: int) -> None:
        self._child = child
        self._start_ms = start_ms
        self._yielded_bytes = 0
        self._true_ms: int | None = None
        self.warnings: list[MediaWarning] = []
        self.unreadable_ms: list[tuple[int, int]] = []
        self.pauses_ms: list[tuple[int, int]] = []

    @property
    def decoded_ms(self) -> int:
        if self._true_ms is not None:
            return self._true_ms
        return self._start_ms + self._yielded_bytes // _BYTES_PER_MS

    @property
    def pid(self) -> int | None:
        """The process that decodes."""
        return self._child.pid

    def __next__(self) -> bytes:
        while self._true_ms is None:
            message = self._child.receive()
            if isinstance(message, bytes):
                self._yielded_bytes += len(message)
                return message
            if not isinstance(message, Note):
                raise DecoderDiedError
            self._read_note(message)
        raise StopIteration

    def _read_note(self, note: Note) -> None:
        raise_if_error(note)
        if note.kind != "end":
            return
        try:
            self.warnings = warnings_of(note)
            self.unreadable_ms = note.intervals("unreadable")
            self.pauses_ms = note.intervals("pauses")
            self._true_ms = note.number("decoded_ms")
        except GarbledError as error:
            raise DecoderDiedError from error


def raise_if_error(note: Note) -> None:
    if note.kind != "error":
        return
    try:
        if fault := note.text("fault"):
            log.error("event=decoder_fault code=%s fault=%s", note.text("code"), fault)
        raise MediaError(note.text("code"), note.text("message"), status=note.number("status"))
    except GarbledError as error:
        raise DecoderDiedError from error


def warnings_of(note: Note) -> list[MediaWarning]:
    """Return those of the note at the end of a recording. Raises GarbledError."""
    return [*_damage_of(note), *_shortness_of(note), *_parts_of(note), *_jumps_of(note)]


def _damage_of(note: Note) -> Iterator[MediaWarning]:
    intervals = note.intervals("unreadable")
    if not intervals:
        return
    lost_s = sum(end - start for start, end in intervals) / 1000
    places = ", ".join(format_clock(start) for start, _ in intervals[:_NAMED_PLACES])
    more = " and later" if len(intervals) > _NAMED_PLACES else ""
    yield MediaWarning(
        "corrupt_audio_skipped",
        f"The recording is damaged: {lost_s:.1f} s of it could not be read, at {places}{more}.",
    )


def _shortness_of(note: Note) -> Iterator[MediaWarning]:
    promised_ms, decoded_ms = note.number("promised_ms"), note.number("decoded_ms")
    # Headers are a little off. Some decoders drop damage silently: then only this reveals it.
    if promised_ms - decoded_ms <= max(300, promised_ms * 0.01):
        return
    yield MediaWarning(
        "shorter_than_declared",
        f"The recording should last {promised_ms / 1000:.1f} s but ends after "
        f"{decoded_ms / 1000:.1f} s: it may be incomplete or damaged.",
    )


def _parts_of(note: Note) -> Iterator[MediaWarning]:
    if note.number("unread_parts"):
        yield MediaWarning(
            "parts_not_read",
            "This file holds further recordings behind the first one, of a kind that can't be read:"
            " they were left out. Send them as files of their own.",
        )


def _jumps_of(note: Note) -> Iterator[MediaWarning]:
    for place_ms, length_ms in note.intervals("jumps")[:1]:
        yield MediaWarning(
            "time_stamps_jump",
            f"The time stamps of this file jump by {format_clock(length_ms)} at"
            f" {format_clock(place_ms)}: times behind that place are counted without the jump.",
        )
