"""The messages of one Transcribe call, checked: a config first, then audio.

Raises BadRequestError, whose sentence goes to the client with INVALID_ARGUMENT.
"""

from collections.abc import AsyncIterator
from typing import TypeAlias

from inference_service.engines.asr import DecodeContext
from inference_service.priority import Priority
from inference_service.sessions.file import SessionOptions
from protos.stt.v1 import speech_pb2

_MAX_CHUNK_BYTES = 1 << 20
_SAMPLE_BYTES = 2
_MAX_PROMPT_CHARACTERS = 1000
_MAX_HOT_WORDS = 100
_MAX_OFFSET_MS = 1 << 40  # 35 years
PRIORITIES = {
    speech_pb2.PRIORITY_UNSPECIFIED: Priority.BULK,
    speech_pb2.PRIORITY_LIVE: Priority.LIVE,
    speech_pb2.PRIORITY_SHORT: Priority.SHORT,
    speech_pb2.PRIORITY_BULK: Priority.BULK,
}
_TASKS = {
    speech_pb2.TASK_UNSPECIFIED: "transcribe",
    speech_pb2.TASK_TRANSCRIBE: "transcribe",
    speech_pb2.TASK_TRANSLATE: "translate",
}

Config: TypeAlias = speech_pb2.TranscribeConfig | speech_pb2.StreamConfig


class BadRequestError(ValueError):
    """A message breaks a rule of speech.proto."""


async def read_config(
    requests: AsyncIterator[speech_pb2.TranscribeRequest],
) -> speech_pb2.TranscribeConfig:
    """Take the first message."""
    first = await anext(requests, None)
    if first is None or first.WhichOneof("payload") != "config":
        raise BadRequestError("The first message must hold the config.")
    config = first.config
    check_context(config)
    if config.priority not in PRIORITIES or config.task not in _TASKS:
        raise BadRequestError("The priority or the task is unknown.")
    return config


async def read_audio(
    requests: AsyncIterator[speech_pb2.TranscribeRequest],
) -> AsyncIterator[bytes]:
    """Yield the PCM of all further messages."""
    async for request in requests:
        if request.WhichOneof("payload") != "audio":
            raise BadRequestError("After the config every message must hold audio.")
        yield read_chunk(request.audio)


def check_context(config: Config) -> None:
    """Check what both kinds of config hold."""
    if len(config.prompt) > _MAX_PROMPT_CHARACTERS:
        raise BadRequestError(f"The prompt is longer than {_MAX_PROMPT_CHARACTERS} characters.")
    if len(config.hot_words) > _MAX_HOT_WORDS:
        raise BadRequestError(f"There are more than {_MAX_HOT_WORDS} hot words.")
    if not 0 <= config.offset_ms <= _MAX_OFFSET_MS:
        raise BadRequestError("offset_ms is out of range.")
    if config.language and (config.multilingual or config.languages):
        raise BadRequestError(
            "A language was given, and with it languages that may occur: give one or the other."
        )


def read_context(config: Config) -> DecodeContext:
    return DecodeContext(prompt=config.prompt, hot_words=tuple(config.hot_words))


def read_chunk(audio: speech_pb2.AudioChunk) -> bytes:
    if len(audio.pcm) > _MAX_CHUNK_BYTES:
        raise BadRequestError("A chunk of audio is larger than 1 MiB.")
    if len(audio.pcm) % _SAMPLE_BYTES:
        raise BadRequestError("A chunk of audio must hold a whole number of 16-bit samples.")
    return audio.pcm


def read_options(config: speech_pb2.TranscribeConfig) -> SessionOptions:
    return SessionOptions(
        language=config.language,
        task=_TASKS[config.task],
        context=read_context(config),
        languages=frozenset(config.languages),
        is_multilingual=config.multilingual,
        detected=config.detected_language,
        offset_ms=config.offset_ms,
    )


def read_priority(config: speech_pb2.TranscribeConfig) -> Priority:
    return PRIORITIES[config.priority]
