"""What a session delivers to its caller.

Times are integer milliseconds from the recording's start.
"""

from dataclasses import dataclass
from enum import StrEnum

from inference_service.engines.asr import Timing


class GapReason(StrEnum):
    """Why speech is not in the text; the proto's message Gap defines each."""

    NOT_RECOGNISED = "not_recognised"
    REPETITION = "repetition"
    LOW_CONFIDENCE = "low_confidence"
    NOT_SPEECH = "not_speech"


@dataclass(frozen=True, slots=True)
class LanguageDetected:
    """Comes before the first segment; at the end with an empty language if nothing was spoken."""

    language: str
    probability: float
    is_detected: bool  # False where the model knows one language only, or there was no speech


@dataclass(frozen=True, slots=True)
class OutputWord:
    text: str
    start_ms: int
    end_ms: int  # >= start_ms
    confidence: float
    space_before: bool
    timing: Timing = Timing.ATTENTION
    language: str = ""  # in live sessions: the one that it was decoded in


@dataclass(frozen=True, slots=True)
class OutputSegment:
    """A segment in the recording's time; its words make up its text."""

    start_ms: int
    end_ms: int  # > start_ms
    text: str
    words: tuple[OutputWord, ...]
    confidence: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    temperature: float
    language: str = ""
    language_probability: float = 0.0  # as in `TextSegment`


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    start_ms: int
    end_ms: int  # > start_ms
    embedding: bytes  # float32 little-endian
    overlap: float = 0.0  # 0..1, the share in which another voice speaks too


@dataclass(frozen=True, slots=True)
class Gap:
    """Speech that no word of the text covers, or text that was not accepted, with its evidence."""

    start_ms: int
    end_ms: int  # > start_ms
    reason: GapReason
    text: OutputSegment | None = None


@dataclass(frozen=True, slots=True)
class WindowFinalized:
    """A window that won't be touched again; the next one begins at `resume_ms`.

    `is_cut`: of live speech, which goes on behind it without a pause; `is_unaligned`: of live
    speech, as in `TimedText`.
    """

    start_ms: int
    resume_ms: int
    segments: tuple[OutputSegment, ...] = ()
    turns: tuple[SpeakerTurn, ...] = ()
    gaps: tuple[Gap, ...] = ()
    speech_ms: int = 0
    is_cut: bool = False
    is_unaligned: bool = False


@dataclass(frozen=True, slots=True)
class HypothesisUpdated:
    """What is recognised of the utterance under way; the committed words never change."""

    start_ms: int
    covered_ms: int
    committed: tuple[OutputWord, ...]
    pending: tuple[OutputWord, ...]


@dataclass(frozen=True, slots=True)
class PaceChanged:
    is_catching_up: bool
    interval_ms: int
    backlog_ms: int


@dataclass(frozen=True, slots=True)
class StreamFinished:
    """The last event."""

    audio_duration_ms: int
    speech_ms: int
    queue_ms: int
    compute_ms: int
    enhancer: str = ""  # what took the noise away, where windows were recognised both ways
    enhanced_windows: int = 0  # whose text is the one without it
    unaligned_windows: int = 0  # of a recording, as in `TimedText`


Event = LanguageDetected | WindowFinalized | StreamFinished
LiveEvent = LanguageDetected | HypothesisUpdated | WindowFinalized | PaceChanged | StreamFinished
