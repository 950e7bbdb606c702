"""Calls of the inference service as a client makes them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field

import grpc

from protos.stt.v1 import speech_pb2, speech_pb2_grpc

Metadata = tuple[tuple[str, str], ...]

CHUNK_BYTES = 320_000
DEADLINE_S = 60.0


@dataclass
class Transcription:
    """What came back from one call, by kind."""

    kinds: list[str] = field(default_factory=list)
    accepted: speech_pb2.Accepted = field(default_factory=speech_pb2.Accepted)
    language: speech_pb2.LanguageDetected = field(default_factory=speech_pb2.LanguageDetected)
    windows: list[speech_pb2.WindowResult] = field(default_factory=list)
    finished: speech_pb2.Finished = field(default_factory=speech_pb2.Finished)

    @property
    def segments(self) -> list[speech_pb2.Segment]:
        return [segment for window in self.windows for segment in window.segments]

    @property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments)

    def add(self, event: speech_pb2.TranscribeEvent) -> None:
        kind = event.WhichOneof("event")
        assert kind is not None
        self.kinds.append(kind)
        if kind == "window":
            self.windows.append(event.window)
        else:
            setattr(self, kind, getattr(event, kind))


def make_config(**options: object) -> speech_pb2.TranscribeRequest:
    """The first message: English and the server's default model, by default."""
    config = {"language": "en", "priority": speech_pb2.PRIORITY_BULK} | options
    return speech_pb2.TranscribeRequest(config=speech_pb2.TranscribeConfig(**config))  # type: ignore[arg-type]


def make_audio(pcm: bytes) -> speech_pb2.TranscribeRequest:
    return speech_pb2.TranscribeRequest(audio=speech_pb2.AudioChunk(pcm=pcm))


def cut(pcm: bytes, *, chunk_bytes: int = CHUNK_BYTES) -> Iterable[bytes]:
    return (pcm[start : start + chunk_bytes] for start in range(0, len(pcm), chunk_bytes))


async def send(pcm: bytes, **options: object) -> AsyncIterator[speech_pb2.TranscribeRequest]:
    yield make_config(**options)
    for chunk in cut(pcm):
        yield make_audio(chunk)


async def transcribe(
    channel: grpc.aio.Channel,
    pcm: bytes,
    *,
    metadata: Metadata = (),
    **options: object,
) -> Transcription:
    stub = speech_pb2_grpc.SpeechStub(channel)
    result = Transcription()
    call = stub.Transcribe(send(pcm, **options), timeout=DEADLINE_S, metadata=metadata)
    async for event in call:
        result.add(event)
    return result


async def fail_to_transcribe(
    port: int,
    messages: Sequence[speech_pb2.TranscribeRequest],
    *,
    metadata: Metadata = (),
    timeout_s: float | None = DEADLINE_S,
) -> tuple[grpc.StatusCode, str]:
    """Send these messages; return the status and the sentence that the call ends with.

    By gRPC's threaded client, as the web tier's: the other one turns a status that arrives while
    it is still sending into INTERNAL (grpc.aio, `set_internal_error` in `_write`).
    """

    def call() -> tuple[grpc.StatusCode, str]:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = speech_pb2_grpc.SpeechStub(channel)
            events = stub.Transcribe(iter(messages), timeout=timeout_s, metadata=metadata)
            with contextlib.suppress(grpc.RpcError):
                list(events)
            return events.code(), events.details() or ""

    return await asyncio.to_thread(call)


def make_messages(pcm: bytes, **options: object) -> list[speech_pb2.TranscribeRequest]:
    return [make_config(**options), *map(make_audio, cut(pcm))]
