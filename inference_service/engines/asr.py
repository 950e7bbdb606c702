"""What a recogniser is: the Protocol that every speech-to-text engine implements.

Stages, and where they run:

    prepare     CPU threads, any number at once      samples → features
    recognise   the threads of the accelerator       batch of windows → texts with word times
    (both are called by `scheduler`; nothing else calls a recogniser)

Times are float seconds from the start of the *window's samples*; sessions map them back to the
recording.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

# How often a window is decoded before its text stands. Whisper samples at rising temperatures
# (Radford et al. 2022, section 4.5); here no attempt samples: CTranslate2 seeds its generators once
# for each of its threads, so that a sampled text depends on what that thread sampled before, and
# the same recording would not give the same text twice.
ATTEMPTS = 2


class Verdict(StrEnum):
    """How the quality gate judges a window's text."""

    ACCEPTED = "accepted"
    RETRY = "retry"  # improbable: to be decoded again, at the next attempt
    PAD = "pad"  # decode again, padded to 30 s; `SessionQueue` does it, sessions never see it
    NO_SPEECH = "no_speech"  # text on silence
    # The text repeats itself. Whether the speaker does too, the sound decides (sessions).
    REPETITION = "repetition"
    MIXED = "mixed"  # several languages: not decoded, to be cut (`WindowText.languages`)
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class DecodeContext:
    """What a client says about its sound, the same for every window. The fields are named as in
    `TranscribeConfig` and `StreamConfig`; `servicers/requests.read_context` checks them."""

    prompt: str = ""
    hot_words: tuple[str, ...] = ()


NO_CONTEXT: Final = DecodeContext()


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """What one request asks for; equal options of different requests are the same."""

    language: str  # ISO 639-1, never empty: detection comes first
    task: str = "transcribe"  # or "translate", into English
    context: DecodeContext = NO_CONTEXT
    # What another language than `language` has to be likelier by before the window, or a part of
    # it, is taken to be in that: a difference of log probabilities. None: `language` is certain.
    switch_penalty: float | None = None
    languages: frozenset[str] = frozenset()  # which others may occur; none: all that are known


@dataclass(frozen=True, slots=True, eq=False)
class WindowRequest:
    """One window to decode. `features` is what the same engine's `prepare` returned."""

    features: object
    duration_s: float  # of the window's samples, ≤ 30
    options: DecodeOptions
    attempt: int = 0  # below ATTEMPTS
    is_padded: bool = False  # to 30 s, even where a shorter length would do for this window
    # Only for a live hypothesis: decoded quickly, and judged RETRY where another decoding could do
    # better; never PAD.
    is_draft: bool = False


class Timing(StrEnum):
    """How a word got its times."""

    ATTENTION = "attention"
    ALIGNED = "aligned"
    INTERPOLATED = "interpolated"


@dataclass(frozen=True, slots=True)
class TimedWord:
    text: str  # without spaces around it
    start_s: float
    end_s: float
    confidence: float  # 0..1
    space_before: bool = True
    timing: Timing = Timing.ATTENTION


@dataclass(frozen=True, slots=True)
class TextSegment:
    """One phrase. Its words, joined by their own spacing, make up `text`."""

    start_s: float
    end_s: float
    text: str
    words: tuple[TimedWord, ...]
    avg_logprob: float = 0.0
    compression_ratio: float = 0.0
    no_speech_prob: float = 0.0
    temperature: float = 0.0
    language: str = ""
    language_probability: float = 0.0  # of the window's being in it, > 0 to 1; 0: not asked


@dataclass(frozen=True, slots=True)
class LanguageRun:
    """An interval of a window in one language."""

    start_s: float
    end_s: float
    language: str
    probability: float = 0.0  # the mean over its slices, > 0 to 1; 0: not asked


@dataclass(frozen=True, slots=True)
class WindowText:
    """What was recognised in one window. `segments` is empty unless the verdict is ACCEPTED."""

    verdict: Verdict
    segments: tuple[TextSegment, ...] = ()
    # Text that was decoded and not accepted: all of it (NO_SPEECH, REPETITION), or what lies on
    # stationary sound.
    discarded: tuple[TextSegment, ...] = ()
    languages: tuple[LanguageRun, ...] = ()  # where the verdict is MIXED: at least two


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    language: str
    probability: float  # 0..1


class Recogniser(Protocol):
    """One loaded model. The scheduler is its only caller.

    `prepare` is thread-safe and releases the GIL where it can; `recognise` and `detect_language`
    are called from at most `max_calls` threads at a time.
    """

    model_id: str
    engine: str  # "faster-whisper"
    device: str  # "cpu", "cuda:0"
    compute_type: str
    detects_language: bool
    languages: frozenset[str]
    max_batch: int  # windows in one call of `recognise`
    max_calls: int  # of `recognise` and `detect_language` at once, from threads of their own
    memory_bytes: int

    def prepare(self, samples: Samples) -> object:
        """samples: float32 (n_samples,), mono, 16 kHz, [-1, 1], n ≤ 480,000 → opaque features."""
        ...

    def batch_key(self, request: WindowRequest) -> Hashable:
        """Only requests with equal keys may share one call of `recognise`."""
        ...

    def recognise(self, batch: Sequence[WindowRequest]) -> list[WindowText]:
        """Decode a batch, word times included; one answer per request, in order.

        The result for a window does not depend on what it is batched with.
        A window judged RETRY has not been aligned; the caller asks again with the next `attempt`;
        at the last one (ATTEMPTS - 1) the verdict is never RETRY. One judged PAD is asked for again
        with `is_padded`, which is never answered by PAD.
        """
        ...

    def detect_language(self, features: Sequence[object]) -> list[list[LanguageGuess]]:
        """For each window the guesses, likeliest first. Only where `detects_language`."""
        ...

    def close(self) -> None:
        """Frees the model's memory. Nothing is called afterwards."""
        ...
