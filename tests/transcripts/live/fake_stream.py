"""An inference service for live sessions that does what a test scripts, on a loop of its own.

It recognises one word a second, like `transcripts.fake_inference`: for the second that begins at
3 s, "w3": a hypothesis of it after half of it, an utterance at its end. Each call of Stream takes
the next `StreamScript`, and the default one when there is none. `Transcribe` is that other fake's.
"""

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import grpc
import grpc.aio

from protos.stt.v1 import (
    audio_pb2_grpc,
    server_pb2,
    server_pb2_grpc,
    speech_pb2,
    speech_pb2_grpc,
)
from tests.transcripts.fake_inference import FakeInference, _Audio, _Info, _Speech
from tests.transcripts.known_servers import discard_servers
from tests.transcripts.served_api import make_info

BYTES_A_MS = 32
SECOND_MS = 1000


@dataclass
class StreamScript:
    """How one call goes. It breaks off with `status` after `utterances`, or never (None)."""

    utterances: int | None = None
    status: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE
    refuses: bool = False  # instead: with `status`, at once
    hangs: bool = False  # instead: sends no more, until the caller leaves
    is_silent: bool = False
    step_ms: int = SECOND_MS  # of an utterance
    language: str = "en"
    spoken: dict[int, tuple[str, float]] = field(default_factory=dict)  # second: language, how sure
    gaps: dict[int, list[speech_pb2.Gap]] = field(default_factory=dict)  # by the second
    unaligned: frozenset[int] = frozenset()  # seconds
    paces: list[speech_pb2.Pace] = field(default_factory=list)


@dataclass
class StreamCall:
    """What a call was sent."""

    config: speech_pb2.StreamConfig
    metadata: dict[str, str]
    pcm: bytearray = field(default_factory=bytearray)
    configured: list[str] = field(default_factory=list)
    flushes: list[int] = field(default_factory=list)  # after how many bytes


class FakeStream:
    """`with FakeStream() as fake:` listens on `fake.target`."""

    def __init__(self, *, info: server_pb2.ServerInfo | None = None, port: int = 0) -> None:
        self.scripts: list[StreamScript] = []
        self.calls: list[StreamCall] = []
        self.open_calls = 0
        known = info or make_info()
        known.optional_engines.add(id="wav2vec2", kind="aligner", install_hint="make run-torch")
        self.files = FakeInference(info=known)
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        if not self.port:
            discard_servers()
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        with grpc.insecure_channel(self.target) as channel:
            grpc.channel_ready_future(channel).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def stop(self) -> None:
        """End as a killed process does: calls break off, the port is free."""
        asyncio.run_coroutine_threadsafe(self._server.stop(None), self._loop).result()

    async def _start(self) -> None:
        self._server = grpc.aio.server(
            ThreadPoolExecutor(8),
            options=[("grpc.http2.min_ping_interval_without_data_ms", 1_000)],
        )
        speech_pb2_grpc.add_SpeechServicer_to_server(_LiveSpeech(self), self._server)
        audio_pb2_grpc.add_AudioServicer_to_server(_Audio(self.files), self._server)
        server_pb2_grpc.add_ServerServicer_to_server(_Info(self.files), self._server)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self._server.start()


class _LiveSpeech(_Speech):
    def __init__(self, fake: FakeStream) -> None:
        super().__init__(fake.files)
        self._live = fake

    async def Stream(  # noqa: N802  # named by the proto
        self,
        request_iterator: AsyncIterator[speech_pb2.StreamRequest],
        context: "grpc.aio.ServicerContext[Any, Any]",
    ) -> AsyncIterator[speech_pb2.StreamEvent]:
        script = self._live.scripts.pop(0) if self._live.scripts else StreamScript()
        first = await anext(aiter(request_iterator))
        if script.refuses:
            await context.abort(script.status, "As the script says.")
        metadata = {key: str(value) for key, value in context.invocation_metadata() or ()}
        call = StreamCall(first.config, metadata)
        self._live.calls.append(call)
        self._live.open_calls += 1
        try:
            async for event in _recognise(request_iterator, script, call):
                if event is None:
                    if script.hangs:
                        await asyncio.Event().wait()
                    await context.abort(script.status, "As the script says.")
                else:
                    yield event
        finally:
            self._live.open_calls -= 1


async def _recognise(
    requests: AsyncIterator[speech_pb2.StreamRequest], script: StreamScript, call: StreamCall
) -> AsyncIterator[speech_pb2.StreamEvent | None]:
    """Yield events; None where the script breaks off."""
    offset_ms = call.config.offset_ms
    accepted = speech_pb2.Accepted(model="tiny", engine="fake", device="cpu")
    yield speech_pb2.StreamEvent(accepted=accepted)
    language = call.config.language or script.language
    yield speech_pb2.StreamEvent(
        language=speech_pb2.LanguageDetected(language=language, probability=0.9, detected=True)
    )
    for pace in script.paces:
        yield speech_pb2.StreamEvent(pace=pace)
    final_ms = guessed_ms = delivered = 0
    async for request in requests:
        call.pcm += request.audio.pcm
        received_ms = len(call.pcm) // BYTES_A_MS
        if request.HasField("configure"):
            call.configured.append(request.configure.language)
        if request.HasField("flush"):
            call.flushes.append(len(call.pcm))
            if received_ms > final_ms:
                yield _utterance(script, offset_ms + final_ms, offset_ms + received_ms)
                final_ms = received_ms
        while received_ms - final_ms >= script.step_ms:
            if delivered == script.utterances:
                yield None
            delivered += 1
            end_ms = final_ms + script.step_ms
            yield _utterance(script, offset_ms + final_ms, offset_ms + end_ms)
            final_ms = end_ms
        is_due = received_ms - final_ms >= SECOND_MS // 2 and guessed_ms <= final_ms
        if is_due and not script.is_silent:
            guessed_ms = received_ms
            yield _hypothesis(offset_ms + final_ms, offset_ms + received_ms)
    received_ms = len(call.pcm) // BYTES_A_MS
    if received_ms > final_ms:
        yield _utterance(script, offset_ms + final_ms, offset_ms + received_ms)
    yield speech_pb2.StreamEvent(
        finished=speech_pb2.Finished(audio_duration_ms=offset_ms + received_ms)
    )


def _utterance(script: StreamScript, start_ms: int, end_ms: int) -> speech_pb2.StreamEvent:
    utterance = speech_pb2.Utterance(start_ms=start_ms, resume_ms=end_ms)
    utterance.unaligned = start_ms // SECOND_MS in script.unaligned
    utterance.gaps.extend(script.gaps.get(start_ms // SECOND_MS, ()))
    if not script.is_silent:
        text = f"w{start_ms // 1000}"
        word = speech_pb2.Word(text=text, start_ms=start_ms, end_ms=end_ms, confidence=0.75)
        language, probability = script.spoken.get(start_ms // SECOND_MS, ("", 0.0))
        utterance.segments.add(
            start_ms=start_ms,
            end_ms=end_ms,
            text=text,
            words=[word],
            confidence=0.75,
            language=language,
            language_probability=probability,
        )
    return speech_pb2.StreamEvent(utterance=utterance)


def _hypothesis(start_ms: int, covered_ms: int) -> speech_pb2.StreamEvent:
    word = speech_pb2.Word(
        text=f"w{start_ms // 1000}", start_ms=start_ms, end_ms=covered_ms, confidence=0.5
    )
    return speech_pb2.StreamEvent(
        hypothesis=speech_pb2.Hypothesis(
            start_ms=start_ms, covered_ms=covered_ms, committed=[word], pending=[]
        )
    )
