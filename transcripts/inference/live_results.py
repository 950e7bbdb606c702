"""Results of a live stream, as plain data. Times are milliseconds from the start of the session."""

from dataclasses import dataclass, field

from protos.stt.v1 import speech_pb2
from transcripts.inference.errors import BrokenAnswerError
from transcripts.inference.results import (
    Accepted,
    Finished,
    LanguageDetected,
    WindowResult,
    read_gap,
    read_segment,
)
from transcripts.options import AUTO, TranscriptionOptions
from transcripts.text.words import Word


@dataclass(frozen=True, kw_only=True)
class StreamOptions:
    """One call of Stream. `committed`: words that are final in the utterance at `offset_ms`."""

    asked: TranscriptionOptions = field(default_factory=TranscriptionOptions)
    model: str = ""
    language: str = ""
    offset_ms: int = 0
    committed: tuple[Word, ...] = ()

    def as_proto(self) -> speech_pb2.StreamConfig:
        return speech_pb2.StreamConfig(
            model=self.model,
            language=self.language,
            languages=() if self.language else self.asked.languages,
            multilingual=self.asked.is_multilingual and not self.language,
            offset_ms=self.offset_ms,
            endpointing_ms=self.asked.endpointing_ms,
            aligner="" if self.asked.aligner == AUTO else self.asked.aligner,
            committed=[word.as_proto() for word in self.committed],
            **self.asked.context(),
        )


@dataclass(frozen=True)
class Hypothesis:
    """`covered_ms`: the end of the audio that it covers."""

    start_ms: int
    covered_ms: int
    committed: tuple[Word, ...]
    pending: tuple[Word, ...]


@dataclass(frozen=True)
class Pace:
    is_catching_up: bool
    update_interval_ms: int
    backlog_ms: int


# A finalized interval comes as a window, like those of a file.
StreamEvent = Accepted | LanguageDetected | Hypothesis | WindowResult | Pace | Finished


def read_stream_event(message: speech_pb2.StreamEvent) -> StreamEvent:
    """Raises `BrokenAnswerError` where it breaks a rule of the proto."""
    kind = message.WhichOneof("event")
    if kind == "hypothesis":
        return _read_hypothesis(message.hypothesis)
    if kind == "utterance":
        return _read_utterance(message.utterance)
    if kind == "pace":
        pace = message.pace
        is_catching_up = pace.mode == speech_pb2.Pace.MODE_CATCHING_UP
        return Pace(is_catching_up, pace.update_interval_ms, pace.backlog_ms)
    if kind == "language":
        received = message.language
        return LanguageDetected(received.language, received.probability, received.detected)
    if kind == "finished":
        return Finished(message.finished.audio_duration_ms, message.finished.speech_ms)
    if kind == "accepted":
        return _read_accepted(message.accepted)
    raise BrokenAnswerError("The inference service sent an empty event.")


def _read_accepted(accepted: speech_pb2.Accepted) -> Accepted:
    return Accepted(
        model=accepted.model,
        engine=accepted.engine,
        device=accepted.device,
        compute_type=accepted.compute_type,
        approximate=accepted.approximate,
        embedder="",
    )


def _read_hypothesis(received: speech_pb2.Hypothesis) -> Hypothesis:
    return Hypothesis(
        start_ms=received.start_ms,
        covered_ms=received.covered_ms,
        committed=tuple(map(Word.from_proto, received.committed)),
        pending=tuple(map(Word.from_proto, received.pending)),
    )


def _read_utterance(utterance: speech_pb2.Utterance) -> WindowResult:
    if utterance.resume_ms < utterance.start_ms:
        raise BrokenAnswerError("The inference service sent an utterance that ends early.")
    return WindowResult(
        start_ms=utterance.start_ms,
        resume_ms=utterance.resume_ms,
        segments=tuple(read_segment(segment) for segment in utterance.segments),
        gaps=tuple(read_gap(gap) for gap in utterance.gaps),
        speech_ms=utterance.speech_ms,
        is_cut=utterance.is_cut,
        is_unaligned=utterance.unaligned,
    )
