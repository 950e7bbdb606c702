"""What this process has: its engines, with what is installed for each, and on which device."""

import torch

from inference_service.catalog import Catalog
from inference_service.catalog.entries import Kind
from inference_service.config import Config
from inference_service.torch_engines import watermark
from inference_service.torch_engines.diarizers import Diarizers
from inference_service.torch_engines.host import TorchVoices
from inference_service.torch_engines.isolation import choose_threads
from inference_service.torch_engines.wav2vec2 import Wav2Vec2Aligners
from inference_service.torch_link.kinds import (
    ALIGNER,
    DIARIZER,
    LICENCES,
    NAMES,
    WATERMARK,
    WAV2VEC2,
)
from protos.stt.v1 import server_pb2

_NO_ALIGNER = (
    "No model is installed for it: put one of the hub's into wav2vec2-LANGUAGE of the models folder"
    " (docs/operating.md)."
)


class TorchEngines:
    """Assembled once; each part loads its weights when they are needed first."""

    def __init__(self, config: Config) -> None:
        torch.set_num_threads(choose_threads(config.torch_threads))
        self.device = "cuda" if config.device != "cpu" and torch.cuda.is_available() else "cpu"
        self.catalog = Catalog(config)
        self.aligners = Wav2Vec2Aligners(config.models_dir, device=self.device)
        self.diarizers = Diarizers(config.models_dir, device=self.device)
        self.voices = TorchVoices(config, self.catalog, device=self.device)

    def describe(self) -> list[server_pb2.OptionalEngine]:
        """Return every engine but the voices; those not installed as well. A few `stat` calls."""
        languages = sorted(self.aligners.languages())
        aligner = server_pb2.OptionalEngine(
            id=WAV2VEC2,
            name=NAMES[WAV2VEC2],
            kind=ALIGNER,
            available=bool(languages),
            install_hint="" if languages else _NO_ALIGNER,
            languages=languages,
        )
        marking = server_pb2.OptionalEngine(
            id=watermark.NAME,
            name=NAMES[watermark.NAME],
            kind=WATERMARK,
            available=True,
            licence=LICENCES[watermark.NAME],
        )
        return [aligner, *self._describe_diarizers(), marking]

    def _describe_diarizers(self) -> list[server_pb2.OptionalEngine]:
        installed = self.diarizers.list_installed()
        hints = {entry.id: entry.install_hint for entry in self.catalog.entries(Kind.DIARIZER)}
        return [
            server_pb2.OptionalEngine(
                id=each,
                name=NAMES.get(each, each),
                kind=DIARIZER,
                available=each in installed,
                install_hint="" if each in installed else hints[each],
                licence=LICENCES.get(each, ""),
            )
            for each in dict.fromkeys((*installed, *hints))
        ]
