"""The inference service's results as plain data: the web tier's classes for the protos.

Times are integer milliseconds from the start of the recording.
"""

from dataclasses import dataclass, field
from typing import Literal

from protos.stt.v1 import audio_pb2, server_pb2, speech_pb2
from transcripts.inference.errors import BrokenAnswerError
from transcripts.options import AUTO, TranscriptionOptions
from transcripts.text.segments import Segment


@dataclass(frozen=True, kw_only=True)
class TranscribeOptions:
    """One call of Transcribe: what was asked for, by which model, in which language.

    `detected_language`: by an earlier call that broke off. `offset_ms`: the position of its first
    sample in the recording.
    """

    asked: TranscriptionOptions = field(default_factory=TranscriptionOptions)
    model: str = ""
    language: str = ""
    detected_language: str = ""
    with_speaker_turns: bool = False
    priority: Literal["short", "bulk"] = "bulk"
    offset_ms: int = 0
    expected_duration_ms: int = 0

    def as_proto(self) -> speech_pb2.TranscribeConfig:
        asked = self.asked
        translating = asked.task == "translate"
        short = self.priority == "short"
        return speech_pb2.TranscribeConfig(
            model=self.model,
            language=self.language,
            languages=() if self.language else asked.languages,
            multilingual=asked.is_multilingual and not self.language,
            detected_language=self.detected_language,
            task=speech_pb2.TASK_TRANSLATE if translating else speech_pb2.TASK_TRANSCRIBE,
            with_speaker_turns=self.with_speaker_turns,
            priority=speech_pb2.PRIORITY_SHORT if short else speech_pb2.PRIORITY_BULK,
            channels=1,
            offset_ms=self.offset_ms,
            expected_duration_ms=self.expected_duration_ms,
            enhance=asked.enhance,
            aligner="" if asked.aligner == AUTO else asked.aligner,
            **asked.context(),
        )


@dataclass(frozen=True)
class Accepted:
    model: str
    engine: str
    device: str
    compute_type: str
    approximate: bool
    embedder: str


@dataclass(frozen=True)
class LanguageDetected:
    language: str
    probability: float
    detected: bool


@dataclass(frozen=True)
class SpeakerTurn:
    """`embedding`: float32 little-endian (n,), as bytes; this tier only stores it.

    `overlap`: 0..1, the share of the turn in which another voice speaks too.
    """

    start_ms: int
    end_ms: int
    embedding: bytes
    overlap: float = 0.0


@dataclass(frozen=True)
class RecognisedGap:
    """Speech that is not in the text, or text that was not accepted (`text`), and why."""

    start_ms: int
    end_ms: int
    reason: str  # a value of `models.GapReason`
    text: Segment | None = None


@dataclass(frozen=True)
class WindowResult:
    start_ms: int
    resume_ms: int
    segments: tuple[Segment, ...] = ()
    turns: tuple[SpeakerTurn, ...] = ()
    gaps: tuple[RecognisedGap, ...] = ()
    speech_ms: int = 0
    is_cut: bool = False  # of live speech, which goes on behind it
    is_unaligned: bool = False  # of live speech: its words have other times than were asked for


@dataclass(frozen=True)
class Finished:
    """`enhancer`: empty unless windows were recognised without their noise as well.
    `unaligned_windows`: those whose words have other times than were asked for."""

    audio_duration_ms: int
    speech_ms: int = 0
    enhancer: str = ""
    enhanced_windows: int = 0
    unaligned_windows: int = 0


TranscribeEvent = Accepted | LanguageDetected | WindowResult | Finished


@dataclass(frozen=True)
class SpeakerLabels:
    """For each turn its speaker, 1-based in order of first appearance."""

    speakers: tuple[int, ...]
    embedder: str


@dataclass(frozen=True)
class Model:
    """A model of the catalogue. `served_by`: which model runs when this one is asked for."""

    id: str
    name: str
    engine: str
    speed: str
    languages: tuple[str, ...]
    available: bool
    served_by: str
    can_translate: bool = False
    detects_language: bool = False
    install_hint: str = ""
    loaded: bool = False
    memory_bytes: int = 0


@dataclass(frozen=True)
class Device:
    kind: str
    name: str
    memory_bytes: int
    compute_type: str
    gpu_available: bool
    gpu_failure: str = ""
    setting: str = ""  # STT_DEVICE; empty: a server of an older version
    driver: str = ""  # the version of NVIDIA's; empty: there is none


@dataclass(frozen=True)
class QueueDepth:
    """A class of work at the server: windows that wait, and recordings that are open."""

    priority: str
    windows: int
    sessions: int


@dataclass(frozen=True)
class TextModel:
    """A language model, embedder or translator. `kind`: as the proto names it."""

    id: str
    name: str
    kind: str
    engine: str
    available: bool
    install_hint: str
    remote: bool
    context_tokens: int
    dimensions: int
    languages: tuple[str, ...]
    revision: str
    size_bytes: int
    is_default: bool


@dataclass(frozen=True)
class OptionalEngine:
    """What a server may have or not. `kind`: aligner, diarizer, watermark, enhancer or voice."""

    id: str
    name: str
    kind: str
    available: bool
    install_hint: str
    languages: tuple[str, ...]
    licence: str


@dataclass(frozen=True)
class LabelledTurn:
    """Speech of one speaker; `speaker`: 1-based, in order of first appearance."""

    start_ms: int
    end_ms: int
    speaker: int


