"""Diarization of whole recordings by pyannote.audio 4: pipelines of its own format, and the one
that is assembled here (`assembled`).

A pipeline is a folder `pyannote-…` among the models. As the hub has it: config.yaml with
`pipeline:`, and the folders that it names (community-1: segmentation, embedding, plda). Where a
config names repositories of the hub instead (3.1: pyannote/segmentation-3.0 and
pyannote/wespeaker-voxceleb-resnet34-LM), their files lie in `segmentation` and `embedding`.
"""

import logging
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import yaml
from pyannote.audio import Pipeline

from inference_service.torch_engines import assembled
from inference_service.torch_engines.assembled import NoPlda, load_assembled

logger = logging.getLogger(__name__)

ASSEMBLED = "pyannote-campplus"
_CONFIG = "config.yaml"
_WEIGHTS = "pytorch_model.bin"
_PLDA = "VBxClustering"  # the one clustering that asks for it
_SAMPLE_RATE_HZ = 16_000
# Of the work, the share that the segmentation takes; the embeddings take the rest.
_SEGMENTATION_SHARE = 0.3

Report = Callable[[float], None]
Pcm = npt.NDArray[np.int16]


class DiarizerError(RuntimeError):
    """The pipeline can't be loaded. The sentence is for the operator."""


class CancelledError(Exception):
    """Nobody waits for the result any more."""


@dataclass(frozen=True, slots=True)
class SpeakerInterval:
    start_s: float
    end_s: float
    speaker: int  # 1-based, in order of first appearance


class Diarizers:
    """The pipelines of a folder; the last used one stays loaded. One call at a time."""

    def __init__(self, models_dir: Path, *, device: str) -> None:
        self._models_dir = models_dir
        self._device = torch.device(device)
        self._loaded: tuple[str, Any] | None = None
        self._lock = threading.Lock()

    def list_installed(self) -> list[str]:
        """Return the ids of the installed pipelines: published ones first. A few `stat` calls."""
        folders = sorted(self._models_dir.glob("pyannote-*"))
        published = [each.name for each in folders if (each / _CONFIG).is_file()]
        parts = [self._models_dir / ASSEMBLED / name for name in assembled.FILES]
        return published + [ASSEMBLED] * all(part.is_file() for part in parts)

    def diarize(
        self, pcm: Pcm, *, diarizer: str, speakers: int, report: Report, cancelled: threading.Event
    ) -> list[SpeakerInterval]:
        """Separate the speakers of one recording.

        pcm: int16 (n_samples,), mono, 16 kHz. diarizer: one of `list_installed`. speakers: exactly
        so many; 0: find the number. report: gets the share of the work that is done, from this
        thread. Blocks: half a second for 10 s of audio on one core. Raises DiarizerError,
        CancelledError soon after `cancelled` is set.
        """
        with self._lock:
            pipeline = self._load(diarizer)
            if not pcm.any():
                return []  # digital silence, for which an embedding would divide by 0
            waveform = torch.from_numpy(pcm.astype(np.float32) / np.float32(32768))[None]
            file = {"waveform": waveform, "sample_rate": _SAMPLE_RATE_HZ, "uri": "recording"}
            hook = _Hook(report, cancelled)
            with torch.inference_mode(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # std() of one frame; fewer speakers than asked for
                output = pipeline(file, num_speakers=speakers or None, hook=hook)
        return _number(getattr(output, "speaker_diarization", output))

    def _load(self, diarizer: str) -> Any:
        if self._loaded is None or self._loaded[0] != diarizer:
            self._loaded = None  # its memory first
            folder = self._models_dir / diarizer
            try:
                if diarizer == ASSEMBLED:
                    pipeline = load_assembled(folder)
                else:
                    pipeline = load_published(folder)
            except DiarizerError:
                raise
            except Exception as error:
                raise DiarizerError(f"The diarizer {diarizer} can't be loaded: {error}") from error
            self._loaded = diarizer, pipeline.to(self._device)
            logger.info("event=diarizer_loaded diarizer=%s", diarizer)
        return self._loaded[1]


class _Hook:
    """What pyannote calls between its batches."""

    def __init__(self, report: Report, cancelled: threading.Event) -> None:
        self._report = report
        self._cancelled = cancelled

    def __call__(
        self,
        step: str,
        artifact: object,
        file: object = None,
        total: int | None = None,
        completed: int | None = None,
    ) -> None:
        if self._cancelled.is_set():
            raise CancelledError
        share = (completed or 0) / max(total or 1, 1)
        if step == "segmentation" and total:
            self._report(_SEGMENTATION_SHARE * share)
        elif step == "embeddings" and total:
            self._report(_SEGMENTATION_SHARE + (1 - _SEGMENTATION_SHARE) * share)


def load_published(folder: Path) -> Any:
    """Load a pipeline of pyannote's own format, from this folder alone. Raises DiarizerError.

    Its checkpoints are pickles that may run code: only files of a publisher that the operator
    trusts belong here.
    """
    try:
        config = yaml.safe_load((folder / _CONFIG).read_text(encoding="utf-8"))
        params = config["pipeline"]["params"]
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise DiarizerError(f"{folder / _CONFIG} describes no pipeline of pyannote.") from error
    for part in ("segmentation", "embedding"):
        params[part] = _checkpoint(folder, part)
    if params.get("clustering", _PLDA) == _PLDA:
        params["plda"] = {"checkpoint": str(folder), "subfolder": "plda"}
    else:
        params["plda"] = NoPlda()
    return Pipeline.from_pretrained(config)


def _checkpoint(folder: Path, part: str) -> dict[str, str]:
    if not (folder / part / _WEIGHTS).is_file():
        raise DiarizerError(f"{folder / part} lacks {_WEIGHTS}.")
    return {"checkpoint": str(folder), "subfolder": part}


def _number(annotation: Any) -> list[SpeakerInterval]:
    """The turns in time order, with speakers by their first appearance."""
    tracks = annotation.itertracks(yield_label=True)
    found = sorted((turn.start, turn.end, label) for turn, _, label in tracks)
    numbers: dict[str, int] = {}
    return [
        SpeakerInterval(start_s, end_s, numbers.setdefault(label, len(numbers) + 1))
        for start_s, end_s, label in found
        if end_s > start_s
    ]
