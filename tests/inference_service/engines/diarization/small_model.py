"""A speaker model of a few hundred bytes, made on the spot: another dimension, another front end.

It segments by loudness (someone speaks, or no one) and embeds by the mean of squared bands: for
plumbing only, nothing about people can be learnt from it.
"""

import json
from pathlib import Path

import numpy as np
import onnx

from inference_service.engines.diarization.description import known_description_path
from inference_service.engines.diarization.graph import GraphWriter

NAME = "small-model"
DIMENSION = 5
BANDS = 20
FRAMES = 100  # of a window of 2 s
LOUD = 0.01


def install_small_model(models_dir: Path, *, name: str = NAME, dimension: int = DIMENSION) -> Path:
    """Returns the folder of the model."""
    folder = models_dir / name
    folder.mkdir(parents=True)
    onnx.save(_segmentation(), folder / "loudness.onnx")
    onnx.save(_embedding(dimension), folder / "bands.onnx")
    described = json.loads(known_description_path("campplus").read_text())
    described["name"] = name
    described["embedding"] = {"file": "bands.onnx", "dimension": dimension, "least_frames": 5}
    described["front_end"] |= {"bands": BANDS, "window": "hamming", "subtract_mean": False}
    described["segmentation"] = {
        "file": "loudness.onnx",
        "window_s": 2.0,
        "hop_s": 1.0,
        "frames": FRAMES,
        "frame_s": 0.02,
        "first_frame_s": 0.0,
        "classes": [[], [0]],
    }
    (folder / "model.json").write_text(json.dumps(described))
    return folder


def _segmentation() -> onnx.ModelProto:
    graph = GraphWriter({})
    loudness = graph.add(
        "AveragePool", graph.add("Abs", "samples"), kernel_shape=[320], strides=[320]
    )
    quiet = graph.constant(np.array([LOUD], np.float32))
    classes = graph.add("Concat", graph.add("Sub", quiet, loudness), loudness, axis=1)
    frames = graph.add("Transpose", classes, perm=[0, 2, 1])
    return graph.finish(
        name="loudness", inputs={"samples": ["batch", 1, "n"]}, output=frames, rank=3
    )


def _embedding(dimension: int) -> onnx.ModelProto:
    graph = GraphWriter({})
    means = graph.add("ReduceMean", graph.add("Mul", "features", "features"), axes=[1], keepdims=0)
    first = graph.add("Slice", means, *map(graph.constant, ([0], [dimension], [1])))
    return graph.finish(
        name="bands", inputs={"features": ["batch", "frames", BANDS]}, output=first, rank=2
    )
