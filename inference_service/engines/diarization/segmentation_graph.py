"""Speaker segmentation 3.0 (PyanNet) as an ONNX graph, from the tensors of pyannote.

Bredin 2023, "pyannote.audio 2.1 speaker diarization pipeline", and Plaquet & Bredin 2023,
"Powerset multi-class cross entropy loss for neural speaker diarization"; layers and names as
pyannote/audio/models/segmentation/PyanNet.py and blocks/sincnet.py have them.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import onnx

from inference_service.engines.diarization.graph import GraphWriter

SAMPLE_RATE_HZ = 16_000
SINC_STRIDE = 10
LEAST_LOW_HZ = 50
LEAST_BAND_HZ = 50
LSTM_LAYERS = 4
LSTM_SIZE = 128
LEAKY_SLOPE = 0.01  # torch's default

Floats = npt.NDArray[np.float64]


def build_segmentation(weights: Mapping[str, npt.NDArray[np.generic]]) -> onnx.ModelProto:
    """Input "samples": float32 (batch, 1, n_samples), 16 kHz; output: (batch, frames, 7).

    The output is the log probability of each class: no speech, speaker 1, 2, 3, and the pairs 1+2,
    1+3, 2+3. Raises KeyError where a tensor is missing.
    """
    graph = GraphWriter(weights)
    value = _instance_norm(graph, "samples", "sincnet.wav_norm1d")
    value = graph.add("Conv", value, graph.constant(_sinc_filters(graph)), strides=[SINC_STRIDE])
    value = _pool_and_norm(graph, graph.add("Abs", value), 0)
    for layer in (1, 2):
        value = _pool_and_norm(graph, graph.conv(value, f"sincnet.conv1d.{layer}"), layer)
    value = graph.add("Transpose", value, perm=[2, 0, 1])  # (frames, batch, 60)
    for layer in range(LSTM_LAYERS):
        value = _lstm(graph, value, layer)
    value = graph.add("Transpose", value, perm=[1, 0, 2])
    for layer in (0, 1):
        linear = graph.linear(value, f"linear.{layer}")
        value = graph.add("LeakyRelu", linear, alpha=LEAKY_SLOPE)
    value = graph.add("LogSoftmax", graph.linear(value, "classifier"), axis=-1)
    shape: dict[str, list[int | str]] = {"samples": ["batch", 1, "n_samples"]}
    return graph.finish(name="segmentation", inputs=shape, output=value, rank=3)


def _instance_norm(graph: GraphWriter, value: str, name: str) -> str:
    gain, offset = graph.weight(f"{name}.weight"), graph.weight(f"{name}.bias")
    return graph.add("InstanceNormalization", value, gain, offset, epsilon=1e-5)


def _pool_and_norm(graph: GraphWriter, value: str, layer: int) -> str:
    pooled = graph.add("MaxPool", value, kernel_shape=[3], strides=[3])
    normed = _instance_norm(graph, pooled, f"sincnet.norm1d.{layer}")
    return graph.add("LeakyRelu", normed, alpha=LEAKY_SLOPE)


def _sinc_filters(graph: GraphWriter) -> npt.NDArray[np.float32]:
    """(80, 1, 251): 40 band-pass filters as cosines, and the same as sines.

    As asteroid_filterbanks' ParamSincFB computes them from the learnt edges and widths.
    """
    name = "sincnet.conv1d.0.filterbank"
    edges = np.abs(graph.array(f"{name}.low_hz_").astype(np.float64))
    widths = np.abs(graph.array(f"{name}.band_hz_").astype(np.float64))
    window = graph.array(f"{name}.window_").astype(np.float64)
    times = graph.array(f"{name}.n_").astype(np.float64)
    low = LEAST_LOW_HZ + edges
    high = np.clip(low + LEAST_BAND_HZ + widths, LEAST_LOW_HZ, SAMPLE_RATE_HZ / 2)
    scale = window / (times / 2)
    even = (np.sin(high * times) - np.sin(low * times)) * scale
    odd = (np.cos(low * times) - np.cos(high * times)) * scale
    band = high - low
    filters = np.concatenate(
        [
            _mirrored(even, 2 * band, sign=1) / (2 * band),
            _mirrored(odd, 0 * band, sign=-1) / (2 * band),
        ]
    )
    return filters[:, None, :].astype(np.float32)


def _mirrored(left: Floats, centre: Floats, *, sign: int) -> Floats:
    return np.concatenate([left, centre, sign * left[:, ::-1]], axis=1)


def _lstm(graph: GraphWriter, value: str, layer: int) -> str:
    """(frames, batch, n) → (frames, batch, 256): forwards and backwards."""

    def both(part: str) -> npt.NDArray[np.generic]:
        names = (f"lstm.{part}_l{layer}", f"lstm.{part}_l{layer}_reverse")
        return np.stack([_reorder_gates(graph.array(name)) for name in names])

    biases = np.concatenate([both("bias_ih"), both("bias_hh")], axis=1)
    weights = [graph.constant(each) for each in (both("weight_ih"), both("weight_hh"), biases)]
    output = graph.add(
        "LSTM", value, *weights, hidden_size=LSTM_SIZE, direction="bidirectional"
    )  # (frames, 2, batch, 128)
    side_by_side = graph.add("Transpose", output, perm=[0, 2, 1, 3])
    return graph.add("Reshape", side_by_side, graph.constant([0, 0, 2 * LSTM_SIZE]))


def _reorder_gates(tensor: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """torch's input, forget, cell, output → ONNX's input, output, forget, cell."""
    enter, forget, cell, leave = np.split(tensor, 4)
    return np.concatenate([enter, leave, forget, cell])
