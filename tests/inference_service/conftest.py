"""A real server in the test's process: real gRPC on a real socket, engines of the test's choice."""

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import grpc
import pytest

from inference_service.admission import Admission
from inference_service.assembly import make_remote_model
from inference_service.catalog import Catalog, Kind
from inference_service.config import Config
from inference_service.device import Device
from inference_service.engines.asr import Recogniser
from inference_service.engines.diarization import Embedder
from inference_service.engines.loading import LoadedModel, load_model
from inference_service.engines.voice.host import VoiceHost
from inference_service.metrics import Metrics
from inference_service.pool import ModelPool
from inference_service.runtime import Runtime
from inference_service.scheduler import Scheduler, SchedulerLimits
from inference_service.schedulers import Schedulers
from inference_service.server import InferenceServer
from inference_service.sessions.word_times import WordTimer
from inference_service.stages import CpuStages
from inference_service.voice_host import ServiceVoices
from tests.inference_service.fakes import FakeEmbedder, FakeRecogniser
from tests.inference_service.recordings import TINY_MODEL


@dataclass
class ServedInference:
    """A running server and a channel to it."""

    server: InferenceServer
    runtime: Runtime
    channel: grpc.aio.Channel


def read_counter(served: ServedInference, name: str, **labels: str) -> float:
    """Return what Prometheus would read."""
    return served.runtime.metrics.registry.get_sample_value(name, labels) or 0.0


_FAKE_EMBEDDER = FakeEmbedder()

Serve = Callable[..., contextlib.AbstractAsyncContextManager[ServedInference]]


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder that holds the tiny Whisper, under the name `tiny`."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "tiny").symlink_to(TINY_MODEL / "model")
    return folder


@pytest.fixture
def recogniser() -> FakeRecogniser:
    return FakeRecogniser(model_id="tiny")


@pytest.fixture
def serve(models_dir: Path, tmp_path: Path) -> Serve:
    """Run a server: `async with serve(recogniser) as served`. Without one: the real engines.

    Further settings by name: `serve(recogniser, token="…", max_sessions=1)`.
    embedder: None for a server without a speaker model. models: what stands for weights, by id.
    """

    @contextlib.asynccontextmanager
    async def run(
        recogniser: Recogniser | None = None,
        *,
        embedder: Embedder | None = _FAKE_EMBEDDER,
        limits: SchedulerLimits | None = None,
        timer: WordTimer | None = None,
        models: Mapping[str, LoadedModel] = MappingProxyType({}),
        voices: VoiceHost | None = None,
        **settings: object,
    ) -> AsyncIterator[ServedInference]:
        config = Config(listen="127.0.0.1:0", models_dir=models_dir, device="cpu", cpu_threads=2)
        config = replace(config, **settings)  # type: ignore[arg-type]
        catalog = Catalog(config, hub_cache=tmp_path)
        metrics = Metrics()
        pool = ModelPool(
            catalog,
            config,
            load=lambda entry, engine_settings: (
                recogniser
                if recogniser and entry.kind is Kind.RECOGNISER
                else models.get(entry.id) or load_model(entry, engine_settings)
            ),
        )
        runtime = Runtime(
            catalog=catalog,
            pool=pool,
            voices=voices or ServiceVoices(catalog, pool),
            schedulers=Schedulers(lambda: Scheduler(metrics=metrics, limits=limits)),
            stages=CpuStages(threads=3),
            embedder=embedder,
            admission=Admission(
                max_sessions=config.max_sessions,
                max_live_sessions=config.max_live_sessions,
                max_text_calls=config.max_text_calls,
            ),
            device=Device("cpu", "a CPU", 0, "int8", is_gpu_available=False),
            timer=timer,
            llm_context=config.llm_context,
            remote_model=make_remote_model(config),
            metrics=metrics,
        )
        server = InferenceServer(config, runtime, metrics)
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
                yield ServedInference(server, runtime, channel)
        finally:
            if isinstance(recogniser, FakeRecogniser):
                recogniser.gate.set()
            await server.close()

    return run
