"""Audio.FindTurns: the speaker turns of a recording that is not recognised.

Windows are worked on one after the other, and nothing is read until then: memory stays flat, and
gRPC's flow control stops the sender.
"""

from collections.abc import AsyncGenerator, AsyncIterator

from inference_service.priority import Priority
from inference_service.runtime import Runtime
from inference_service.servicers.replies import write_window
from inference_service.servicers.requests import PRIORITIES, BadRequestError, read_chunk
from inference_service.servicers.status_codes import MissingCapabilityError
from inference_service.sessions.events import WindowFinalized
from inference_service.sessions.turns import TurnFinder
from inference_service.sessions.window_finder import WindowFinder
from inference_service.sessions.windows import SAMPLE_RATE_HZ, DecodingWindow
from protos.stt.v1 import audio_pb2, speech_pb2

Requests = AsyncIterator[audio_pb2.FindTurnsRequest]
Events = AsyncGenerator[audio_pb2.FindTurnsEvent, None]

# As in a file session: long enough not to pay for the hand-over, short enough to be fair.
_BLOCK_BYTES = 5 * 2 * SAMPLE_RATE_HZ


async def find_turns(runtime: Runtime, requests: Requests, *, has_deadline: bool) -> Events:
    """Yield the events of one call.

    Raises BadRequestError, MissingCapabilityError, AdmissionError.
    """
    if not has_deadline:
        raise BadRequestError("The call has no deadline.")
    if runtime.embedder is None:
        raise MissingCapabilityError(
            "No speaker model is installed: python -m inference_service.catalog pull campplus"
        )
    async with runtime.admission.enter():
        config = await _read_config(requests)
        name = runtime.embedder.description.name
        yield audio_pb2.FindTurnsEvent(accepted=audio_pb2.FindTurnsAccepted(embedder=name))
        call = _Call(runtime, PRIORITIES[config.priority], config.offset_ms)
        async for event in call.run(requests):
            yield event


async def _read_config(requests: Requests) -> audio_pb2.FindTurnsConfig:
    first = await anext(requests, None)
    if first is None or first.WhichOneof("payload") != "config":
        raise BadRequestError("The first message must hold the config.")
    if first.config.priority not in PRIORITIES or first.config.offset_ms < 0:
        raise BadRequestError("The priority is unknown, or offset_ms is out of range.")
    return first.config


class _Call:
    def __init__(self, runtime: Runtime, priority: Priority, offset_ms: int) -> None:
        self._stages = runtime.stages
        self._priority = priority
        self._offset_ms = offset_ms
        self._finder = WindowFinder()
        self._turns = TurnFinder(
            runtime.embedder, stages=runtime.stages, priority=priority, offset_ms=offset_ms
        )

    async def run(self, requests: Requests) -> Events:
        async for block in _blocks(requests):
            for window in await self._stages.run(self._priority, self._finder.push, block):
                yield await self._finalize(window)
        for window in await self._stages.run(self._priority, self._finder.finish):
            yield await self._finalize(window)
        finished = speech_pb2.Finished(
            audio_duration_ms=self._to_ms(self._finder.samples),
            speech_ms=1000 * self._finder.speech_samples // SAMPLE_RATE_HZ,
        )
        yield audio_pb2.FindTurnsEvent(finished=finished)

    async def _finalize(self, window: DecodingWindow) -> audio_pb2.FindTurnsEvent:
        turns = await self._turns.find(window)
        finalized = WindowFinalized(
            self._to_ms(window.start_sample), self._to_ms(window.resume_sample), turns=turns
        )
        return audio_pb2.FindTurnsEvent(window=write_window(finalized))

    def _to_ms(self, sample: int) -> int:
        return self._offset_ms + 1000 * sample // SAMPLE_RATE_HZ


async def _blocks(requests: Requests) -> AsyncIterator[bytes]:
    """The audio in blocks; the last may be shorter."""
    block = bytearray()
    async for request in requests:
        if request.WhichOneof("payload") != "audio":
            raise BadRequestError("After the config every message must hold audio.")
        block += read_chunk(request.audio)
        while len(block) >= _BLOCK_BYTES:
            yield bytes(block[:_BLOCK_BYTES])
            del block[:_BLOCK_BYTES]
    if block:
        yield bytes(block)
