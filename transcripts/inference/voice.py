"""Voice.*: texts to an inference server, speech back; its voices, and the watermark.

Each call has a deadline and raises `InferenceError`: NoSuchVoiceError where there is no such
voice, ModelNotInstalledError where no engine for it is installed, UnsupportedRequestError where it
doesn't speak the language, BadTextError where the text has nothing that it can speak.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import grpc

from protos.stt.v1 import voice_pb2, voice_pb2_grpc
from transcripts.inference.channel import get_channel
from transcripts.inference.client import call_metadata
from transcripts.inference.errors import (
    BrokenAnswerError,
    InferenceError,
    InvalidRequestError,
    ModelNotInstalledError,
    translate_rpc_error,
)
from transcripts.inference.language import CancelToken
from transcripts.inference.servers import Server

_LIST_DEADLINE_S = 5.0
_MARK_DEADLINE_S = 120.0


class NoSuchVoiceError(InferenceError):
    code = "unknown_voice"


class BadTextError(InferenceError):
    code = "unspeakable_text"


@dataclass(frozen=True)
class Voice:
    id: str
    name: str
    description: str
    language: str


@dataclass(frozen=True)
class Engine:
    id: str
    name: str
    is_available: bool
    install_hint: str
    languages: tuple[str, ...]
    voices: tuple[Voice, ...]
    can_clone: bool
    licence: str
    is_non_commercial: bool


@dataclass(frozen=True)
class Voices:
    """`watermark`: what marks speech inaudibly there; empty: nothing, and `watermark_hint`."""

    engines: tuple[Engine, ...]
    watermark: str
    watermark_hint: str


@dataclass(frozen=True, kw_only=True)
class SpeechOrder:
    """Either `voice` or `reference` (PCM, int16 little-endian, mono, 16 kHz)."""

    text: str
    language: str = ""
    engine: str = ""
    voice: str = ""
    reference: bytes = b""
    seed: int = 0


@dataclass(frozen=True)
class SpeechAccepted:
    engine: str
    voice: str
    language: str
    sample_rate_hz: int
    sentences: int  # 0: not known


@dataclass(frozen=True)
class SpokenChunk:
    """`pcm`: int16 little-endian, mono."""

    pcm: bytes
    sentence: int


@dataclass(frozen=True)
class SpeechFinished:
    samples: int
    generation_ms: int
    watermark: str


SpeechEvent = SpeechAccepted | SpokenChunk | SpeechFinished
REFERENCE_RATE_HZ = 16_000


def synthesize(order: SpeechOrder, *, server: Server, token: CancelToken) -> Iterator[SpeechEvent]:
    """Yield SpeechAccepted, chunks in order, SpeechFinished. Cancelled with its token."""
    request = voice_pb2.SynthesizeRequest(
        text=order.text,
        language=order.language,
        engine=order.engine,
        voice=order.voice,
        seed=order.seed,
    )
    if order.reference:
        request.reference.pcm = order.reference
        request.reference.sample_rate_hz = REFERENCE_RATE_HZ
    stub = voice_pb2_grpc.VoiceStub(get_channel(server))
    token.check()
    call = stub.Synthesize(request, timeout=token.left_s(), metadata=call_metadata(server))
    try:
        with token.holding(call):
            for event in call:
                yield _read_event(event)
                if event.HasField("finished"):
                    return
    except InferenceError as error:
        raise _refine(error) from error
    finally:
        call.cancel()
    raise BrokenAnswerError("The inference service ended a call before its end.")


def list_voices(server: Server) -> Voices:
    stub = voice_pb2_grpc.VoiceStub(get_channel(server))
    try:
        answer = stub.ListVoices(
            voice_pb2.ListVoicesRequest(), timeout=_LIST_DEADLINE_S, metadata=call_metadata(server)
        )
    except grpc.RpcError as error:
        raise _refine(translate_rpc_error(error)) from error
    return Voices(
        engines=tuple(_read_engine(engine) for engine in answer.engines),
        watermark=answer.watermark,
        watermark_hint=answer.watermark_hint,
    )


def detect_watermark(pcm: bytes, *, sample_rate_hz: int, server: Server) -> tuple[str, float]:
    """Return which watermark was searched for, and how sure it is that it is there, 0 to 1."""
    stub = voice_pb2_grpc.VoiceStub(get_channel(server))
    request = voice_pb2.DetectWatermarkRequest(pcm=pcm, sample_rate_hz=sample_rate_hz)
    try:
        answer = stub.DetectWatermark(
            request, timeout=_MARK_DEADLINE_S, metadata=call_metadata(server)
        )
    except grpc.RpcError as error:
        raise _refine(translate_rpc_error(error)) from error
    return answer.watermark, answer.confidence


def _read_event(event: voice_pb2.SynthesizeEvent) -> SpeechEvent:
    if event.HasField("accepted"):
        accepted = event.accepted
        return SpeechAccepted(
            accepted.engine,
            accepted.voice,
            accepted.language,
            accepted.sample_rate_hz,
            accepted.sentences,
        )
    if event.HasField("chunk"):
        return SpokenChunk(event.chunk.pcm, event.chunk.sentence)
    finished = event.finished
    return SpeechFinished(finished.samples, finished.generation_ms, finished.watermark)


def _read_engine(engine: voice_pb2.VoiceEngine) -> Engine:
    return Engine(
        id=engine.id,
        name=engine.name,
        is_available=engine.available,
        install_hint=engine.install_hint,
        languages=tuple(engine.languages),
        voices=tuple(
            Voice(voice.id, voice.name, voice.description, voice.language)
            for voice in engine.voices
        ),
        can_clone=engine.can_clone,
        licence=engine.licence,
        is_non_commercial=engine.is_non_commercial,
    )


def _refine(error: InferenceError) -> InferenceError:
    """Return the error by what its status means for these calls."""
    cause = error.__cause__
    status = cause.code() if isinstance(cause, grpc.Call) else None
    details = (cause.details() if isinstance(cause, grpc.Call) else "") or error.message
    if status == grpc.StatusCode.UNIMPLEMENTED:
        return ModelNotInstalledError(
            "This inference server makes no speech: update it, then pull a voice."
        )
    if status == grpc.StatusCode.OUT_OF_RANGE:
        return NoSuchVoiceError(details)
    if isinstance(error, InvalidRequestError):
        return BadTextError(details)
    return error
