"""What a session tells its caller. Times are integer milliseconds from the recording's start."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LanguageKnown:
    """Comes before the first segment; at the end with an empty language if nothing was said."""

    language: str
    probability: float
    is_detected: bool  # False where the model knows one language only, or there was no speech


@dataclass(frozen=True, slots=True)
class RestoredWord:
    text: str
    start_ms: int
    end_ms: int  # >= start_ms
    confidence: float
    space_before: bool


@dataclass(frozen=True, slots=True)
class RestoredSegment:
    """A segment in the recording's time; its words spell its text."""

    start_ms: int
    end_ms: int  # > start_ms
    text: str
    words: tuple[RestoredWord, ...]
    confidence: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    temperature: float


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    start_ms: int
    end_ms: int  # > start_ms
    embedding: bytes  # float32 little-endian


@dataclass(frozen=True, slots=True)
class DiscardedText:
    """That something was not believed, and why; never what it was."""

    start_ms: int
    end_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class SpanSettled:
    """A span that won't be touched again; the next one begins at `resume_ms`."""

    start_ms: int
    resume_ms: int
    segments: tuple[RestoredSegment, ...] = ()
    turns: tuple[SpeakerTurn, ...] = ()
    discarded: tuple[DiscardedText, ...] = ()


@dataclass(frozen=True, slots=True)
class HypothesisHeard:
    """What is heard of the utterance under way; the committed words never change."""

    start_ms: int
    covered_ms: int
    committed: tuple[RestoredWord, ...]
    pending: tuple[RestoredWord, ...]


@dataclass(frozen=True, slots=True)
class PaceChanged:
    is_catching_up: bool
    interval_ms: int
    backlog_ms: int


@dataclass(frozen=True, slots=True)
class AllHeard:
    """The last event."""

    heard_ms: int
    speech_ms: int
    queue_ms: int
    compute_ms: int


Event = LanguageKnown | SpanSettled | AllHeard
LiveEvent = LanguageKnown | HypothesisHeard | SpanSettled | PaceChanged | AllHeard
