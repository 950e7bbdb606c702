"""A window's features, and what a Whisper made of them in earlier attempts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inference_service.engines.quality import MAX_COMPRESSION_RATIO, Scores
from inference_service.engines.whisper_storage import Encoded

Features = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Decoded:
    """One window's tokens, time tokens included, as the decoder gave them."""

    tokens: tuple[int, ...]
    text: str
    scores: Scores
    temperature: float

    @property
    def is_looping(self) -> bool:
        return self.scores.compression_ratio > MAX_COMPRESSION_RATIO


@dataclass(slots=True, eq=False)
class WindowFeatures:
    """One window, ready for the model, and what the model made of it so far."""

    mel: Features  # (n_mels, n_frames of 10 ms), log, without padding
    # One item, kept after language detection and before a retry: encoding is the dear part.
    encoded: Encoded | None = None
    best: Decoded | None = None  # of earlier attempts, by mean log probability

    @property
    def n_frames(self) -> int:
        return int(self.mel.shape[-1])

    def encoded_at(self, length: int) -> Encoded | None:
        """Return the encoder's output for these features padded to `length` frames, if kept."""
        is_kept = self.encoded is not None and 2 * self.encoded.shape[1] == length
        return self.encoded if is_kept else None

    def choose(self, attempt: Decoded) -> Decoded:
        """Return the last attempt, or the likeliest of all that don't loop."""
        if self.best is None:
            return attempt
        return self.best if attempt.is_looping else max(attempt, self.best, key=_likelihood)

    def note_attempt(self, attempt: Decoded, *, encoded: Encoded) -> None:
        """Keep what a further attempt needs."""
        self.encoded = encoded
        if not attempt.is_looping:
            self.best = max(attempt, self.best or attempt, key=_likelihood)


def pad_features(windows: Sequence[WindowFeatures], *, length: int) -> Features:
    """Return (n, n_mels, length), with zeros behind each window as in faster-whisper."""
    padded = np.zeros((len(windows), windows[0].mel.shape[0], length), np.float32)
    for row, window in zip(padded, windows, strict=True):
        row[:, : window.n_frames] = window.mel
    return padded


def _likelihood(decoded: Decoded) -> float:
    return decoded.scores.avg_logprob
