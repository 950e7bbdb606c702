"""What the calls of one server share."""

from dataclasses import dataclass, field

from inference_service.admission import Admission
from inference_service.catalog import Catalog
from inference_service.device import Device
from inference_service.engines.diarization import Embedder
from inference_service.engines.language.model import LanguageModel
from inference_service.engines.voice.host import VoiceHost
from inference_service.metrics import Metrics
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
    voices: VoiceHost
    device: Device
    remote_model: LanguageModel | None = None  # of another server; None: no text leaves this one
    llm_context: int = 8_192
    metrics: Metrics = field(default_factory=Metrics)
    timer: WordTimer | None = None  # None: word times are the recogniser's own
