"""The voices and the watermark of the process of the torch engines, as engines of this one."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import grpc
import numpy as np

from inference_service.catalog import NotInstalledError
from inference_service.engines.voice.engine import (
    EngineFailedError,
    FixedVoice,
    Samples,
    SynthesisRequest,
    SynthesisStarted,
    SynthesizedChunk,
    VoiceError,
    Watermarker,
)
from inference_service.engines.voice.host import EngineDescription
from inference_service.torch_link.failures import TorchError, translate_failure
from inference_service.torch_link.kinds import WATERMARK
from inference_service.torch_link.link import DOWN_HINT, TorchLink
from protos.stt.v1 import voice_pb2, voice_pb2_grpc

_LIST_DEADLINE_S = 2.0
_SYNTHESIS_DEADLINE_S = 3600.0
_WATERMARK_DEADLINE_S = 120.0
# What a call may carry at most, by voice.proto; longer sound is marked in parts.
_MARKED_S = 50
PERTH = "perth"

Answer = TypeVar("Answer")


class TorchVoice:
    """A `VoiceEngine` that runs in the other process. Its speech is marked there."""

    can_clone = True
    watermark = PERTH
    voices: tuple[FixedVoice, ...] = ()

    def __init__(self, link: TorchLink, description: EngineDescription) -> None:
        self._link = link
        self.model_id = description.id
        self.revision = ""  # known once it answers
        self.sample_rate_hz = description.sample_rate_hz
        self.languages = description.languages

    async def synthesize(
        self, request: SynthesisRequest
    ) -> AsyncIterator[SynthesisStarted | SynthesizedChunk]:
        """As `VoiceEngine` has it. Raises VoiceError."""
        stub = voice_pb2_grpc.VoiceStub(self._link.channel)
        call = stub.Synthesize(self._write(request), timeout=_SYNTHESIS_DEADLINE_S)
        ends: list[int] = []
        try:
            with self._link.watch(call):
                async for event in call:
                    if event.HasField("accepted"):
                        self.revision = event.accepted.revision
                        yield SynthesisStarted(
                            event.accepted.voice, event.accepted.language, event.accepted.sentences
                        )
                    elif event.HasField("chunk"):
                        yield SynthesizedChunk(_read_pcm(event.chunk.pcm), event.chunk.sentence, 0)
                    else:
                        ends.append(event.finished.generation_ms)
                        yield SynthesizedChunk(
                            np.zeros(0, np.float32), 0, event.finished.generation_ms
                        )
        except Exception as error:
            raise _as_voice_error(error, self._link) from error
        finally:
            call.cancel()
        if not ends:
            raise EngineFailedError(DOWN_HINT)

    def _write(self, request: SynthesisRequest) -> voice_pb2.SynthesizeRequest:
        message = voice_pb2.SynthesizeRequest(
            text=request.text,
            language=request.language,
            engine=self.model_id,
            voice=request.voice,
            seed=request.seed,
        )
        if request.reference is not None:
            message.reference.pcm = _write_pcm(request.reference.samples)
            message.reference.sample_rate_hz = request.reference.sample_rate_hz
            message.reference.text = request.reference.text
        return message


class TorchWatermark:
    """A `Watermarker` that runs in the other process."""

    name = PERTH

    def __init__(self, link: TorchLink) -> None:
        self._link = link

    async def add(self, samples: Samples, *, sample_rate_hz: int) -> Samples:
        stub = voice_pb2_grpc.VoiceStub(self._link.channel)
        marked = []
        step = _MARKED_S * sample_rate_hz
        for start in range(0, len(samples), step):
            request = voice_pb2.AddWatermarkRequest(
                pcm=_write_pcm(samples[start : start + step]), sample_rate_hz=sample_rate_hz
            )
            call = stub.AddWatermark(request, timeout=_WATERMARK_DEADLINE_S)
            marked.append(_read_pcm((await self._wait(call)).pcm))
        return np.concatenate(marked) if marked else samples

    async def detect(self, samples: Samples, *, sample_rate_hz: int) -> float:
        stub = voice_pb2_grpc.VoiceStub(self._link.channel)
        request = voice_pb2.DetectWatermarkRequest(
            pcm=_write_pcm(samples), sample_rate_hz=sample_rate_hz
        )
        call = stub.DetectWatermark(request, timeout=_WATERMARK_DEADLINE_S)
        return float((await self._wait(call)).confidence)

    async def _wait(self, call: "grpc.aio.UnaryUnaryCall[Any, Answer]") -> Answer:
        try:
            with self._link.watch(call):
                return await call
        except Exception as error:
            raise _as_voice_error(error, self._link) from error


class RemoteVoices:
    """A `VoiceHost`: what the other process lists; nothing while it is away."""

    def __init__(self, link: TorchLink) -> None:
        self._link = link

    async def describe(self) -> list[EngineDescription]:
        return await describe_voices(self._link)

    @contextlib.asynccontextmanager
    async def lease(self, engine_id: str) -> AsyncIterator[TorchVoice]:
        """Raises NotInstalledError where the engine is not there, or its process is away."""
        found = [each for each in await self.describe() if each.id == engine_id]
        if not found:
            raise NotInstalledError(self._link.state.hint or f"{engine_id} is not there.")
        if not found[0].is_available:
            raise NotInstalledError(found[0].install_hint)
        yield TorchVoice(self._link, found[0])

    @property
    def watermarker(self) -> Watermarker | None:
        return TorchWatermark(self._link) if self._link.find(WATERMARK) else None


async def describe_voices(link: TorchLink) -> list[EngineDescription]:
    """Return the engines of the other process; none where it is away."""
    if not link.is_up:
        return []
    stub = voice_pb2_grpc.VoiceStub(link.channel)
    try:
        answer = await stub.ListVoices(voice_pb2.ListVoicesRequest(), timeout=_LIST_DEADLINE_S)
    except grpc.aio.AioRpcError:
        return []
    return [
        EngineDescription(
            id=engine.id,
            name=engine.name,
            is_available=engine.available,
            install_hint=engine.install_hint,
            languages=tuple(engine.languages),
            can_clone=engine.can_clone,
            licence=engine.licence,
            is_non_commercial=engine.is_non_commercial,
            sample_rate_hz=engine.sample_rate_hz,
        )
        for engine in answer.engines
    ]


def _as_voice_error(error: Exception, link: TorchLink) -> BaseException:
    if isinstance(error, VoiceError):
        return error
    translated = translate_failure(error, link)
    return EngineFailedError(str(translated)) if isinstance(translated, TorchError) else translated


def _read_pcm(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768)


def _write_pcm(samples: Samples) -> bytes:
    return bytes(np.rint(np.clip(samples, -1, 1) * np.float32(32_767)).astype("<i2").data)
