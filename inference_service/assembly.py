"""The parts of a server, made from its settings."""

import os
from dataclasses import replace

from inference_service.admission import Admission
from inference_service.catalog import Catalog
from inference_service.config import Config
from inference_service.device import Device, choose_device
from inference_service.engines.diarization import load_embedder
from inference_service.engines.language.remote import RemoteModel, RemoteSettings
from inference_service.engines.pocketsphinx_aligner import PocketSphinxAligner
from inference_service.metrics import Metrics
from inference_service.pool import ModelPool
from inference_service.runtime import Runtime
from inference_service.scheduler import Scheduler
from inference_service.schedulers import Schedulers
from inference_service.server import InferenceServer
from inference_service.sessions.word_times import WordTimer
from inference_service.stages import CpuStages
from inference_service.voice_host import ServiceVoices

_MAX_STAGE_THREADS = 8
# Of the accelerator's memory, for the weights of the loaded models; the rest is for the batch.
_WEIGHTS_SHARE = 0.7
_MAX_ALIGNERS = 4


def assemble(config: Config) -> InferenceServer:
    """Make a server that is ready to be started.

    Blocks for a second or two: CTranslate2 is imported and the speaker embedder loaded; a few more
    where a GPU is tried. Raises BadDefaultModelError, UnusableDeviceError.
    """
    device = choose_device(device=config.device, compute_type=config.compute_type)
    config = fit_to_device(config, device)
    catalog = Catalog(config)
    metrics = Metrics()
    cores = len(os.sched_getaffinity(0))
    pool = ModelPool(catalog, config)
    runtime = Runtime(
        catalog=catalog,
        pool=pool,
        voices=ServiceVoices(catalog, pool),
        schedulers=Schedulers(lambda: Scheduler(metrics=metrics)),
        # One for each core, and the one that is reserved for other than bulk work.
        stages=CpuStages(threads=min(_MAX_STAGE_THREADS, cores) + 1),
        embedder=load_embedder(config.models_dir),
        admission=Admission(
            max_sessions=config.max_sessions,
            max_live_sessions=config.max_live_sessions,
            max_text_calls=config.max_text_calls,
        ),
        device=device,
        llm_context=config.llm_context,
        remote_model=make_remote_model(config),
        metrics=metrics,
        timer=_make_timer(config, cores=cores),
    )
    return InferenceServer(config, runtime, metrics)


def make_remote_model(config: Config) -> RemoteModel | None:
    if not config.llm_url:
        return None
    return RemoteModel(
        RemoteSettings(
            url=config.llm_url,
            model=config.llm_model,
            api_key=config.llm_api_key,
            context_tokens=config.llm_context,
            stall_s=config.llm_stall_s,
        )
    )


def fit_to_device(config: Config, device: Device) -> Config:
    """Fill in what the settings leave to the machine: the device, and memory on an accelerator."""
    memory_mb = device.memory_bytes // 1_000_000
    models_mb = config.model_memory_mb
    if models_mb is None:
        models_mb = round(_WEIGHTS_SHARE * memory_mb)
    return replace(
        config, device=device.kind, device_memory_mb=memory_mb, model_memory_mb=models_mb
    )


def _make_timer(config: Config, *, cores: int) -> WordTimer | None:
    """One process of the aligner for each core, up to four: one keeps up with 80 × real time."""
    if config.alignment == "off":
        return None
    return WordTimer([PocketSphinxAligner(max_processes=min(_MAX_ALIGNERS, cores))])
