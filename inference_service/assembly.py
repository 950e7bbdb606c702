"""The parts of a server, made from its settings."""

import os

from inference_service.admission import Admission
from inference_service.catalog import Catalog
from inference_service.config import Config
from inference_service.device import describe_device
from inference_service.engines.diarization import load_embedder
from inference_service.metrics import Metrics
from inference_service.pool import ModelPool
from inference_service.runtime import Runtime
from inference_service.scheduler import Scheduler
from inference_service.schedulers import Schedulers
from inference_service.server import InferenceServer
from inference_service.stages import CpuStages

_MAX_STAGE_THREADS = 8


def assemble(config: Config) -> InferenceServer:
    """Make a server that is ready to be started. Raises BadDefaultModelError.

    Blocks for a second or two: CTranslate2 is imported and the speaker embedder loaded.
    """
    catalog = Catalog(config)
    metrics = Metrics()
    cores = len(os.sched_getaffinity(0))
    runtime = Runtime(
        catalog=catalog,
        pool=ModelPool(catalog, config),
        schedulers=Schedulers(lambda: Scheduler(metrics=metrics)),
        # One for each core, and the one that is kept free of bulk work.
        stages=CpuStages(threads=min(_MAX_STAGE_THREADS, cores) + 1),
        embedder=load_embedder(config.models_dir),
        admission=Admission(
            max_sessions=config.max_sessions, max_live_sessions=config.max_live_sessions
        ),
        device=describe_device(device=config.device, compute_type=config.compute_type),
    )
    return InferenceServer(config, runtime, metrics)
