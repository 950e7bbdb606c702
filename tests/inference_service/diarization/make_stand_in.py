"""Makes `stand_in.onnx`: wespeaker's inputs and outputs, and no knowledge of voices.

    pip install onnx && python -m tests.inference_service.diarization.make_stand_in

`feats` (B, T, 80) → the mean absolute value of each band, repeated to `embs` (B, 256). The names
and shapes are those of wespeaker's own export (its `bin/export_onnx.py`).
"""

from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save  # type: ignore[import-not-found]

TARGET = Path(__file__).with_name("stand_in.onnx")


def main() -> None:
    nodes = [
        helper.make_node("Abs", ["feats"], ["sizes"]),
        helper.make_node("ReduceMean", ["sizes"], ["bands"], axes=[1], keepdims=0),
        helper.make_node("Concat", ["bands"] * 4, ["repeated"], axis=1),
        helper.make_node("Slice", ["repeated", "from", "to", "axis"], ["embs"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([value], np.int64), name)
        for name, value in (("from", 0), ("to", 256), ("axis", 1))
    ]
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info("feats", TensorProto.FLOAT, ["B", "T", 80])],
        [helper.make_tensor_value_info("embs", TensorProto.FLOAT, ["B", 256])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model)
    save(model, TARGET)


if __name__ == "__main__":
    main()
