"""stt.v1.Voice: requests checked, an engine chosen, its speech written as PCM; the watermark.

Serves any `VoiceHost`: the main service's, and that of the process of the torch engines.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, TypeAlias

import grpc
import numpy as np

from inference_service.admission import Admission
from inference_service.catalog import NotInstalledError, UnknownModelError
from inference_service.engines.voice.engine import (
    Samples,
    SynthesisRequest,
    SynthesizedChunk,
    UnknownVoiceError,
    VoiceReference,
    Watermarker,
)
from inference_service.engines.voice.host import EngineDescription, VoiceHost
from inference_service.servicers.requests import BadRequestError
from inference_service.servicers.status_codes import MissingCapabilityError, describe_failure
from protos.stt.v1 import voice_pb2, voice_pb2_grpc

MAX_TEXT_CHARACTERS = 20_000
_MAX_REFERENCE_S = 30
_MAX_MARKED_S = 60
_MAX_SEARCHED_S = 600
_MAX_CHUNK_BYTES = 1 << 20
_RATES_HZ = range(8_000, 96_001)
_SAMPLE_BYTES = 2
_CERTAIN = 0.5  # from here on a watermark counts as found
NO_WATERMARK = (
    "Nothing is installed here that marks speech inaudibly: install the torch engines "
    "(`make run-torch`, docs/voices.md)."
)

# In quotes: gRPC's class takes parameters in its stubs only.
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Events = AsyncGenerator[voice_pb2.SynthesizeEvent, None]


class VoiceServicer(voice_pb2_grpc.VoiceServicer):
    def __init__(self, host: VoiceHost, admission: Admission) -> None:
        self._host = host
        self._admission = admission

    async def Synthesize(  # noqa: N802  # gRPC's name
        self, request: voice_pb2.SynthesizeRequest, context: Context
    ) -> AsyncIterator[voice_pb2.SynthesizeEvent]:
        try:
            _check_deadline(context)
            call = synthesize(self._host, self._admission, request)
            async with contextlib.aclosing(call) as events:
                async for event in events:
                    yield event
        except Exception as error:  # noqa: BLE001  # the outermost guard of the call; it logs
            await context.abort(*describe_failure(error))

    async def ListVoices(  # noqa: N802  # gRPC's name
        self, request: voice_pb2.ListVoicesRequest, context: Context
    ) -> voice_pb2.ListVoicesResponse:
        try:
            watermarker = self._host.watermarker
            return voice_pb2.ListVoicesResponse(
                engines=[_write_engine(engine) for engine in await self._host.describe()],
                watermark=watermarker.name if watermarker else "",
                watermark_hint="" if watermarker else NO_WATERMARK,
            )
        except Exception as error:  # the outermost guard of the call; it logs
            await context.abort(*describe_failure(error))
            raise

    async def AddWatermark(  # noqa: N802  # gRPC's name
        self, request: voice_pb2.AddWatermarkRequest, context: Context
    ) -> voice_pb2.AddWatermarkResponse:
        try:
            _check_deadline(context)
            samples = _read_pcm(request.pcm, request.sample_rate_hz, at_most_s=_MAX_MARKED_S)
            async with self._admission.enter_text():
                watermarker = self._watermarker()
                marked = await watermarker.add(samples, sample_rate_hz=request.sample_rate_hz)
            return voice_pb2.AddWatermarkResponse(
                pcm=_write_pcm(marked), watermark=watermarker.name
            )
        except Exception as error:  # the outermost guard of the call; it logs
            await context.abort(*describe_failure(error))
            raise

    async def DetectWatermark(  # noqa: N802  # gRPC's name
        self, request: voice_pb2.DetectWatermarkRequest, context: Context
    ) -> voice_pb2.DetectWatermarkResponse:
        try:
            _check_deadline(context)
            samples = _read_pcm(request.pcm, request.sample_rate_hz, at_most_s=_MAX_SEARCHED_S)
            async with self._admission.enter_text():
                watermarker = self._watermarker()
                sure = await watermarker.detect(samples, sample_rate_hz=request.sample_rate_hz)
            return voice_pb2.DetectWatermarkResponse(
                found=sure >= _CERTAIN, watermark=watermarker.name, confidence=sure
            )
        except Exception as error:  # the outermost guard of the call; it logs
            await context.abort(*describe_failure(error))
            raise

    def _watermarker(self) -> Watermarker:
        if self._host.watermarker is None:
            raise MissingCapabilityError(NO_WATERMARK)
        return self._host.watermarker


async def synthesize(
    host: VoiceHost, admission: Admission, request: voice_pb2.SynthesizeRequest
) -> Events:
    """Yield the events of one call. Raises what `servicers.status_codes` knows."""
    asked = _read_request(request)
    async with admission.enter_text():
        engine_id = await _choose_engine(host, request)
        async with (
            host.lease(engine_id) as engine,
            contextlib.aclosing(engine.synthesize(asked)) as events,  # type: ignore[type-var]  # engines are generators
        ):
            watermark = host.watermarker if not engine.watermark else None
            samples = generation_ms = 0
            async for event in events:
                if not isinstance(event, SynthesizedChunk):
                    yield voice_pb2.SynthesizeEvent(
                        accepted=voice_pb2.SynthesisAccepted(
                            engine=engine.model_id,
                            revision=engine.revision,
                            voice=event.voice,
                            language=event.language,
                            sample_rate_hz=engine.sample_rate_hz,
                            sentences=event.sentences,
                        )
                    )
                    continue
                made = event.samples
                if watermark is not None and len(made):
                    made = await watermark.add(made, sample_rate_hz=engine.sample_rate_hz)
                samples += len(made)
                generation_ms += event.generation_ms
                for chunk in _write_chunks(made, event.sentence):
                    yield chunk
        name = engine.watermark or (watermark.name if watermark else "")
        yield voice_pb2.SynthesizeEvent(
            finished=voice_pb2.SynthesisFinished(
                samples=samples, generation_ms=generation_ms, watermark=name
            )
        )


def _read_request(request: voice_pb2.SynthesizeRequest) -> SynthesisRequest:
    if not request.text.strip():
        raise BadRequestError("There is no text.")
    if len(request.text) > MAX_TEXT_CHARACTERS:
        raise BadRequestError(f"The text has more than {MAX_TEXT_CHARACTERS} characters.")
    if bool(request.voice) == request.HasField("reference"):
        raise BadRequestError("Name either a voice or a reference.")
    reference = None
    if request.HasField("reference"):
        sent = request.reference
        samples = _read_pcm(sent.pcm, sent.sample_rate_hz, at_most_s=_MAX_REFERENCE_S)
        reference = VoiceReference(samples, sent.sample_rate_hz, sent.text)
    return SynthesisRequest(
        text=request.text,
        language=request.language,
        voice=request.voice,
        reference=reference,
        seed=request.seed,
    )


async def _choose_engine(host: VoiceHost, request: voice_pb2.SynthesizeRequest) -> str:
    """Return the id of an available engine. Raises UnknownModelError, NotInstalledError,
    UnknownVoiceError.
    """
    engines = await host.describe()
    if request.engine:
        engines = [each for each in engines if each.id == request.engine]
        if not engines:
            raise UnknownModelError(f"There is no voice engine {request.engine!r}.")
    if request.HasField("reference"):
        engines = [each for each in engines if each.can_clone]
    elif known := [each for each in engines if _has_voice(each, request.voice)]:
        engines = known
    else:
        raise UnknownVoiceError(_describe_voices(engines, request.voice))
    available = [each for each in engines if each.is_available]
    if not available:
        hints = " ".join(each.install_hint for each in engines)
        raise NotInstalledError(f"No engine for this is installed here. {hints}".strip())
    return available[0].id


def _has_voice(engine: EngineDescription, voice: str) -> bool:
    return any(each.id == voice for each in engine.voices)


def _describe_voices(engines: list[EngineDescription], voice: str) -> str:
    known = ", ".join(each.id for engine in engines for each in engine.voices)
    return f"There is no voice {voice!r}; there are: {known or 'none'}."


def _write_engine(engine: EngineDescription) -> voice_pb2.VoiceEngine:
    return voice_pb2.VoiceEngine(
        id=engine.id,
        name=engine.name,
        available=engine.is_available,
        install_hint=engine.install_hint,
        languages=engine.languages,
        voices=[
            voice_pb2.FixedVoice(
                id=voice.id, name=voice.name, description=voice.description, language=voice.language
            )
            for voice in engine.voices
        ],
        can_clone=engine.can_clone,
        licence=engine.licence,
        is_non_commercial=engine.is_non_commercial,
        sample_rate_hz=engine.sample_rate_hz,
    )


def _read_pcm(pcm: bytes, sample_rate_hz: int, *, at_most_s: int) -> Samples:
    if sample_rate_hz not in _RATES_HZ:
        raise BadRequestError("The sample rate must be from 8,000 to 96,000 Hz.")
    if not pcm or len(pcm) % _SAMPLE_BYTES:
        raise BadRequestError("The PCM must be whole 16-bit samples, and not empty.")
    if len(pcm) > at_most_s * sample_rate_hz * _SAMPLE_BYTES:
        raise BadRequestError(f"The PCM is longer than {at_most_s} s.")
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768)


def _write_pcm(samples: Samples) -> bytes:
    scaled = np.rint(np.clip(samples, -1, 1) * np.float32(32_767))
    return bytes(scaled.astype("<i2").data)


def _write_chunks(samples: Samples, sentence: int) -> list[voice_pb2.SynthesizeEvent]:
    pcm = _write_pcm(samples)
    return [
        voice_pb2.SynthesizeEvent(
            chunk=voice_pb2.SpeechChunk(
                pcm=pcm[start : start + _MAX_CHUNK_BYTES], sentence=sentence
            )
        )
        for start in range(0, len(pcm), _MAX_CHUNK_BYTES)
    ]


def _check_deadline(context: Context) -> None:
    if context.time_remaining() is None:
        raise BadRequestError("The call has no deadline.")
