"""CAM++ as an ONNX graph, from the tensors of modelscope's 3D-Speaker.

Wang et al. 2023, "CAM++: A fast and efficient network for speaker verification using context-aware
masking" (arXiv:2303.00332); layers and names as speakerlab/models/campplus/DTDNN.py has them.
The network ends in a batch norm. (Another repacking puts a ReLU after it, which zeroes half of the
192 numbers: measured on 90 readers, 1.5 s each, equal error rate 1.18 % instead of 0.41 %.)
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import onnx

from inference_service.engines.diarization.graph import GraphWriter

# Of each dense block: layers, dilation of their convolution (kernel 3).
BLOCKS = ((12, 1), (24, 2), (16, 2))
CONTEXT_FRAMES = 100  # of a context mask, in frames after the first layer's stride of 2
MEL_BANDS = 80


def build_campplus(weights: Mapping[str, npt.NDArray[np.generic]]) -> onnx.ModelProto:
    """Input "features": float32 (batch, frames, 80); output: (batch, 192), not normalised.

    Raises KeyError where a tensor is missing.
    """
    graph = GraphWriter(weights)
    value = _head(graph, graph.add("Transpose", "features", perm=[0, 2, 1]))
    value = graph.conv(value, "xvector.tdnn.linear", strides=[2], pads=[2, 2])
    value = _norm_relu(graph, value, "xvector.tdnn.nonlinear.batchnorm")
    context = _Context(graph, value)
    for number, (layers, dilation) in enumerate(BLOCKS, 1):
        for layer in range(1, layers + 1):
            name = f"xvector.block{number}.tdnnd{layer}"
            fresh = _dense_layer(graph, value, name, dilation=dilation, context=context)
            value = graph.add("Concat", value, fresh, axis=1)
        name = f"xvector.transit{number}"
        value = _norm_relu(graph, value, f"{name}.nonlinear.batchnorm")
        value = graph.conv(value, f"{name}.linear")
    value = _norm_relu(graph, value, "xvector.out_nonlinear.batchnorm")
    value = graph.conv(_mean_and_deviation(graph, value), "xvector.dense.linear")
    value = graph.batch_norm(value, "xvector.dense.nonlinear.batchnorm")
    embedding = graph.add("Squeeze", value, graph.constant([2]))
    shape: dict[str, list[int | str]] = {"features": ["batch", "frames", MEL_BANDS]}
    return graph.finish(name="campplus", inputs=shape, output=embedding, rank=2)


def _norm_relu(graph: GraphWriter, value: str, name: str) -> str:
    return graph.add("Relu", graph.batch_norm(value, name))


def _head(graph: GraphWriter, bands: str) -> str:
    """(batch, 80, frames) → (batch, 320, frames): a small residual network over the spectrum."""
    value = graph.add("Unsqueeze", bands, graph.constant([1]))
    value = graph.conv(value, "head.conv1", pads=[1, 1, 1, 1])
    value = _norm_relu(graph, value, "head.bn1")
    for layer in (1, 2):
        for block in (0, 1):
            value = _residual(graph, value, f"head.layer{layer}.{block}", halves=block == 0)
    value = graph.conv(value, "head.conv2", strides=[2, 1], pads=[1, 1, 1, 1])
    value = _norm_relu(graph, value, "head.bn2")
    return graph.add("Reshape", value, graph.constant([0, 32 * MEL_BANDS // 8, -1]))


def _residual(graph: GraphWriter, value: str, name: str, *, halves: bool) -> str:
    """halves: the number of bands."""
    strides = [2 if halves else 1, 1]
    inner = graph.conv(value, f"{name}.conv1", strides=strides, pads=[1, 1, 1, 1])
    inner = _norm_relu(graph, inner, f"{name}.bn1")
    inner = graph.batch_norm(graph.conv(inner, f"{name}.conv2", pads=[1, 1, 1, 1]), f"{name}.bn2")
    if graph.has(f"{name}.shortcut.0.weight"):
        value = graph.conv(value, f"{name}.shortcut.0", strides=strides)
        value = graph.batch_norm(value, f"{name}.shortcut.1")
    return graph.add("Relu", graph.add("Add", inner, value))


def _dense_layer(
    graph: GraphWriter, value: str, name: str, *, dilation: int, context: "_Context"
) -> str:
    value = _norm_relu(graph, value, f"{name}.nonlinear1.batchnorm")
    value = graph.conv(value, f"{name}.linear1")
    value = _norm_relu(graph, value, f"{name}.nonlinear2.batchnorm")
    cam = f"{name}.cam_layer"
    local = graph.conv(
        value, f"{cam}.linear_local", pads=[dilation, dilation], dilations=[dilation]
    )
    mask = graph.add("Relu", graph.conv(context.of(value), f"{cam}.linear1"))
    mask = graph.add("Sigmoid", graph.conv(mask, f"{cam}.linear2"))
    return graph.add("Mul", local, mask)


class _Context:
    """The mean of a value over all frames plus that over its 100 frames of context.

    Every layer has the same number of frames, so padding and counts are computed once.
    """

    def __init__(self, graph: GraphWriter, value: str) -> None:
        """value: any (batch, channels, frames) with the number of frames of all later ones."""
        self._graph = graph
        shape = graph.add("Shape", value)
        self._frames = graph.add("Slice", shape, graph.constant([2]), graph.constant([3]))
        size = graph.constant([CONTEXT_FRAMES])
        missing = graph.add("Mod", graph.add("Neg", self._frames), size)
        self._pads = graph.add("Concat", graph.constant([0] * 5), missing, axis=0)
        one = graph.add("Slice", value, *map(graph.constant, ([0], [1], [1])))
        row = graph.add("Slice", one, *map(graph.constant, ([0], [1], [0])))
        zeros = graph.add("Mul", row, graph.constant(np.zeros(1, np.float32)))
        ones = graph.add("Add", zeros, graph.constant(np.ones(1, np.float32)))
        self._counts = self._sums(ones)

    def of(self, value: str) -> str:
        graph = self._graph
        means = graph.add("Div", self._sums(value), self._counts)  # (batch, channels, contexts, 1)
        wide = graph.constant([1, 1, 1, CONTEXT_FRAMES])
        rows = graph.add("Reshape", graph.add("Expand", means, wide), graph.constant([0, 0, -1]))
        ends = (graph.constant([0]), self._frames, graph.constant([2]))
        near = graph.add("Slice", rows, *ends)
        return graph.add("Add", graph.add("ReduceMean", value, axes=[2]), near)

    def _sums(self, value: str) -> str:
        graph = self._graph
        padded = graph.add("Pad", value, self._pads)
        contexts = graph.add("Reshape", padded, graph.constant([0, 0, -1, CONTEXT_FRAMES]))
        return graph.add("ReduceSum", contexts, graph.constant([3]))


def _mean_and_deviation(graph: GraphWriter, value: str) -> str:
    """(batch, n, frames) → (batch, 2n, 1); the deviation counts frames - 1, as torch's std does."""
    mean = graph.add("ReduceMean", value, axes=[2])
    squares = graph.add("ReduceSumSquare", graph.add("Sub", value, mean), axes=[2])
    shape = graph.add("Shape", value)
    frames = graph.add("Slice", shape, graph.constant([2]), graph.constant([3]))
    count = graph.add("Cast", frames, to=onnx.TensorProto.FLOAT)
    free = graph.add("Sub", count, graph.constant(np.ones(1, np.float32)))
    deviation = graph.add("Sqrt", graph.add("Div", squares, free))
    return graph.add("Concat", mean, deviation, axis=1)
