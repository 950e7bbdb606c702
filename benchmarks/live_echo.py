"""A stand-in for the inference service that recognises at once: what live sockets cost without it.

It sends a hypothesis each half second, and finalizes five seconds at a time: those of each session
begin elsewhere, as people don't pause together; with `--together` they do. Prints its address and,
at SIGTERM, how late its own event loop was while anybody spoke.
"""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc

from benchmarks.lateness import watch_lateness
from protos.stt.v1 import server_pb2, server_pb2_grpc, speech_pb2, speech_pb2_grpc

_BYTES_A_MS = 32
_GUESS_MS = 500
_UTTERANCE_MS = 5000
_MODEL = "echo"
_MANY = 10  # while so many speak, it is watched how late it is


class Speech(speech_pb2_grpc.SpeechServicer):
    def __init__(self, *, are_together: bool) -> None:
        self._are_together = are_together
        self._begun = self._open = 0
        self.late_s: list[float] = []

    async def Stream(  # noqa: N802  # named by the proto
        self,
        request_iterator: AsyncIterator[speech_pb2.StreamRequest],
        context: "grpc.aio.ServicerContext[Any, Any]",
    ) -> AsyncIterator[speech_pb2.StreamEvent]:
        self._open += 1
        self._begun += 1
        first_ms = _UTTERANCE_MS
        if not self._are_together:
            first_ms = _GUESS_MS * (1 + self._begun % (_UTTERANCE_MS // _GUESS_MS))
        if self._open == _MANY:
            self._watching = asyncio.create_task(self._watch())
        try:
            async for event in _recognise(request_iterator, first_ms=first_ms):
                yield event
        finally:
            self._open -= 1

    async def _watch(self) -> None:
        self.late_s += await watch_lateness(lambda: self._open < _MANY)


async def _recognise(
    requests: AsyncIterator[speech_pb2.StreamRequest], *, first_ms: int
) -> AsyncIterator[speech_pb2.StreamEvent]:
    yield speech_pb2.StreamEvent(accepted=speech_pb2.Accepted(model=_MODEL, engine=_MODEL))
    received_ms = guessed_ms = 0
    final_ms, utterance_ms = 0, first_ms
    async for request in requests:
        received_ms += len(request.audio.pcm) // _BYTES_A_MS
        if received_ms - final_ms >= utterance_ms:
            yield _utterance(final_ms, received_ms)
            final_ms = guessed_ms = received_ms
            utterance_ms = _UTTERANCE_MS
        elif received_ms - guessed_ms >= _GUESS_MS:
            yield _hypothesis(final_ms, received_ms)
            guessed_ms = received_ms
    yield _utterance(final_ms, received_ms)
    yield speech_pb2.StreamEvent(finished=speech_pb2.Finished(audio_duration_ms=received_ms))


class Server(server_pb2_grpc.ServerServicer):
    async def GetInfo(  # noqa: N802
        self, request: server_pb2.GetInfoRequest, context: "grpc.aio.ServicerContext[Any, Any]"
    ) -> server_pb2.ServerInfo:
        info = server_pb2.ServerInfo(default_model=_MODEL, version="benchmark")
        info.models.add(id=_MODEL, name=_MODEL, languages=["en"], available=True, served_by=_MODEL)
        info.models.add(id="large-v3-turbo", languages=["en"], served_by=_MODEL)
        return info


def _words(start_ms: int, end_ms: int) -> list[speech_pb2.Word]:
    """Return two words a second."""
    return [
        speech_pb2.Word(
            text="word", start_ms=at, end_ms=at + 400, confidence=0.9, space_before=True
        )
        for at in range(start_ms, end_ms, 500)
    ]


def _hypothesis(start_ms: int, end_ms: int) -> speech_pb2.StreamEvent:
    words = _words(start_ms, end_ms)
    return speech_pb2.StreamEvent(
        hypothesis=speech_pb2.Hypothesis(
            start_ms=start_ms, covered_ms=end_ms, committed=words[:-1], pending=words[-1:]
        )
    )


def _utterance(start_ms: int, end_ms: int) -> speech_pb2.StreamEvent:
    utterance = speech_pb2.Utterance(start_ms=start_ms, resume_ms=end_ms)
    words = _words(start_ms, end_ms)
    if words:
        text = " ".join(word.text for word in words)
        utterance.segments.add(
            start_ms=start_ms, end_ms=end_ms, text=text, words=words, confidence=0.9
        )
    return speech_pb2.StreamEvent(utterance=utterance)


async def main() -> None:
    server = grpc.aio.server(options=[("grpc.http2.min_ping_interval_without_data_ms", 1_000)])
    speech = Speech(are_together="--together" in sys.argv)  # type: ignore[abstract]  # nothing else is called
    speech_pb2_grpc.add_SpeechServicer_to_server(speech, server)
    server_pb2_grpc.add_ServerServicer_to_server(Server(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    print(json.dumps(speech.late_s))
    await server.stop(None)


if __name__ == "__main__":
    asyncio.run(main())
