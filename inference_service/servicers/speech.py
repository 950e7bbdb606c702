"""stt.v1.Speech: translate the call, run a session, translate its events."""

import contextlib
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator

import grpc

from inference_service.catalog import ModelEntry
from inference_service.engines.asr import Recogniser
from inference_service.runtime import Runtime
from inference_service.servicers.align import align_words
from inference_service.servicers.capabilities import check_language, choose_timer
from inference_service.servicers.enhance import choose_enhancer, lease_enhancer
from inference_service.servicers.live import stream_live
from inference_service.servicers.replies import write_event
from inference_service.servicers.requests import (
    BadRequestError,
    read_audio,
    read_config,
    read_options,
    read_priority,
)
from inference_service.servicers.status_codes import (
    MissingCapabilityError,
    NotImplementedYetError,
    reporting_failures,
)
from inference_service.sessions.enhanced import EnhancedRecognition
from inference_service.sessions.events import StreamFinished
from inference_service.sessions.file import FileSession
from inference_service.sessions.windows import SAMPLE_RATE_HZ
from protos.stt.v1 import speech_pb2, speech_pb2_grpc

logger = logging.getLogger(__name__)

Requests = AsyncIterator[speech_pb2.TranscribeRequest]
StreamRequests = AsyncIterator[speech_pb2.StreamRequest]
Context = grpc.aio.ServicerContext[speech_pb2.TranscribeRequest, speech_pb2.TranscribeEvent]
StreamContext = grpc.aio.ServicerContext[speech_pb2.StreamRequest, speech_pb2.StreamEvent]


class SpeechServicer(speech_pb2_grpc.SpeechServicer):
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def Transcribe(  # noqa: N802  # gRPC's name
        self, request_iterator: Requests, context: Context
    ) -> AsyncIterator[speech_pb2.TranscribeEvent]:
        transcribed = self._transcribe(request_iterator, context)
        async with reporting_failures(context), contextlib.aclosing(transcribed) as events:
            async for event in events:
                yield event

    async def Stream(  # noqa: N802  # gRPC's name
        self, request_iterator: StreamRequests, context: StreamContext
    ) -> AsyncIterator[speech_pb2.StreamEvent]:
        has_deadline = context.time_remaining() is not None
        stream = stream_live(self._runtime, request_iterator, has_deadline=has_deadline)
        async with reporting_failures(context), contextlib.aclosing(stream) as events:
            async for event in events:
                yield event

    async def Align(  # noqa: N802  # gRPC's name
        self,
        request: speech_pb2.AlignRequest,
        context: grpc.aio.ServicerContext[speech_pb2.AlignRequest, speech_pb2.AlignResponse],
    ) -> speech_pb2.AlignResponse:
        has_deadline = context.time_remaining() is not None
        async with reporting_failures(context):
            return await align_words(self._runtime, request, has_deadline=has_deadline)

    async def _transcribe(
        self, requests: Requests, context: Context
    ) -> AsyncGenerator[speech_pb2.TranscribeEvent, None]:
        if context.time_remaining() is None:
            raise BadRequestError("The call has no deadline.")
        runtime = self._runtime
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(runtime.admission.enter())
            config = await read_config(requests)
            entry = runtime.catalog.resolve(config.model)
            _check_capabilities(config, entry)
            recogniser = await stack.enter_async_context(runtime.pool.lease(entry.id))
            for language in (config.language, config.detected_language, *config.languages):
                check_language(language, recogniser)
            yield self._accept(config, recogniser)
            queue = await stack.enter_async_context(
                runtime.schedulers.open_queue(recogniser, read_priority(config))
            )
            session = FileSession(
                read_options(config),
                queue=queue,
                stages=runtime.stages,
                embedder=runtime.embedder if config.with_speaker_turns else None,
                timer=choose_timer(runtime, config.aligner),
                enhanced=await self._lease_enhanced(config, stack),
            )
            events = await stack.enter_async_context(
                contextlib.aclosing(session.run(read_audio(requests)))
            )
            started = time.monotonic()
            async for event in events:
                if isinstance(event, StreamFinished):
                    _log_finished(event, recogniser, seconds=time.monotonic() - started)
                yield write_event(event)

    async def _lease_enhanced(
        self, config: speech_pb2.TranscribeConfig, stack: contextlib.AsyncExitStack
    ) -> EnhancedRecognition | None:
        if not config.enhance:
            return None
        entry = choose_enhancer(self._runtime.catalog, source_hz=SAMPLE_RATE_HZ)
        enhancer = await stack.enter_async_context(lease_enhancer(self._runtime, entry))
        return EnhancedRecognition(
            enhancer, stages=self._runtime.enhancing, priority=read_priority(config)
        )

    def _accept(
        self, config: speech_pb2.TranscribeConfig, recogniser: Recogniser
    ) -> speech_pb2.TranscribeEvent:
        embedder = self._runtime.embedder if config.with_speaker_turns else None
        return speech_pb2.TranscribeEvent(
            accepted=speech_pb2.Accepted(
                model=recogniser.model_id,
                engine=recogniser.engine,
                device=recogniser.device,
                compute_type=recogniser.compute_type,
                embedder=embedder.description.name if embedder else "",
            )
        )


def _check_capabilities(config: speech_pb2.TranscribeConfig, entry: ModelEntry) -> None:
    if config.channels > 1:
        raise NotImplementedYetError("Only one channel can be transcribed today.")
    if config.task == speech_pb2.TASK_TRANSLATE and not entry.can_translate:
        raise MissingCapabilityError(f"The model {entry.id} can't translate.")


def _log_finished(finished: StreamFinished, recogniser: Recogniser, *, seconds: float) -> None:
    logger.info(
        "event=transcribed model=%s audio_duration_ms=%d speech_ms=%d queue_ms=%d compute_ms=%d "
        "duration_ms=%d",
        recogniser.model_id,
        finished.audio_duration_ms,
        finished.speech_ms,
        finished.queue_ms,
        finished.compute_ms,
        round(1000 * seconds),
    )
