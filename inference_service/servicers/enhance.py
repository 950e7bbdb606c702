"""Audio.Enhance: noise out of a recording, in threads of its own.

A block of one channel is worked on at a time, and nothing is read until its samples were sent:
memory stays flat, and gRPC's flow control stops the sender. A call that is cancelled ends behind
the block that is being worked on.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import cast

import numpy as np

from inference_service.catalog import Catalog, Kind, ModelEntry
from inference_service.catalog.enhancers import DEEPFILTERNET, GTCRN
from inference_service.engines.enhancement import (
    LIMITS_DB,
    Enhancer,
    EnhancerStream,
    Samples,
    Strength,
)
from inference_service.engines.enhancement.resampled import open_at
from inference_service.engines.enhancement.stationary import WienerEnhancer
from inference_service.priority import Priority
from inference_service.runtime import Runtime
from inference_service.servicers.requests import PRIORITIES, BadRequestError
from protos.stt.v1 import audio_pb2

Requests = AsyncIterator[audio_pb2.EnhanceRequest]
Events = AsyncGenerator[audio_pb2.EnhanceEvent, None]

# The engine for sources of a telephone's bandwidth; above, it would cut off what is audible.
_NARROW_HZ = 16_000
_LOWEST_HZ, _HIGHEST_HZ = 4_000, 192_000
_MAX_CHANNELS = 16
_MAX_CHUNK_BYTES = 1 << 20
_SAMPLE_BYTES = 4
_LOUDEST = 16.0  # 24 dB above full scale: more is no sound
_BLOCK_S = 4  # of audio, at most, in one go
_STRENGTHS = {
    audio_pb2.STRENGTH_UNSPECIFIED: Strength.STANDARD,
    audio_pb2.STRENGTH_LIGHT: Strength.LIGHT,
    audio_pb2.STRENGTH_STANDARD: Strength.STANDARD,
    audio_pb2.STRENGTH_FULL: Strength.FULL,
}


@dataclass(frozen=True, slots=True)
class _Config:
    priority: Priority
    rate_hz: int
    channels: int
    limit_db: float


async def enhance(runtime: Runtime, requests: Requests, *, has_deadline: bool) -> Events:
    """Yield the events of one call.

    Raises BadRequestError, AdmissionError, PoolError.
    """
    if not has_deadline:
        raise BadRequestError("The call has no deadline.")
    async with runtime.admission.enter():
        config = await _read_config(requests)
        entry = choose_enhancer(runtime.catalog, source_hz=config.rate_hz)
        async with lease_enhancer(runtime, entry) as enhancer:
            yield audio_pb2.EnhanceEvent(accepted=_accept(enhancer, entry, config.rate_hz))
            call = _Call(runtime, enhancer, config)
            async for event in call.run(requests):
                yield event


def choose_enhancer(catalog: Catalog, *, source_hz: int) -> ModelEntry | None:
    """Return the best installed model for a source of that rate; None: none suits."""
    installed = {entry.id: entry for entry in catalog.entries(Kind.ENHANCER) if entry.is_available}
    names = (GTCRN, DEEPFILTERNET) if source_hz <= _NARROW_HZ else (DEEPFILTERNET,)
    return next((installed[name] for name in names if name in installed), None)


def _accept(
    enhancer: Enhancer, entry: ModelEntry | None, rate_hz: int
) -> audio_pb2.EnhanceAccepted:
    accepted = audio_pb2.EnhanceAccepted(model=enhancer.model_id, fallback=entry is None)
    if entry is None:
        best = GTCRN if rate_hz <= _NARROW_HZ else DEEPFILTERNET
        accepted.install_hint = f"Run `python -m inference_service.catalog pull {best}`."
    return accepted


@contextlib.asynccontextmanager
async def lease_enhancer(runtime: Runtime, entry: ModelEntry | None) -> AsyncIterator[Enhancer]:
    """Lease the model of `entry`; None: the engine without weights. Raises PoolError."""
    if entry is None:
        yield WienerEnhancer()
        return
    async with runtime.pool.lease_entry(entry) as model:
        yield cast("Enhancer", model)  # its engine is an enhancer's


async def _read_config(requests: Requests) -> _Config:
    first = await anext(requests, None)
    if first is None or first.WhichOneof("payload") != "config":
        raise BadRequestError("The first message must hold the config.")
    config = first.config
    if config.priority not in PRIORITIES or config.strength not in _STRENGTHS:
        raise BadRequestError("The priority or the strength is unknown.")
    if not _LOWEST_HZ <= config.rate_hz <= _HIGHEST_HZ:
        raise BadRequestError(f"rate_hz must be from {_LOWEST_HZ} to {_HIGHEST_HZ}.")
    if not 1 <= config.channels <= _MAX_CHANNELS:
        raise BadRequestError(f"channels must be from 1 to {_MAX_CHANNELS}.")
    return _Config(
        PRIORITIES[config.priority],
        config.rate_hz,
        config.channels,
        LIMITS_DB[_STRENGTHS[config.strength]],
    )


class _Call:
    def __init__(self, runtime: Runtime, enhancer: Enhancer, config: _Config) -> None:
        self._stages = runtime.enhancing
        self._config = config
        self._streams: list[EnhancerStream] = [
            open_at(enhancer, source_hz=config.rate_hz, limit_db=config.limit_db)
            for _ in range(config.channels)
        ]
        self._frames = 0

    async def run(self, requests: Requests) -> Events:
        async for request in requests:
            for block in self._blocks_of(request):
                channels = [
                    await self._stages.run(self._config.priority, stream.push, block[:, channel])
                    for channel, stream in enumerate(self._streams)
                ]
                for event in self._write(channels):
                    yield event
        channels = [
            await self._stages.run(self._config.priority, stream.finish) for stream in self._streams
        ]
        for event in self._write(channels):
            yield event
        yield audio_pb2.EnhanceEvent(finished=audio_pb2.EnhanceFinished(frames=self._frames))

    def _blocks_of(self, request: audio_pb2.EnhanceRequest) -> list[Samples]:
        """Return the message's samples: float32 (frames, channels), some seconds each."""
        if request.WhichOneof("payload") != "pcm":
            raise BadRequestError("After the config every message must hold pcm.")
        frame_bytes = _SAMPLE_BYTES * self._config.channels
        if len(request.pcm) % frame_bytes or len(request.pcm) > _MAX_CHUNK_BYTES:
            raise BadRequestError("A chunk must hold whole frames, 1 MiB at most.")
        samples = np.frombuffer(request.pcm, "<f4").reshape(-1, self._config.channels)
        # Nothing infinite may reach a network, whose state it would stay in.
        samples = np.clip(np.nan_to_num(samples), -_LOUDEST, _LOUDEST)
        frames = _BLOCK_S * self._config.rate_hz
        return [samples[start : start + frames] for start in range(0, len(samples), frames)]

    def _write(self, channels: list[Samples]) -> list[audio_pb2.EnhanceEvent]:
        """All channels give back equally many samples, for each got as many."""
        made = np.stack(channels, axis=1)
        self._frames += len(made)
        frames = _MAX_CHUNK_BYTES // (_SAMPLE_BYTES * self._config.channels)
        return [
            audio_pb2.EnhanceEvent(pcm=made[start : start + frames].astype("<f4").tobytes())
            for start in range(0, len(made), frames)
        ]
