"""The caller's side: a recording as floats, every channel at its own rate."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from transcripts.media.decoder import MediaWarning, raise_if_error, warnings_of
from transcripts.media.errors import DecoderDiedError
from transcripts.media.messages import GarbledError, MediaTask, Note, Pick
from transcripts.media.process import DecoderProcess

_PATIENCE_S: Final = 120.0
_MOST_CHANNELS: Final = 64
_HIGHEST_HZ: Final = 768_000


@dataclass(frozen=True)
class SoundShape:
    """`layout`: FFmpeg's name, such as `stereo` or `5.1`."""

    rate_hz: int
    channels: int
    layout: str


class OriginalDecoder(Iterator[npt.NDArray[np.float32]]):
    """Samples as float32 (frames, channels), nominally [-1, 1]: iterate once, then `close`.

    `shape` is known from the start, `warnings` at the end. Iteration raises MediaError and
    DecoderDiedError. Memory is flat: the child waits until a chunk is taken.
    """

    def __init__(self, path: Path | str, *, pick: Pick = Pick()) -> None:  # noqa: B008  # frozen
        """Costs one child of 70 MB, and its first frame. Raises MediaError, DecoderDiedError."""
        task = MediaTask(path=str(path), pick=pick, is_original=True)
        self._child = DecoderProcess(task, patience_s=_PATIENCE_S)
        self._is_over = False
        self.warnings: list[MediaWarning] = []
        try:
            self.shape = self._read_shape()
        except BaseException:
            self._child.kill()
            raise

    def __next__(self) -> npt.NDArray[np.float32]:
        while not self._is_over:
            message = self._child.receive()
            if isinstance(message, bytes):
                return self._read_samples(message)
            if not isinstance(message, Note):
                raise DecoderDiedError
            raise_if_error(message)
            self._is_over = message.kind == "end"
            if self._is_over:
                self._read_end(message)
        raise StopIteration

    def close(self) -> None:
        self._child.kill()

    def _read_end(self, note: Note) -> None:
        try:
            self.warnings = warnings_of(note)
        except GarbledError as error:
            raise DecoderDiedError from error

    def _read_samples(self, pcm: bytes) -> npt.NDArray[np.float32]:
        if len(pcm) % (4 * self.shape.channels):
            raise DecoderDiedError
        return np.frombuffer(pcm, "<f4").reshape(-1, self.shape.channels)

    def _read_shape(self) -> SoundShape:
        message = self._child.receive()
        if not isinstance(message, Note):
            raise DecoderDiedError
        raise_if_error(message)
        try:
            shape = SoundShape(
                message.number("rate_hz"), message.number("channels"), message.text("layout")
            )
        except GarbledError as error:
            raise DecoderDiedError from error
        if not (1 <= shape.channels <= _MOST_CHANNELS and 1 <= shape.rate_hz <= _HIGHEST_HZ):
            raise DecoderDiedError
        return shape
