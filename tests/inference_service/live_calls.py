"""Live streams as a client makes them, and the promises of every stream."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field

import grpc

from protos.stt.v1 import speech_pb2, speech_pb2_grpc

DEADLINE_S = 180.0
CHUNK_BYTES = 3_200  # 0.1 s


def make_config(**options: object) -> speech_pb2.StreamRequest:
    config = {"language": "en"} | options
    return speech_pb2.StreamRequest(config=speech_pb2.StreamConfig(**config))  # type: ignore[arg-type]


def make_audio(pcm: bytes) -> speech_pb2.StreamRequest:
    return speech_pb2.StreamRequest(audio=speech_pb2.AudioChunk(pcm=pcm))


FLUSH = speech_pb2.StreamRequest(flush=speech_pb2.Flush())


def configure(language: str) -> speech_pb2.StreamRequest:
    return speech_pb2.StreamRequest(configure=speech_pb2.Configure(language=language))


def make_word(text: str, start_ms: int, end_ms: int) -> speech_pb2.Word:
    return speech_pb2.Word(
        text=text, start_ms=start_ms, end_ms=end_ms, confidence=0.5, space_before=True
    )


@dataclass
class StreamResult:
    """What came back from one stream; checks the promises as it comes."""

    offset_ms: int = 0
    accepted: speech_pb2.Accepted = field(default_factory=speech_pb2.Accepted)
    languages: list[speech_pb2.LanguageDetected] = field(default_factory=list)
    hypotheses: list[speech_pb2.Hypothesis] = field(default_factory=list)
    utterances: list[speech_pb2.Utterance] = field(default_factory=list)
    paces: list[speech_pb2.Pace] = field(default_factory=list)
    finished: speech_pb2.Finished | None = None
    known: list[str] = field(default_factory=list)  # final and committed so far

    @property
    def words(self) -> list[speech_pb2.Word]:
        return [
            word
            for utterance in self.utterances
            for segment in utterance.segments
            for word in segment.words
        ]

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def final_ms(self) -> int:
        return self.utterances[-1].resume_ms if self.utterances else self.offset_ms

    @property
    def covered_ms(self) -> int:
        covered_ms = self.hypotheses[-1].covered_ms if self.hypotheses else 0
        return max(covered_ms, self.final_ms)

    def add(self, event: speech_pb2.StreamEvent) -> None:
        assert self.finished is None
        if event.HasField("hypothesis"):
            self.hypotheses.append(event.hypothesis)
            self._check_growth([word.text for word in event.hypothesis.committed])
            assert event.hypothesis.start_ms >= self.final_ms
        elif event.HasField("utterance"):
            self._check_utterance(event.utterance)
            self.utterances.append(event.utterance)
            self._check_growth([])
        elif event.HasField("language"):
            self.languages.append(event.language)
        elif event.HasField("pace"):
            self.paces.append(event.pace)
        elif event.HasField("finished"):
            self.finished = event.finished
            assert self.final_ms == event.finished.audio_duration_ms
            assert [word.text for word in self.words][: len(self.known)] == self.known
        else:
            self.accepted = event.accepted

    def _check_growth(self, committed: list[str]) -> None:
        """What was final or committed is never withdrawn."""
        now = [word.text for word in self.words] + committed
        assert now[: len(self.known)] == self.known or self.known[: len(now)] == now
        self.known = max(self.known, now, key=len)

    def _check_utterance(self, utterance: speech_pb2.Utterance) -> None:
        assert utterance.start_ms == self.final_ms <= utterance.resume_ms
        reached_ms = utterance.start_ms
        for segment in utterance.segments:
            joined = "".join(" " * word.space_before + word.text for word in segment.words)
            assert segment.text == joined
            assert segment.start_ms < segment.end_ms <= utterance.resume_ms
            for word in segment.words:
                assert reached_ms <= word.start_ms <= word.end_ms <= utterance.resume_ms
                reached_ms = word.end_ms


class LiveClient:
    """A stream whose messages the test sends one by one."""

    def __init__(self, channel: grpc.aio.Channel, **options: object) -> None:
        stub = speech_pb2_grpc.SpeechStub(channel)
        self._send_queue: asyncio.Queue[speech_pb2.StreamRequest | None] = asyncio.Queue()
        self._send_queue.put_nowait(make_config(**options))
        self.call = stub.Stream(self._send(), timeout=DEADLINE_S)
        self.result = StreamResult(offset_ms=int(str(options.get("offset_ms", 0))))
        self._moved = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    def send(self, *messages: speech_pb2.StreamRequest) -> None:
        for message in messages:
            self._send_queue.put_nowait(message)

    async def speak(self, pcm: bytes, *, ahead_ms: int = 1500) -> None:
        """Send audio as fast as the text follows, so that it stays live."""
        sent_ms = self.result.covered_ms
        for chunk in cut(pcm):
            self.send(make_audio(chunk))
            sent_ms += len(chunk) // 32
            await self._wait_until_covered(sent_ms - ahead_ms)

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._moved.clear()
                if self._reading.done():
                    self._reading.result()
                    assert condition()
                    return
                await self._moved.wait()

    async def finish(self) -> StreamResult:
        self._send_queue.put_nowait(None)
        await asyncio.wait_for(self._reading, DEADLINE_S)
        assert self.result.finished
        return self.result

    async def _wait_until_covered(self, covered_ms: int) -> None:
        """Wait until the text covers this; in silence nothing comes, so not for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                while self.result.covered_ms < covered_ms:
                    self._moved.clear()
                    await self._moved.wait()

    async def _send(self) -> AsyncIterator[speech_pb2.StreamRequest]:
        while (message := await self._send_queue.get()) is not None:
            yield message

    async def _read(self) -> None:
        try:
            async for event in self.call:
                self.result.add(event)
                self._moved.set()
        finally:
            self._moved.set()


def cut(pcm: bytes, *, chunk_bytes: int = CHUNK_BYTES) -> Iterable[bytes]:
    return (pcm[start : start + chunk_bytes] for start in range(0, len(pcm), chunk_bytes))


async def fail_to_stream(
    port: int, messages: Iterable[speech_pb2.StreamRequest], *, timeout_s: float | None = DEADLINE_S
) -> tuple[grpc.StatusCode, str]:
    """By gRPC's threaded client; see `calls.fail_to_transcribe`."""

    def call() -> tuple[grpc.StatusCode, str]:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            events = speech_pb2_grpc.SpeechStub(channel).Stream(iter(messages), timeout=timeout_s)
            with contextlib.suppress(grpc.RpcError):
                list(events)
            return events.code(), events.details() or ""

    return await asyncio.to_thread(call)
