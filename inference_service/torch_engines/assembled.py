"""A pyannote pipeline of what the catalogue has: segmentation 3.0 in torch, CAM++ in onnxruntime.

Its folder (`catalog pull pyannote-campplus`) holds segmentation.pt, a plain state dict,
campplus.onnx, and embedding.json, the description that the light engine has too. The steps are
pyannote's own (Bredin 2023, "pyannote.audio 2.1 speaker diarization pipeline"); linkage and cut
were chosen on real recordings (benchmarks/RESULTS.md): an embedding here is of up to 10 s, not of
2 s as in the light engine, so the same voices are nearer to each other.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from pyannote.audio.core.plda import PLDA
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.models.segmentation import PyanNet
from pyannote.audio.pipelines.speaker_diarization import SpeakerDiarization
from torchaudio.compliance import kaldi

from inference_service.engines.diarization.description import Description, read_description
from inference_service.engines.diarization.torch_file import read_tensors

FILES = ("segmentation.pt", "campplus.onnx", "embedding.json")
_SAMPLE_RATE_HZ = 16_000
_EMBEDDING_BATCH = 32
_SEGMENTATION_BATCH = 8
# Cosine distance of two groups' means. 0.50 and 0.55 gave the same; from 0.60 on alike voices fuse.
_CUT_DISTANCE = 0.5
# Local speakers of windows that a group must have; 1 to 12 gave nearly the same.
_LEAST_GROUP = 12


class NoPlda(PLDA):  # type: ignore[misc]  # pyannote has no types
    """For clusterings that ask for none; pyannote would fetch one from the hub otherwise."""

    def __init__(self) -> None:
        """Has no parameters to read."""


class CampplusEmbedding:
    """CAM++, asked as a pyannote pipeline asks: `(batch, 1, samples)`, and masks of frames."""

    sample_rate = _SAMPLE_RATE_HZ
    metric = "cosine"

    def __init__(self, folder: Path, description: Description) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        self._session = onnxruntime.InferenceSession(
            str(folder / description.embedding.file), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self._description = description
        self.dimension = description.embedding.dimension

    @property
    def min_num_samples(self) -> int:
        front = self._description.front_end
        hops_ms = (self._description.embedding.least_frames - 1) * front.hop_ms
        return round(_SAMPLE_RATE_HZ * (front.frame_ms + hops_ms) / 1000)

    def to(self, _: torch.device) -> "CampplusEmbedding":
        """Stay on the CPU: the runtime that is locked has no other."""
        return self

    def __call__(
        self, waveforms: torch.Tensor, masks: torch.Tensor | None = None
    ) -> npt.NDArray[np.float64]:
        """float64 (batch, dimension); NaN where a mask leaves too little speech."""
        found = np.full((len(waveforms), self.dimension), np.nan)
        for row, waveform in enumerate(waveforms):
            mask = None if masks is None else masks[row]
            if mask is not None and not bool(mask.any()):
                continue  # most local speakers of most windows
            features = self._features(waveform)
            if mask is not None:
                features = features[_stretched(mask, len(features))]
            if len(features) >= self._description.embedding.least_frames:
                centred = features - features.mean(dim=0)
                found[row] = self._session.run(None, {self._input: centred[None].numpy()})[0][0]
        return found

    def _features(self, waveform: torch.Tensor) -> torch.Tensor:
        front = self._description.front_end
        return kaldi.fbank(
            waveform.cpu() * front.scale,
            sample_frequency=_SAMPLE_RATE_HZ,
            num_mel_bins=front.bands,
            window_type=front.window,
            frame_length=front.frame_ms,
            frame_shift=front.hop_ms,
            low_freq=front.low_hz,
            high_freq=front.high_hz,
            preemphasis_coefficient=front.preemphasis,
            dither=front.dither,
        )


def _stretched(mask: torch.Tensor, frames: int) -> torch.Tensor:
    """The mask of so many frames: each has the value of the nearest one."""
    wide = torch.nn.functional.interpolate(mask[None, None].float(), size=frames, mode="nearest")
    return wide[0, 0] > 0.5


def load_segmentation(path: Path) -> PyanNet:
    """Speaker segmentation 3.0 from a plain state dict. Raises TorchFileError, RuntimeError."""
    model = PyanNet(
        sincnet={"stride": 10},
        lstm={"hidden_size": 128, "num_layers": 4, "bidirectional": True, "monolithic": True},
        linear={"hidden_size": 128, "num_layers": 2},
    )
    model.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=10.0,
        classes=["speaker#1", "speaker#2", "speaker#3"],
        powerset_max_classes=2,
        permutation_invariant=True,
    )
    model.build()
    tensors = {name: torch.from_numpy(each.copy()) for name, each in read_tensors(path).items()}
    model.load_state_dict(tensors)
    return model.eval()


def load_assembled(folder: Path) -> Any:
    """Return the pipeline, ready to be applied. Raises what its parts raise."""
    description = read_description(folder / "embedding.json")
    model = load_segmentation(folder / "segmentation.pt")
    pipeline = _Assembled(model, CampplusEmbedding(folder, description))
    return pipeline.instantiate(
        {
            "segmentation": {"min_duration_off": 0.0},
            "clustering": {
                "method": "average",
                "min_cluster_size": _LEAST_GROUP,
                "threshold": _CUT_DISTANCE,
            },
        }
    )


class _Assembled(SpeakerDiarization):  # type: ignore[misc]  # pyannote has no types
    """pyannote's pipeline with an embedding that its own loader doesn't know."""

    def __init__(self, segmentation: PyanNet, embedding: CampplusEmbedding) -> None:
        super().__init__(
            segmentation=segmentation,
            embedding=segmentation,  # a model that is there; replaced below
            embedding_exclude_overlap=True,
            plda=NoPlda(),
            clustering="AgglomerativeClustering",
            segmentation_batch_size=_SEGMENTATION_BATCH,
            embedding_batch_size=_EMBEDDING_BATCH,
        )
        self._embedding = embedding
