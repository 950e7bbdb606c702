"""Live streams to an inference server: the asynchronous half of this package's gRPC.

Channels belong to an event loop, and are cached with it. Nothing is retried here: a session knows
from where it goes on (`live/upstream`).
"""

import asyncio
from collections.abc import AsyncIterator
from weakref import WeakKeyDictionary

import grpc
import grpc.aio

from protos.stt.v1 import speech_pb2, speech_pb2_grpc
from transcripts.inference.channel import channel_options, credentials_of
from transcripts.inference.client import STREAM_DEADLINE_S, call_metadata
from transcripts.inference.errors import UnavailableError, translate_rpc_error
from transcripts.inference.live_results import StreamEvent, StreamOptions, read_stream_event
from transcripts.inference.server_cache import ServerCache
from transcripts.inference.servers import Server
from transcripts.inference.targets import find_uri

_Rpc = grpc.aio.StreamStreamCall[speech_pb2.StreamRequest, speech_pb2.StreamEvent]
_caches: WeakKeyDictionary[asyncio.AbstractEventLoop, ServerCache[grpc.aio.Channel]] = (
    WeakKeyDictionary()
)


class LiveCall:
    """A stream under way. Its methods raise `InferenceError`, but for `cancel`.

    Sending waits while the server takes nothing (flow control). Iterated once.
    """

    def __init__(self, rpc: _Rpc, server: Server, channel: grpc.aio.Channel) -> None:
        self._rpc = rpc
        # A channel that no one references is closed, and its calls with it: the cache may evict it.
        self._channel = channel
        self.server = server
        self._is_cancelled = False

    async def send_audio(self, pcm: bytes) -> None:
        await self._write(speech_pb2.StreamRequest(audio=speech_pb2.AudioChunk(pcm=pcm)))

    async def configure(self, *, language: str) -> None:
        await self._write(
            speech_pb2.StreamRequest(configure=speech_pb2.Configure(language=language))
        )

    async def flush(self) -> None:
        await self._write(speech_pb2.StreamRequest(flush=speech_pb2.Flush()))

    async def finish(self) -> None:
        """No more audio comes: the rest is finalised, and `Finished` follows."""
        try:
            await self._rpc.done_writing()
        except grpc.RpcError as error:
            raise translate_rpc_error(error) from error

    async def __aiter__(self) -> AsyncIterator[StreamEvent]:
        try:
            async for message in self._rpc:
                yield read_stream_event(message)
        except grpc.RpcError as error:
            raise translate_rpc_error(error) from error
        except asyncio.CancelledError:
            # gRPC's sign that the call was cancelled, which is not its reader's end.
            if self._is_cancelled and not is_being_cancelled():
                raise UnavailableError("The stream was given up.") from None
            raise

    def cancel(self) -> None:
        """Break it off; its reader gets `UnavailableError`."""
        self._is_cancelled = True
        self._rpc.cancel()

    async def _write(self, request: speech_pb2.StreamRequest) -> None:
        try:
            await self._rpc.write(request)
        except (grpc.RpcError, asyncio.InvalidStateError) as error:
            # The call has ended concurrently. gRPC doesn't report how: it puts "internal" in the
            # place of the status that the server gave, where that came between this write and the
            # next read.
            raise UnavailableError("The inference service ended a stream.") from error
        except asyncio.CancelledError:
            if self._is_cancelled and not is_being_cancelled():
                raise UnavailableError("The stream was given up.") from None
            raise


async def start_stream(options: StreamOptions, *, server: Server) -> LiveCall:
    """Start a stream. Raises `InferenceError`; what the server refuses comes with its events."""
    channel = await _channel_to(server)
    rpc = speech_pb2_grpc.SpeechStub(channel).Stream(
        timeout=STREAM_DEADLINE_S, metadata=call_metadata(server)
    )
    call = LiveCall(rpc, server, channel)
    try:
        await call._write(speech_pb2.StreamRequest(config=options.as_proto()))
    except BaseException:  # also where its session was given up: no one else has the call
        call.cancel()
        raise
    return call


def is_being_cancelled() -> bool:
    """Return whether the running task is being cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _channel_to(server: Server) -> grpc.aio.Channel:
    uri = await find_uri(server.target)
    cache = _caches.setdefault(asyncio.get_running_loop(), ServerCache())
    return cache.get(server, lambda: _open_channel(server, uri), version=uri)


def _open_channel(server: Server, uri: str) -> grpc.aio.Channel:
    options = channel_options(server)
    if not server.is_tls:
        return grpc.aio.insecure_channel(uri, options=options)
    return grpc.aio.secure_channel(uri, credentials_of(server), options=options)
