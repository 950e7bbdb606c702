"""A window's features, and what a Whisper made of them in earlier attempts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inference_service.engines.quality import Scores
from inference_service.engines.whisper_decode import Encoded
from inference_service.engines.whisper_words import SECONDS_PER_TIME_TOKEN

Features = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Decoded:
    """One window's tokens, time tokens included, as the decoder gave them."""

    tokens: tuple[int, ...]
    text: str
    scores: Scores

    def find_end_s(self, first_time_token: int) -> float:
        """Return the last time among the tokens, in seconds; 0 if there is none."""
        latest = max((token - first_time_token for token in self.tokens), default=0)
        return float(max(latest, 0) * SECONDS_PER_TIME_TOKEN)


@dataclass(slots=True, eq=False)
class WindowFeatures:
    """One window, ready for the model, and what the model made of it so far."""

    mel: Features  # (n_mels, n_frames of 10 ms), log, without padding
    # One item, stored after language detection and before a retry: encoding is the expensive part.
    encoded: Encoded | None = None
    first: Decoded | None = None  # what the first attempt gave, if it was improbable

    @property
    def n_frames(self) -> int:
        return int(self.mel.shape[-1])

    def cut(self, part: tuple[int, int]) -> "WindowFeatures":
        """Return the features of a part, in the encoder's frames of 20 ms, encoded by itself."""
        return WindowFeatures(self.mel[:, 2 * part[0] : 2 * part[1]])

    def encoded_at(self, length: int) -> Encoded | None:
        """Return the encoder's output for these features padded to `length` frames, if stored."""
        is_stored = self.encoded is not None and 2 * self.encoded.shape[1] == length
        return self.encoded if is_stored else None

    def choose(self, attempt: Decoded) -> Decoded:
        """Return the likelier of this attempt and the first."""
        return attempt if self.first is None else max(self.first, attempt, key=_likelihood)

    def store_attempt(self, attempt: Decoded, *, encoded: Encoded) -> None:
        """Store what the second attempt needs."""
        self.first, self.encoded = attempt, encoded


def pad_features(windows: Sequence[WindowFeatures], *, length: int) -> Features:
    """Return (n, n_mels, length), with zeros behind each window as in faster-whisper."""
    padded = np.zeros((len(windows), windows[0].mel.shape[0], length), np.float32)
    for row, window in zip(padded, windows, strict=True):
        row[:, : window.n_frames] = window.mel
    return padded


def _likelihood(decoded: Decoded) -> float:
    return decoded.scores.avg_logprob
