"""A small writer of ONNX graphs: nodes in the order of the computation, weights by their name.

Needs the `onnx` package, so it is imported only where weights are converted.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8  # that of opset 17; newer onnx would write a newer one than old runtimes read
BATCH_NORM_EPSILON = 1e-5  # torch's default


Attribute = int | float | str | Sequence[int]


class GraphWriter:
    """Collects nodes and initialisers; each method returns the name of its output."""

    def __init__(self, weights: Mapping[str, npt.NDArray[np.generic]]) -> None:
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._initialisers: dict[str, onnx.TensorProto] = {}

    def add(self, op: str, *inputs: str, **attributes: Attribute) -> str:
        """Append a node; returns its first output, the only one that is used here."""
        name = f"{op.lower()}_{len(self._nodes)}"
        self._nodes.append(_node(op, inputs, [name], attributes))
        return name

    def constant(self, value: npt.NDArray[np.generic] | Sequence[int]) -> str:
        """An initialiser without a name of its own; lists become int64."""
        array = value if isinstance(value, np.ndarray) else np.array(value, np.int64)
        name = f"constant_{len(self._initialisers)}"
        self._initialisers[name] = numpy_helper.from_array(array, name)
        return name

    def weight(self, name: str) -> str:
        """The tensor of that name in the weights, as an initialiser. Raises KeyError."""
        if name not in self._initialisers:
            array = np.ascontiguousarray(self._weights[name])
            self._initialisers[name] = numpy_helper.from_array(array, name)
        return name

    def array(self, name: str) -> npt.NDArray[np.generic]:
        """The tensor itself, to compute with. Raises KeyError."""
        return self._weights[name]

    def has(self, name: str) -> bool:
        return name in self._weights

    def batch_norm(self, value: str, name: str) -> str:
        """Of stored means and variances; without gain and offset where the layer has none."""
        width = self._weights[f"{name}.running_mean"].shape[0]
        if self.has(f"{name}.weight"):
            gain, offset = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        else:
            gain = self.constant(np.ones(width, np.float32))
            offset = self.constant(np.zeros(width, np.float32))
        stored = (self.weight(f"{name}.running_mean"), self.weight(f"{name}.running_var"))
        return self.add(
            "BatchNormalization", value, gain, offset, *stored, epsilon=BATCH_NORM_EPSILON
        )

    def conv(self, value: str, name: str, **attributes: Attribute) -> str:
        inputs = [value, self.weight(f"{name}.weight")]
        if self.has(f"{name}.bias"):
            inputs.append(self.weight(f"{name}.bias"))
        return self.add("Conv", *inputs, **attributes)

    def linear(self, value: str, name: str) -> str:
        """value (…, n) → (…, m), as torch's nn.Linear: x·Wᵀ + b."""
        matrix = np.ascontiguousarray(self._weights[f"{name}.weight"].T)
        product = self.add("MatMul", value, self.constant(matrix))
        return self.add("Add", product, self.weight(f"{name}.bias"))

    def finish(
        self, *, name: str, inputs: Mapping[str, list[int | str]], output: str, rank: int
    ) -> onnx.ModelProto:
        """inputs: shapes by name, of which names are dynamic axes. rank: of the output."""
        self._nodes.append(helper.make_node("Identity", [output], ["output"]))
        floats = TensorProto.FLOAT
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(each, floats, shape) for each, shape in inputs.items()],
            [helper.make_tensor_value_info("output", floats, [None] * rank)],
            list(self._initialisers.values()),
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            producer_name="open-stt",
            ir_version=IR_VERSION,
        )
        onnx.checker.check_model(model)
        return model


def _node(
    op: str, inputs: Sequence[str], outputs: Sequence[str], attributes: Mapping[str, Attribute]
) -> onnx.NodeProto:
    node = helper.make_node(op, list(inputs), list(outputs))
    node.attribute.extend(
        helper.make_attribute(name, value) for name, value in sorted(attributes.items())
    )
    return node
