"""What the Voice service asks of an engine, wherever that runs.

VoiceError                   the message is a sentence that may be shown to a user
├── UnknownVoiceError        the engine has no voice of that name
├── LanguageRefusedError     it doesn't speak the language; the message lists those it does
├── NothingToSpeakError      the text has nothing that can be spoken
├── CloningRefusedError      a reference was given to an engine with fixed voices only
├── EngineFullError          its queue is full: retry later
└── EngineFailedError        it stopped in mid-call, or couldn't be reached
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]  # (n_samples,), mono, [-1, 1]


class VoiceError(Exception):
    pass


class UnknownVoiceError(VoiceError):
    pass


class LanguageRefusedError(VoiceError):
    pass


class NothingToSpeakError(VoiceError):
    pass


class UnreadableTextError(VoiceError):
    pass


class CloningRefusedError(VoiceError):
    pass


class EngineFullError(VoiceError):
    pass


class EngineFailedError(VoiceError):
    pass


@dataclass(frozen=True, slots=True)
class FixedVoice:
    """A voice that comes with an engine. `id` is unique over all engines."""

    id: str
    name: str
    description: str  # English, plain
    language: str  # ISO 639-1: what it speaks by default


@dataclass(frozen=True, slots=True)
class VoiceReference:
    """The voice to speak in."""

    samples: Samples
    sample_rate_hz: int
    text: str = ""  # what is said in it, where that is known


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisRequest:
    """What to speak. Either `voice` or `reference` is set."""

    text: str
    language: str = ""  # BCP 47; empty: the engine's first
    voice: str = ""
    reference: VoiceReference | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class SynthesisStarted:
    """What is known before the first sample."""

    voice: str  # empty: the reference's
    language: str
    sentences: int  # 0: not known in advance


@dataclass(frozen=True, slots=True)
class SynthesizedChunk:
    """Speech of one sentence, or a part of it."""

    samples: Samples  # at the engine's rate
    sentence: int  # 0-based
    generation_ms: int  # the engine's work on it, without waiting


class VoiceEngine(Protocol):
    """One loaded engine, shared by all calls. Its methods belong to one event loop."""

    @property
    def model_id(self) -> str: ...

    @property
    def revision(self) -> str:
        """Names the weights."""
        ...

    @property
    def sample_rate_hz(self) -> int: ...

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-1; the first is what it speaks where none is named."""
        ...

    @property
    def voices(self) -> tuple[FixedVoice, ...]: ...

    @property
    def can_clone(self) -> bool: ...

    @property
    def watermark(self) -> str:
        """The watermark that its speech carries already, such as `perth`; empty: none."""
        ...

    def synthesize(
        self, request: SynthesisRequest
    ) -> AsyncIterator[SynthesisStarted | SynthesizedChunk]:
        """Yield one SynthesisStarted, then chunks in order, each as soon as it is made.

        Closing the iterator stops the engine before its next sentence, and frees it. The same
        request gives the same samples on the same machine. Raises VoiceError, before the first
        event where the request itself is refused.
        """
        ...


class Watermarker(Protocol):
    """Puts an inaudible mark into speech, and finds it again."""

    @property
    def name(self) -> str: ...

    async def add(self, samples: Samples, *, sample_rate_hz: int) -> Samples:
        """Return as many samples, marked. Raises EngineFailedError."""
        ...

    async def detect(self, samples: Samples, *, sample_rate_hz: int) -> float:
        """Return how sure it is that the mark is there, 0 to 1. Raises EngineFailedError."""
        ...
