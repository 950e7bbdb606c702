"""Audio.DiarizeRecording: passed on to the process of the torch engines, event by event."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import grpc

from inference_service.torch_link.failures import translate_failure
from inference_service.torch_link.link import TorchLink
from protos.stt.v1 import audio_pb2, audio_pb2_grpc

Requests = AsyncIterator[audio_pb2.DiarizeRecordingRequest]
Events = AsyncGenerator[audio_pb2.DiarizeRecordingEvent, None]


async def diarize_recording(link: TorchLink, requests: Requests, *, timeout_s: float) -> Events:
    """Yield the events of one call. Raises TorchAwayError, TorchRefusedError."""
    call = audio_pb2_grpc.AudioStub(link.channel).DiarizeRecording(requests, timeout=timeout_s)
    try:
        with link.watch(call):
            async for event in call:
                yield event
    except (grpc.aio.AioRpcError, asyncio.CancelledError) as error:
        raise translate_failure(error, link) from error
    finally:
        call.cancel()
