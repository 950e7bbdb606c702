"""Speech.Align: given words of one window, placed by the recogniser's attention and the aligner."""

import logging
from collections.abc import Sequence

import numpy as np

from inference_service.engines.alignment import (
    Aligner,
    AlignmentRequest,
    GivenWord,
    UnalignableError,
)
from inference_service.engines.asr import Recogniser, Samples, TextSegment, TimedWord
from inference_service.engines.attention_bias import attention_bias_s
from inference_service.priority import Priority
from inference_service.runtime import Runtime
from inference_service.servicers.replies import TIMINGS
from inference_service.servicers.requests import BadRequestError
from inference_service.servicers.status_codes import MissingCapabilityError
from inference_service.sessions.voiced import detect_voice, trim_to_voice
from inference_service.sessions.word_times import SpokenWindow, WordTimer
from protos.stt.v1 import speech_pb2

logger = logging.getLogger(__name__)

_MAX_PCM_BYTES = 960_000  # 30 s
_MAX_OFFSET_MS = 1 << 40
# More words than this aren't spoken in 30 s; the engine counts its tokens besides.
_MAX_WORDS = 500
_MAX_WORD_CHARACTERS = 200
_SAMPLES_PER_S = 16_000


async def align_words(
    runtime: Runtime, request: speech_pb2.AlignRequest, *, has_deadline: bool
) -> speech_pb2.AlignResponse:
    """Place the words. Raises what `servicers.status_codes` knows.

    A person waits for it, so it is queued with the short recordings.
    """
    if not has_deadline:
        raise BadRequestError("The call has no deadline.")
    _check(request)
    async with runtime.admission.enter():
        entry = runtime.catalog.resolve(request.model)
        # Before the model is loaded, which may take long and push another one out.
        _check_language(request.language, model_id=entry.id, languages=entry.languages)
        async with runtime.pool.lease(entry.id) as recogniser:
            placed = await _place(runtime, recogniser, request)
            return speech_pb2.AlignResponse(
                model=recogniser.model_id, words=_write_words(placed, offset_ms=request.offset_ms)
            )


async def _place(
    runtime: Runtime, recogniser: Recogniser, request: speech_pb2.AlignRequest
) -> tuple[TimedWord, ...]:
    _check_language(request.language, model_id=recogniser.model_id, languages=recogniser.languages)
    if not isinstance(recogniser, Aligner):
        raise MissingCapabilityError(f"The model {recogniser.model_id} can't align.")
    words = tuple(GivenWord(word.text, word.space_before) for word in request.words)
    samples = _read_samples(request.pcm)
    try:
        recogniser.check_words(words, language=request.language)
    except UnalignableError as error:
        raise MissingCapabilityError(str(error)) from error
    async with runtime.schedulers.open_queue(recogniser, Priority.SHORT) as queue, queue.permit():
        features = await runtime.stages.run(Priority.SHORT, recogniser.prepare, samples)
        window = AlignmentRequest(
            features=features,
            duration_s=len(samples) / _SAMPLES_PER_S,
            language=request.language,
            words=words,
        )
        placed, cost = await queue.align(window, aligner=recogniser)
    bias_s = attention_bias_s(recogniser)
    timed = await runtime.stages.run(
        Priority.SHORT,
        _time_words,
        runtime.timer,
        SpokenWindow(samples, request.language, bias_s),
        placed,
    )
    logger.info(
        "event=aligned model=%s words=%d audio_ms=%d queue_ms=%d compute_ms=%d",
        recogniser.model_id,
        len(words),
        round(1000 * window.duration_s),
        round(1000 * cost.queue_s),
        round(1000 * cost.compute_s),
    )
    return timed


def _time_words(
    timer: WordTimer | None, window: SpokenWindow, placed: tuple[TimedWord, ...]
) -> tuple[TimedWord, ...]:
    """Return the attention's words with the times that the recording's own words would get."""
    if timer is None:
        return trim_to_voice(placed, detect_voice(window.samples))
    timed = timer.time_words(window, [TextSegment(0.0, window.duration_s, "", placed)])
    return timed.segments[0].words


def _check(request: speech_pb2.AlignRequest) -> None:
    """Raise BadRequestError where the request breaks a rule of the proto."""
    if not request.language:
        raise BadRequestError("The language is missing.")
    if not request.pcm or len(request.pcm) > _MAX_PCM_BYTES:
        raise BadRequestError("There must be audio, of at most 30 s.")
    if len(request.pcm) % 2:
        raise BadRequestError("The audio must hold a whole number of 16-bit samples.")
    if not 0 <= request.offset_ms <= _MAX_OFFSET_MS:
        raise BadRequestError("offset_ms is out of range.")
    if not 0 < len(request.words) <= _MAX_WORDS:
        raise BadRequestError(f"There must be words, at most {_MAX_WORDS}.")
    for word in request.words:
        if not word.text.strip() or len(word.text) > _MAX_WORD_CHARACTERS:
            raise BadRequestError(f"Each word has 1 to {_MAX_WORD_CHARACTERS} characters.")


def _check_language(language: str, *, model_id: str, languages: frozenset[str]) -> None:
    if languages and language not in languages:
        raise MissingCapabilityError(
            f"The model {model_id} doesn't know the language {language!r}."
        )


def _read_samples(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)


def _write_words(words: Sequence[TimedWord], *, offset_ms: int) -> list[speech_pb2.Word]:
    return [
        speech_pb2.Word(
            text=word.text,
            start_ms=offset_ms + round(1000 * word.start_s),
            end_ms=offset_ms + round(1000 * word.end_s),
            confidence=word.confidence,
            space_before=word.space_before,
            timing=TIMINGS[word.timing],
        )
        for word in words
    ]
