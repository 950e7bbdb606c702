"""What the calls of one server share."""

from dataclasses import dataclass

from inference_service.admission import Admission
from inference_service.catalog import Catalog
from inference_service.device import Device
from inference_service.engines.diarization import Embedder
from inference_service.pool import ModelPool
from inference_service.schedulers import Schedulers
from inference_service.sessions.word_times import WordTimer
from inference_service.stages import CpuStages


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    catalog: Catalog
    pool: ModelPool
    schedulers: Schedulers
    stages: CpuStages
    embedder: Embedder | None  # no speaker model is installed: no turns
    admission: Admission
    device: Device
    timer: WordTimer | None = None  # None: word times are the recogniser's own
