"""Audio.Enhance: a recording to an inference server, and back without its noise."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import grpc
import numpy as np
import numpy.typing as npt

from protos.stt.v1 import audio_pb2, audio_pb2_grpc, speech_pb2
from transcripts.inference.channel import get_channel
from transcripts.inference.client import STREAM_DEADLINE_S, call_metadata
from transcripts.inference.errors import (
    BrokenAnswerError,
    InferenceError,
    ModelNotInstalledError,
    UnavailableError,
    translate_rpc_error,
)
from transcripts.inference.servers import Server

Samples = npt.NDArray[np.float32]
StrengthName = Literal["light", "standard", "full"]

_CHUNK_BYTES = 1 << 20
_SAMPLE_BYTES = 4
_STRENGTHS = {
    "light": audio_pb2.STRENGTH_LIGHT,
    "standard": audio_pb2.STRENGTH_STANDARD,
    "full": audio_pb2.STRENGTH_FULL,
}
_PRIORITIES = {True: speech_pb2.PRIORITY_SHORT, False: speech_pb2.PRIORITY_BULK}


@dataclass(frozen=True)
class EnhanceOptions:
    rate_hz: int
    channels: int
    strength: str  # light, standard or full
    is_short: bool  # it goes before longer recordings


class _Stream(Protocol):
    def __iter__(self) -> Iterator[audio_pb2.EnhanceEvent]: ...

    def cancel(self) -> object: ...


class EnhanceCall:
    """A call under way: samples in the order of the recording, consumed once; raises
    `InferenceError`.

    `model`, `is_fallback` (no model is installed for such a source) and `install_hint` are known
    with the first samples. `cancel` may be called from any thread.
    """

    def __init__(self, rpc: _Stream, options: EnhanceOptions) -> None:
        self._rpc = rpc
        self._channels = options.channels
        self._moved_at = time.monotonic()
        self.model = self.install_hint = ""
        self.is_fallback = False

    def __iter__(self) -> Iterator[Samples]:
        """Yield float32 (frames, channels)."""
        frames = 0
        try:
            for event in self._rpc:
                self.note_movement()
                if event.HasField("accepted"):
                    self.model = event.accepted.model
                    self.is_fallback = event.accepted.fallback
                    self.install_hint = event.accepted.install_hint
                elif event.HasField("finished"):
                    if event.finished.frames != frames:
                        raise BrokenAnswerError("The inference service lost samples.")
                    return
                else:
                    samples = self._read(event.pcm)
                    frames += len(samples)
                    yield samples
        except grpc.RpcError as error:
            raise _translate(error) from error
        raise UnavailableError("The inference service ended a call before its end.")

    def cancel(self) -> None:
        self._rpc.cancel()

    def note_movement(self) -> None:
        self._moved_at = time.monotonic()

    def silent_s(self) -> float:
        """Return the seconds since an event came (or `note_movement` was called)."""
        return time.monotonic() - self._moved_at

    def _read(self, pcm: bytes) -> Samples:
        if not self.model or len(pcm) % (_SAMPLE_BYTES * self._channels):
            raise BrokenAnswerError("The inference service sent half a sample.")
        samples = np.frombuffer(pcm, "<f4").reshape(-1, self._channels)
        if not np.isfinite(samples).all():
            raise BrokenAnswerError("The inference service sent what is no sound.")
        return samples


def start_enhance(
    options: EnhanceOptions, samples: Iterable[Samples], *, server: Server
) -> EnhanceCall:
    """Start streaming a recording: float32 (frames, channels), pulled in a thread of gRPC, only as
    fast as the server takes it."""
    stub = audio_pb2_grpc.AudioStub(get_channel(server))
    rpc = stub.Enhance(
        _requests(options, samples), timeout=STREAM_DEADLINE_S, metadata=call_metadata(server)
    )
    return EnhanceCall(rpc, options)


def _requests(
    options: EnhanceOptions, samples: Iterable[Samples]
) -> Iterator[audio_pb2.EnhanceRequest]:
    yield audio_pb2.EnhanceRequest(
        config=audio_pb2.EnhanceConfig(
            priority=_PRIORITIES[options.is_short],
            rate_hz=options.rate_hz,
            channels=options.channels,
            strength=_STRENGTHS[options.strength],
        )
    )
    frames = _CHUNK_BYTES // (_SAMPLE_BYTES * options.channels)
    for chunk in samples:
        for start in range(0, len(chunk), frames):
            part = chunk[start : start + frames].astype("<f4")
            yield audio_pb2.EnhanceRequest(pcm=part.tobytes())


def _translate(error: grpc.RpcError) -> InferenceError:
    """A server from before this call can't do it."""
    if isinstance(error, grpc.Call) and error.code() == grpc.StatusCode.UNIMPLEMENTED:
        message = "This inference server can't enhance recordings: update it, then try again."
        return ModelNotInstalledError(message)
    return translate_rpc_error(error)
