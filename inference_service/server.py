"""The gRPC server: assembled, started, drained and closed."""

import logging
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from inference_service.catalog.pulls import Pulls
from inference_service.config import Config
from inference_service.engines.diarization import Description, Embedder, known_descriptions
from inference_service.interceptors import RequestIdInterceptor, TokenInterceptor
from inference_service.metrics import Metrics
from inference_service.runtime import Runtime
from inference_service.servicers.audio import MAX_TURNS, AudioServicer
from inference_service.servicers.language import LanguageServicer
from inference_service.servicers.models import ModelsServicer
from inference_service.servicers.server import ServerServicer
from inference_service.servicers.speech import SpeechServicer
from inference_service.servicers.voice import VoiceServicer
from protos.stt.v1 import (
    audio_pb2,
    audio_pb2_grpc,
    language_pb2,
    language_pb2_grpc,
    models_pb2,
    models_pb2_grpc,
    server_pb2,
    server_pb2_grpc,
    speech_pb2,
    speech_pb2_grpc,
    voice_pb2,
    voice_pb2_grpc,
)

logger = logging.getLogger(__name__)

SERVICES = (
    speech_pb2.DESCRIPTOR.services_by_name["Speech"].full_name,
    audio_pb2.DESCRIPTOR.services_by_name["Audio"].full_name,
    language_pb2.DESCRIPTOR.services_by_name["Language"].full_name,
    server_pb2.DESCRIPTOR.services_by_name["Server"].full_name,
    models_pb2.DESCRIPTOR.services_by_name["Models"].full_name,
    voice_pb2.DESCRIPTOR.services_by_name["Voice"].full_name,
)
# A Diarize request may hold MAX_TURNS of 256 floats and their times; all others are below 1 MiB.
_MAX_RECEIVED_BYTES = MAX_TURNS * (256 * 4 + 64)
_MAX_SENT_BYTES = 16 << 20  # what the web tier takes (`transcripts.inference.channel`)
_OPTIONS = (
    ("grpc.max_receive_message_length", _MAX_RECEIVED_BYTES),
    ("grpc.max_send_message_length", _MAX_SENT_BYTES),
    # A client that vanishes without closing is detected within 40 s, and its session ended.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
    # Clients ping every 5 s, to notice a frozen server (`transcripts.inference.channel`).
    ("grpc.http2.min_ping_interval_without_data_ms", 4_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # Two servers on one port would share its calls by chance: let the second fail to start.
    ("grpc.so_reuseport", 0),
)


class CannotListenError(Exception):
    """The address is taken, or not of this machine, or the TLS files can't be used."""


class InferenceServer:
    """One server, from `start` to `close`. The caller owns the parts of the runtime until then."""

    def __init__(self, config: Config, runtime: Runtime, metrics: Metrics) -> None:
        self._config = config
        self._runtime = runtime
        self._metrics = metrics
        self._pulls = Pulls(config)
        self._health = health.aio.HealthServicer()
        interceptors: list[grpc.aio.ServerInterceptor] = [RequestIdInterceptor()]
        if config.token:
            interceptors.append(TokenInterceptor(config.token))
        # Older connections end once their calls have: then clients ask for the name again, and
        # find the replicas that have come since. No grace is set, so that no call is cut off.
        age = ("grpc.max_connection_age_ms", max(1, round(config.connection_age_s * 1000)))
        self._grpc = grpc.aio.server(interceptors=interceptors, options=(*_OPTIONS, age))
        self.port = 0
        self.metrics_port = 0

    @property
    def address(self) -> str:
        """Where it listens, with the port that was chosen if none was given."""
        host, _, _ = self._config.listen.rpartition(":")
        return f"{host}:{self.port}"

    async def start(self) -> None:
        """Listen and serve. Raises CannotListenError."""
        speech_pb2_grpc.add_SpeechServicer_to_server(SpeechServicer(self._runtime), self._grpc)
        audio_pb2_grpc.add_AudioServicer_to_server(
            AudioServicer(_clusterable(self._runtime.embedder), self._runtime), self._grpc
        )
        language_pb2_grpc.add_LanguageServicer_to_server(
            LanguageServicer(self._runtime), self._grpc
        )
        server_pb2_grpc.add_ServerServicer_to_server(ServerServicer(self._runtime), self._grpc)
        models_pb2_grpc.add_ModelsServicer_to_server(
            ModelsServicer(self._runtime.catalog, self._pulls), self._grpc
        )
        voice_pb2_grpc.add_VoiceServicer_to_server(
            VoiceServicer(self._runtime.voices, self._runtime.admission), self._grpc
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._grpc)
        if self._config.reflection:
            names = (*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(names, self._grpc)
        if self._runtime.torch is not None:
            await self._runtime.torch.start()
        self.port = self._bind()
        self._start_metrics()
        await self._grpc.start()
        for name in ("", *SERVICES):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    async def drain(self) -> None:
        """Refuse new work and let the open sessions finish, for the grace period at most."""
        await self._health.enter_graceful_shutdown()
        is_empty = await self._runtime.admission.drain(grace_s=self._config.drain_grace_s)
        logger.info("event=drained sessions_cut=%s", str(not is_empty).lower())

    async def close(self) -> None:
        """End: what is still open is cut off, what runs on the accelerator is waited for."""
        await self._grpc.stop(0)
        await self._pulls.close()
        runtime = self._runtime
        await runtime.schedulers.close()
        runtime.stages.close()
        runtime.enhancing.close()
        if runtime.timer is not None:
            runtime.timer.close()
        if runtime.torch is not None:
            await runtime.torch.close()
        await runtime.pool.close()

    def _bind(self) -> int:
        address = self._config.listen
        try:
            if self._config.tls_cert and self._config.tls_key:
                credentials = _read_credentials(self._config.tls_cert, self._config.tls_key)
                port = self._grpc.add_secure_port(address, credentials)
            else:
                port = self._grpc.add_insecure_port(address)
        except (RuntimeError, OSError) as error:
            raise CannotListenError(f"Can't listen on {address}: {error}.") from error
        if not port:
            raise CannotListenError(f"Can't listen on {address}: it is taken, or not ours.")
        return port

    def _start_metrics(self) -> None:
        runtime = self._runtime
        self._metrics.watch(
            count_waiting=runtime.schedulers.count_waiting,
            count_sessions=runtime.schedulers.count_sessions,
            count_requests=runtime.schedulers.count_requests,
            loaded_models=runtime.pool.loaded,
        )
        if self._config.metrics_listen:
            host, _, port = self._config.metrics_listen.rpartition(":")
            self.metrics_port = self._metrics.serve(host=host.strip("[]"), port=int(port))


def _clusterable(embedder: Embedder | None) -> dict[str, Description]:
    """The models whose embeddings this server can cluster: those it knows, and its own."""
    models = dict(known_descriptions())
    if embedder is not None:
        models[embedder.description.name] = embedder.description
    return models


def _read_credentials(certificate: Path, key: Path) -> grpc.ServerCredentials:
    return grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
