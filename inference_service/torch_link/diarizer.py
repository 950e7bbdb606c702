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
    is_answered = asyncio.Event()
    held_back = _until_answered(requests, is_answered)
    call = audio_pb2_grpc.AudioStub(link.channel).DiarizeRecording(held_back, timeout=timeout_s)
    try:
        with link.watch(call):
            async for event in call:
                is_answered.set()
                yield event
    except (grpc.aio.AioRpcError, asyncio.CancelledError) as error:
        raise translate_failure(error, link) from error
    finally:
        is_answered.set()  # else who reads `requests` for the call waits for ever
        call.cancel()


async def _until_answered(requests: Requests, is_answered: asyncio.Event) -> Requests:
    """Yield the config, and audio once the call is accepted.

    gRPC's asyncio client reports INTERNAL in place of a refusal that meets a message on its way
    (https://github.com/grpc/grpc/issues/36066).
    """
    is_first = True
    async for request in requests:
        yield request
        if is_first:
            await is_answered.wait()
            is_first = False
