"""The caller's side of decoding: starts the child, reads what it sends, kills it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

from transcripts.media.messages import Probe


class MediaWarning(NamedTuple):
    """Something about a recording that its owner should know, though it was transcribed."""

    code: str
    message: str


class Decoder(Protocol):
    """PCM int16 LE, mono, 16 kHz, from `start_ms` on: iterate once, in chunks of ≤ 320 kB.

    `decoded_ms` counts from the start of the recording (so it begins at `start_ms`) to the end of
    what was yielded; after exhaustion it is the recording's true duration. `warnings` is complete
    after exhaustion. Iteration raises MediaError and DecoderDiedError.
    """

    decoded_ms: int
    warnings: list[MediaWarning]

    def __iter__(self) -> Iterator[bytes]: ...

    def __next__(self) -> bytes: ...


def warm_up() -> None:
    """Start the fork server, so that the first recording doesn't wait for it (0.3 s)."""
    raise NotImplementedError


def probe(path: Path | str) -> Probe:
    """Say what the recording at `path` is. Raises MediaError, DecoderDiedError."""
    raise NotImplementedError


def open_decoder(path: Path | str, *, start_ms: int = 0) -> AbstractContextManager[Decoder]:
    """Decode the recording at `path` in a child process, which ends with the context.

    Starting later decodes and discards what comes before, so the samples are those of a full
    decode. Raises nothing before the first chunk is asked for.
    """
    raise NotImplementedError
