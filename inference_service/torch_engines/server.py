"""The gRPC server of this process: on a Unix socket that its user alone may open."""

import contextlib
import logging
import os
from collections.abc import AsyncIterator

import grpc

from inference_service import VERSION
from inference_service.admission import Admission
from inference_service.config import Config
from inference_service.interceptors import RequestIdInterceptor
from inference_service.servicers.requests import BadRequestError
from inference_service.servicers.status_codes import reporting_failures
from inference_service.servicers.voice import VoiceServicer
from inference_service.torch_engines.calls import TorchCalls
from inference_service.torch_engines.engines import TorchEngines
from protos.stt.v1 import (
    audio_pb2,
    audio_pb2_grpc,
    server_pb2,
    server_pb2_grpc,
    speech_pb2,
    speech_pb2_grpc,
    voice_pb2_grpc,
)

logger = logging.getLogger(__name__)

_MESSAGE_BYTES = 64 << 20  # a watermark is searched for in 10 minutes of 48 kHz
_OPTIONS = (
    ("grpc.max_receive_message_length", _MESSAGE_BYTES),
    ("grpc.max_send_message_length", _MESSAGE_BYTES),
)
_MAX_VOICE_CALLS = 16

Context = grpc.aio.ServicerContext


class TorchServer:
    """Listens from `start` to `close`."""

    def __init__(self, config: Config) -> None:
        self._socket = config.torch_socket
        engines = TorchEngines(config)
        calls = TorchCalls(engines)
        admission = Admission(max_sessions=_MAX_VOICE_CALLS)
        self._grpc = grpc.aio.server(interceptors=[RequestIdInterceptor()], options=_OPTIONS)
        audio_pb2_grpc.add_AudioServicer_to_server(_Audio(calls), self._grpc)  # type: ignore[abstract]
        speech_pb2_grpc.add_SpeechServicer_to_server(_Speech(calls), self._grpc)  # type: ignore[abstract]
        server_pb2_grpc.add_ServerServicer_to_server(_Server(engines), self._grpc)
        voice_pb2_grpc.add_VoiceServicer_to_server(
            VoiceServicer(engines.voices, admission), self._grpc
        )
        self._engines = engines

    async def start(self) -> None:
        """Listen. Raises OSError where the socket can't be made, or another process has it."""
        self._socket.parent.mkdir(parents=True, exist_ok=True)
        self._socket.unlink(missing_ok=True)  # of a process that was killed
        mask = os.umask(0o177)
        try:
            self._grpc.add_insecure_port(f"unix:{self._socket}")
        except RuntimeError as error:
            raise OSError(f"Can't listen on {self._socket}: {error}") from error
        finally:
            os.umask(mask)
        await self._grpc.start()
        logger.info("event=torch_ready device=%s", self._engines.device)

    async def close(self) -> None:
        await self._grpc.stop(0)
        with contextlib.suppress(OSError):
            self._socket.unlink(missing_ok=True)


class _Audio(audio_pb2_grpc.AudioServicer):  # the rest is UNIMPLEMENTED
    def __init__(self, calls: TorchCalls) -> None:
        self._calls = calls

    async def DiarizeRecording(  # noqa: N802  # gRPC's name
        self,
        request_iterator: AsyncIterator[audio_pb2.DiarizeRecordingRequest],
        context: "Context[audio_pb2.DiarizeRecordingRequest, audio_pb2.DiarizeRecordingEvent]",
    ) -> AsyncIterator[audio_pb2.DiarizeRecordingEvent]:
        async with reporting_failures(context):
            if context.time_remaining() is None:
                raise BadRequestError("The call has no deadline.")
            async for event in self._calls.diarize(request_iterator):
                yield event


class _Speech(speech_pb2_grpc.SpeechServicer):
    def __init__(self, calls: TorchCalls) -> None:
        self._calls = calls

    async def Align(  # noqa: N802  # gRPC's name
        self,
        request: speech_pb2.AlignRequest,
        context: "Context[speech_pb2.AlignRequest, speech_pb2.AlignResponse]",
    ) -> speech_pb2.AlignResponse:
        async with reporting_failures(context):
            return await self._calls.align(request)
        raise AssertionError("reporting_failures aborts")


class _Server(server_pb2_grpc.ServerServicer):
    def __init__(self, engines: TorchEngines) -> None:
        self._engines = engines

    async def GetInfo(  # noqa: N802  # gRPC's name
        self,
        request: server_pb2.GetInfoRequest,
        context: "Context[server_pb2.GetInfoRequest, server_pb2.ServerInfo]",
    ) -> server_pb2.ServerInfo:
        return server_pb2.ServerInfo(
            device=server_pb2.Device(kind=self._engines.device),
            version=VERSION,
            optional_engines=self._engines.describe(),
            torch_state="ok",
        )
