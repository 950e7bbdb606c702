"""Speech.Stream: translate the call, run a live session, translate its events."""

import contextlib
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator

from inference_service.engines.asr import Recogniser
from inference_service.priority import Priority
from inference_service.runtime import Runtime
from inference_service.servicers.capabilities import check_language, choose_timer
from inference_service.servicers.replies import write_live_event
from inference_service.servicers.requests import (
    BadRequestError,
    check_context,
    read_chunk,
    read_context,
)
from inference_service.sessions.events import OutputWord, StreamFinished
from inference_service.sessions.live import StreamSession
from inference_service.sessions.live_messages import (
    FlushRequest,
    LanguageRequest,
    LiveMessage,
    LiveOptions,
)
from protos.stt.v1 import speech_pb2

logger = logging.getLogger(__name__)

_MAX_COMMITTED = 1000  # words; half a minute holds a hundred
_MAX_WORD_CHARACTERS = 200
_ENDPOINTING_MS = range(300, 5001)

Requests = AsyncIterator[speech_pb2.StreamRequest]


async def stream_live(
    runtime: Runtime, requests: Requests, *, has_deadline: bool
) -> AsyncGenerator[speech_pb2.StreamEvent, None]:
    """Run one session. Raises what `servicers.status_codes` knows."""
    if not has_deadline:
        raise BadRequestError("The call has no deadline.")
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(runtime.admission.enter_live())
        config = await _read_config(requests)
        entry = runtime.catalog.resolve(config.model)
        recogniser = await stack.enter_async_context(runtime.pool.lease(entry.id))
        for language in (config.language, *config.languages):
            check_language(language, recogniser)
        yield _accept(recogniser)
        queue = await stack.enter_async_context(
            runtime.schedulers.open_queue(recogniser, Priority.LIVE)
        )
        session = StreamSession(
            _read_options(config),
            queue=queue,
            stages=runtime.stages,
            draining=runtime.admission.draining,
            timer=choose_timer(runtime, config.aligner),
        )
        events = await stack.enter_async_context(
            contextlib.aclosing(session.run(_read_messages(requests, recogniser)))
        )
        started = time.monotonic()
        async for event in events:
            if isinstance(event, StreamFinished):
                _log_finished(event, recogniser, seconds=time.monotonic() - started)
            yield write_live_event(event)


async def _read_config(requests: Requests) -> speech_pb2.StreamConfig:
    first = await anext(requests, None)
    if first is None or first.WhichOneof("payload") != "config":
        raise BadRequestError("The first message must hold the config.")
    config = first.config
    check_context(config)
    if config.language and (config.languages or config.multilingual):
        raise BadRequestError("With a language there can't be others to choose from.")
    if len(config.committed) > _MAX_COMMITTED:
        raise BadRequestError(f"There are more than {_MAX_COMMITTED} committed words.")
    if config.endpointing_ms and config.endpointing_ms not in _ENDPOINTING_MS:
        raise BadRequestError("endpointing_ms must be 0, or 300 to 5000.")
    reached_ms = config.offset_ms
    for word in config.committed:
        if not word.text.strip() or len(word.text) > _MAX_WORD_CHARACTERS:
            raise BadRequestError(f"Each word has 1 to {_MAX_WORD_CHARACTERS} characters.")
        if not reached_ms <= word.start_ms <= word.end_ms:
            raise BadRequestError("The committed words must lie behind offset_ms, in time order.")
        reached_ms = word.end_ms
    return config


def _read_options(config: speech_pb2.StreamConfig) -> LiveOptions:
    return LiveOptions(
        language=config.language,
        languages=tuple(config.languages),
        is_multilingual=config.multilingual,
        context=read_context(config),
        offset_ms=config.offset_ms,
        endpointing_ms=config.endpointing_ms,
        committed=tuple(
            OutputWord(
                text=word.text,
                start_ms=word.start_ms,
                end_ms=word.end_ms,
                confidence=word.confidence,
                space_before=word.space_before,
            )
            for word in config.committed
        ),
    )


async def _read_messages(requests: Requests, recogniser: Recogniser) -> AsyncIterator[LiveMessage]:
    async for request in requests:
        kind = request.WhichOneof("payload")
        if kind == "audio":
            yield read_chunk(request.audio)
        elif kind == "configure":
            check_language(request.configure.language, recogniser)
            yield LanguageRequest(request.configure.language)
        elif kind == "flush":
            yield FlushRequest()
        else:
            raise BadRequestError("After the config comes audio, configure or flush.")


def _accept(recogniser: Recogniser) -> speech_pb2.StreamEvent:
    return speech_pb2.StreamEvent(
        accepted=speech_pb2.Accepted(
            model=recogniser.model_id,
            engine=recogniser.engine,
            device=recogniser.device,
            compute_type=recogniser.compute_type,
        )
    )


def _log_finished(finished: StreamFinished, recogniser: Recogniser, *, seconds: float) -> None:
    logger.info(
        "event=streamed model=%s audio_duration_ms=%d speech_ms=%d queue_ms=%d compute_ms=%d "
        "duration_ms=%d",
        recogniser.model_id,
        finished.audio_duration_ms,
        finished.speech_ms,
        finished.queue_ms,
        finished.compute_ms,
        round(1000 * seconds),
    )