@dataclass(frozen=True)
class ServerModels:
    """What the server has. `is_stale`: it did not answer just now, this is its previous answer."""

    models: tuple[Model, ...]
    default_model: str
    device: Device
    embedder: str = ""
    version: str = ""
    queues: tuple[QueueDepth, ...] = ()
    is_draining: bool = False
    is_stale: bool = field(default=False)
    text_models: tuple[TextModel, ...] = ()
    optional_engines: tuple[OptionalEngine, ...] = ()
    torch_state: str = "not_installed"  # or "ok", "down"

    def find(self, model_id: str) -> Model | None:
        return next((model for model in self.models if model.id == model_id), None)

    def serves(self, model_id: str) -> bool:
        """Whether a model runs when this one (empty: the default) is asked for."""
        asked = self.find(model_id or self.default_model)
        return asked is not None and bool(asked.served_by)

    def installed(self) -> list[str]:
        return [model.id for model in self.models if model.available]


def read_event(message: speech_pb2.TranscribeEvent) -> TranscribeEvent:
    """Translate one event. Raises `BrokenAnswerError` where it breaks a rule of the proto."""
    kind = message.WhichOneof("event")
    if kind == "window":
        return read_window(message.window)
    if kind == "language":
        detected_language = message.language
        return LanguageDetected(
            detected_language.language, detected_language.probability, detected_language.detected
        )
    if kind == "finished":
        finished = message.finished
        return Finished(
            finished.audio_duration_ms,
            finished.speech_ms,
            finished.enhancer,
            finished.enhanced_windows,
            finished.unaligned_windows,
        )
    if kind == "accepted":
        accepted = message.accepted
        return Accepted(
            model=accepted.model,
            engine=accepted.engine,
            device=accepted.device,
            compute_type=accepted.compute_type,
            approximate=accepted.approximate,
            embedder=accepted.embedder,
        )
    raise BrokenAnswerError("The inference service sent an empty event.")


def read_window(window: speech_pb2.WindowResult) -> WindowResult:
    if window.resume_ms < window.start_ms:
        raise BrokenAnswerError("The inference service sent a window that ends before it starts.")
    return WindowResult(
        start_ms=window.start_ms,
        resume_ms=window.resume_ms,
        segments=tuple(read_segment(segment) for segment in window.segments),
        turns=tuple(
            SpeakerTurn(t.start_ms, t.end_ms, t.embedding, t.overlap) for t in window.turns
        ),
        gaps=tuple(read_gap(gap) for gap in window.gaps),
        speech_ms=window.speech_ms,
    )


def read_segment(segment: speech_pb2.Segment) -> Segment:
    if segment.end_ms <= segment.start_ms:
        raise BrokenAnswerError("The inference service sent a segment without length.")
    return Segment.from_proto(segment)


def read_gap(gap: speech_pb2.Gap) -> RecognisedGap:
    if gap.end_ms <= gap.start_ms:
        raise BrokenAnswerError("The inference service sent a gap without length.")
    text = read_segment(gap.text) if gap.HasField("text") else None
    return RecognisedGap(gap.start_ms, gap.end_ms, gap.reason, text)


def read_labels(message: audio_pb2.DiarizeResponse) -> SpeakerLabels:
    return SpeakerLabels(tuple(message.speakers), message.embedder)


def read_server_info(info: server_pb2.ServerInfo) -> ServerModels:
    device = info.device
    return ServerModels(
        models=tuple(_read_model(model) for model in info.models),
        default_model=info.default_model,
        device=Device(
            kind=device.kind,
            name=device.name,
            memory_bytes=device.memory_bytes,
            compute_type=device.compute_type,
            gpu_available=device.gpu_available,
            gpu_failure=device.gpu_failure,
            setting=device.setting,
            driver=device.driver,
        ),
        embedder=info.embedder,
        version=info.version,
        queues=tuple(QueueDepth(q.priority, q.windows, q.sessions) for q in info.queues),
        is_draining=info.draining,
        text_models=tuple(_read_text_model(model) for model in info.text_models),
        optional_engines=tuple(_read_optional_engine(engine) for engine in info.optional_engines),
        torch_state=info.torch_state or "not_installed",
    )


def _read_optional_engine(engine: server_pb2.OptionalEngine) -> OptionalEngine:
    return OptionalEngine(
        id=engine.id,
        name=engine.name,
        kind=engine.kind,
        available=engine.available,
        install_hint=engine.install_hint,
        languages=tuple(engine.languages),
        licence=engine.licence,
    )


def _read_text_model(model: server_pb2.TextModel) -> TextModel:
    return TextModel(
        id=model.id,
        name=model.name,
        kind=model.kind,
        engine=model.engine,
        available=model.available,
        install_hint=model.install_hint,
        remote=model.remote,
        context_tokens=model.context_tokens,
        dimensions=model.dimensions,
        languages=tuple(model.languages),
        revision=model.revision,
        size_bytes=model.size_bytes,
        is_default=model.is_default,
    )


def _read_model(model: server_pb2.Model) -> Model:
    return Model(
        id=model.id,
        name=model.name,
        engine=model.engine,
        speed=model.speed,
        languages=tuple(model.languages),
        available=model.available,
        served_by=model.served_by,
        can_translate=model.can_translate,
        detects_language=model.detects_language,
        install_hint=model.install_hint,
        loaded=model.loaded,
        memory_bytes=model.memory_bytes,
    )
