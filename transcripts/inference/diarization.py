"""Diarization of a whole recording at once, by a torch engine (`Audio.DiarizeRecording`)."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import grpc

from protos.stt.v1 import audio_pb2, audio_pb2_grpc, speech_pb2
from transcripts.inference.channel import get_channel
from transcripts.inference.client import STREAM_DEADLINE_S, WatchedCall, call_metadata
from transcripts.inference.errors import (
    BrokenAnswerError,
    UnavailableError,
    translate_rpc_error,
)
from transcripts.inference.results import LabelledTurn
from transcripts.inference.servers import Server

Progress = Callable[[float], None]


class _EventStream(Protocol):
    def __iter__(self) -> Iterator[audio_pb2.DiarizeRecordingEvent]: ...

    def cancel(self) -> object: ...


class DiarizeRecordingCall(WatchedCall):
    """A call under way. `diarizer`: which one runs, known once it was accepted."""

    def __init__(self, rpc: _EventStream) -> None:
        super().__init__(rpc)
        self._rpc = rpc
        self.diarizer = ""

    def collect(self, note_progress: Progress) -> list[LabelledTurn]:
        """Return all turns, in time order. Raises `InferenceError`.

        note_progress: called with the share of the work, whenever that has grown.
        """
        turns: list[LabelledTurn] = []
        reached = 0.0
        try:
            for message in self._rpc:
                self.note_movement()
                if message.HasField("accepted"):
                    self.diarizer = message.accepted.diarizer
                elif message.HasField("turns"):
                    turns += map(_read_turn, message.turns.turns)
                    if message.turns.is_last:
                        return turns
                elif message.progress.fraction > reached:
                    reached = message.progress.fraction
                    note_progress(reached)
        except grpc.RpcError as error:
            raise translate_rpc_error(error) from error
        raise UnavailableError("The inference service ended a call before its end.")


def diarize_recording(
    pcm: Iterable[bytes], *, diarizer: str, speakers: int, server: Server
) -> DiarizeRecordingCall:
    """Separate the speakers of a recording; `pcm` as for `client.start_transcribe`.

    diarizer: id of an engine; empty: the server's best. speakers: exactly; 0: find the number.
    """
    stub = audio_pb2_grpc.AudioStub(get_channel(server))
    rpc = stub.DiarizeRecording(
        _requests(pcm, diarizer=diarizer, speakers=speakers),
        timeout=STREAM_DEADLINE_S,
        metadata=call_metadata(server),
    )
    return DiarizeRecordingCall(rpc)


def _requests(
    pcm: Iterable[bytes], *, diarizer: str, speakers: int
) -> Iterator[audio_pb2.DiarizeRecordingRequest]:
    config = audio_pb2.DiarizeRecordingConfig(diarizer=diarizer, speakers=speakers)
    yield audio_pb2.DiarizeRecordingRequest(config=config)
    for chunk in pcm:
        yield audio_pb2.DiarizeRecordingRequest(audio=speech_pb2.AudioChunk(pcm=chunk))


def _read_turn(turn: audio_pb2.LabelledTurn) -> LabelledTurn:
    if turn.end_ms <= turn.start_ms or not turn.speaker:
        raise BrokenAnswerError("The inference service sent a turn without length or speaker.")
    return LabelledTurn(turn.start_ms, turn.end_ms, turn.speaker)
