"""Calls of one inference server: each with a deadline, the server's token and the request id.

`transcripts.inference.routing` chooses the server.

Nothing is retried here: a caller knows what of its work is already stored
(`jobs/stages/recognise`).
"""

import time
from collections.abc import Iterable, Iterator
from typing import Protocol

import grpc

from protos.stt.v1 import (
    audio_pb2,
    audio_pb2_grpc,
    server_pb2,
    server_pb2_grpc,
    speech_pb2,
    speech_pb2_grpc,
)
from stt_web.core.request_id import request_id_var
from stt_web.core.tracing import carry
from transcripts.inference.channel import get_channel
from transcripts.inference.errors import UnavailableError, translate_rpc_error
from transcripts.inference.results import (
    ServerModels,
    SpeakerLabels,
    SpeakerTurn,
    TranscribeEvent,
    TranscribeOptions,
    WindowResult,
    read_event,
    read_labels,
    read_server_info,
    read_window,
)
from transcripts.inference.servers import Server

# A stream may last as long as a recording takes; one that meets this is continued by a new call.
STREAM_DEADLINE_S = 6 * 3600.0
DIARIZE_DEADLINE_S = 600.0
INFO_DEADLINE_S = 2.0


class _EventStream(Protocol):
    def __iter__(self) -> Iterator[speech_pb2.TranscribeEvent]: ...

    def cancel(self) -> object: ...


class _Cancellable(Protocol):
    def cancel(self) -> object: ...


class WatchedCall:
    """A call under way whose silence is measured.

    `cancel` may be called from any thread, at any time; who iterates over it then gets
    `UnavailableError`.
    """

    def __init__(self, rpc: _Cancellable) -> None:
        self._cancellable = rpc
        self._moved_at = time.monotonic()

    def cancel(self) -> None:
        self._cancellable.cancel()

    def note_movement(self) -> None:
        self._moved_at = time.monotonic()

    def silent_s(self) -> float:
        """Return the seconds since an event came (or `note_movement` was called)."""
        return time.monotonic() - self._moved_at


class TranscribeCall(WatchedCall):
    """A call under way: an iterator of events, consumed once; raises `InferenceError`."""

    def __init__(self, rpc: _EventStream) -> None:
        super().__init__(rpc)
        self._rpc = rpc

    def __iter__(self) -> Iterator[TranscribeEvent]:
        try:
            for message in self._rpc:
                self.note_movement()
                yield read_event(message)
        except grpc.RpcError as error:
            raise translate_rpc_error(error) from error


def start_transcribe(
    options: TranscribeOptions, pcm: Iterable[bytes], *, server: Server
) -> TranscribeCall:
    """Start streaming a recording.

    `pcm`: int16 little-endian, mono, 16 kHz, chunks of at most 1 MiB; pulled in a thread of gRPC,
    only as fast as the server takes it. It must not raise: gRPC would hide the error.
    """
    stub = speech_pb2_grpc.SpeechStub(get_channel(server))
    rpc = stub.Transcribe(
        _requests(options, pcm), timeout=STREAM_DEADLINE_S, metadata=call_metadata(server)
    )
    return TranscribeCall(rpc)


def diarize(
    turns: Iterable[SpeakerTurn],
    *,
    embedder: str,
    speakers: int,
    server: Server,
    deadline_s: float = DIARIZE_DEADLINE_S,
) -> SpeakerLabels:
    """Cluster the turns of one recording; `speakers` exactly, 0: find the number.

    Raises `InferenceError`. Blocks up to `deadline_s`.
    """
    request = audio_pb2.DiarizeRequest(embedder=embedder, speakers=speakers)
    request.turns.extend(
        speech_pb2.SpeakerTurn(
            start_ms=t.start_ms, end_ms=t.end_ms, embedding=t.embedding, overlap=t.overlap
        )
        for t in turns
    )
    stub = audio_pb2_grpc.AudioStub(get_channel(server))
    try:
        answer = stub.Diarize(request, timeout=deadline_s, metadata=call_metadata(server))
        return read_labels(answer)
    except grpc.RpcError as error:
        raise translate_rpc_error(error) from error


class _TurnStream(Protocol):
    def __iter__(self) -> Iterator[audio_pb2.FindTurnsEvent]: ...

    def cancel(self) -> object: ...


class FindTurnsCall:
    """A call under way: windows of turns, consumed once; raises `InferenceError`.

    embedder: whose turns they are, known once the first event came.
    """

    def __init__(self, rpc: _TurnStream) -> None:
        self._rpc = rpc
        self.embedder = ""

    def __iter__(self) -> Iterator[WindowResult]:
        try:
            for message in self._rpc:
                if message.HasField("accepted"):
                    self.embedder = message.accepted.embedder
                elif message.HasField("window"):
                    yield read_window(message.window)
                else:
                    return
        except grpc.RpcError as error:
            raise translate_rpc_error(error) from error
        raise UnavailableError("The inference service ended a call before its end.")

    def cancel(self) -> None:
        self._rpc.cancel()


def find_turns(pcm: Iterable[bytes], *, server: Server) -> FindTurnsCall:
    """Find the speaker turns of a recording without recognising it; `pcm` as `start_transcribe`."""
    stub = audio_pb2_grpc.AudioStub(get_channel(server))
    rpc = stub.FindTurns(
        _turn_requests(pcm), timeout=STREAM_DEADLINE_S, metadata=call_metadata(server)
    )
    return FindTurnsCall(rpc)


def _turn_requests(pcm: Iterable[bytes]) -> Iterator[audio_pb2.FindTurnsRequest]:
    config = audio_pb2.FindTurnsConfig(priority=speech_pb2.PRIORITY_BULK)
    yield audio_pb2.FindTurnsRequest(config=config)
    for chunk in pcm:
        yield audio_pb2.FindTurnsRequest(audio=speech_pb2.AudioChunk(pcm=chunk))


def fetch_info(server: Server) -> ServerModels:
    """Ask what the server is and has. Raises `InferenceError` within `INFO_DEADLINE_S`."""
    stub = server_pb2_grpc.ServerStub(get_channel(server))
    request = server_pb2.GetInfoRequest()
    try:
        answer = stub.GetInfo(request, timeout=INFO_DEADLINE_S, metadata=call_metadata(server))
        return read_server_info(answer)
    except grpc.RpcError as error:
        raise translate_rpc_error(error) from error


def _requests(
    options: TranscribeOptions, pcm: Iterable[bytes]
) -> Iterator[speech_pb2.TranscribeRequest]:
    yield speech_pb2.TranscribeRequest(config=options.as_proto())
    for chunk in pcm:
        yield speech_pb2.TranscribeRequest(audio=speech_pb2.AudioChunk(pcm=chunk))


def call_metadata(server: Server) -> tuple[tuple[str, str | bytes], ...]:
    """Return what every call carries: the request id, the trace that it is part of, and the token
    where one is asked for."""
    carried = (("x-request-id", request_id_var.get() or "-"), *carry().items())
    if not server.token:
        return carried
    return (*carried, ("authorization", f"Bearer {server.token}"))
