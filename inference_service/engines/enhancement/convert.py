"""DeepFilterNet3 as it is installed: its three networks, made to be fed in portions.

As published, each network pads its input with silence and starts its GRUs at zero, so a long
recording would have to be one input. Their memory reaches back further than any affordable overlap
(measured: 4 s of context leave a seam of -25 dB). So the padding becomes past frames that the
caller feeds, and the state of each GRU an input and an output: portions then give what one pass
gives. No weight is changed.
"""

import tarfile
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

ARCHIVE = "DeepFilterNet3_onnx.tar.gz"
NETWORKS = ("enc", "erb_dec", "df_dec")
_FOLDER = "tmp/export"
_LARGEST_MEMBER_BYTES = 8 << 20
_STATE_SHAPE = (1, 1, 256)


def convert_deepfilternet(source: Path, target: Path) -> None:
    """Write `enc.onnx`, `erb_dec.onnx` and `df_dec.onnx` into `target`. Seconds.

    Raises RuntimeError where the archive is damaged, or holds other networks than these.
    """
    try:
        with tarfile.open(source / ARCHIVE, "r:gz") as archive:
            for name in NETWORKS:
                content = _read_member(archive, f"{_FOLDER}/{name}.onnx")
                model = onnx.load_model_from_string(content)
                _open_states(model)
                onnx.checker.check_model(model)
                onnx.save_model(model, target / f"{name}.onnx")
    except (
        *(tarfile.TarError, OSError, EOFError, ValueError),
        *(DecodeError, onnx.checker.ValidationError),
    ) as error:
        raise RuntimeError(f"{ARCHIVE} can't be used: {error}") from error


def _read_member(archive: tarfile.TarFile, name: str) -> bytes:
    """Return one file of the archive; no more of it is read than a network may have."""
    for member in archive:
        if member.name != name:
            continue
        if not member.isreg() or member.size > _LARGEST_MEMBER_BYTES:
            break
        opened = archive.extractfile(member)
        if opened is not None:
            return opened.read(_LARGEST_MEMBER_BYTES)
    raise RuntimeError(f"{ARCHIVE} has no {name} of a size that can be.")


def _open_states(model: onnx.ModelProto) -> None:
    graph = model.graph
    inputs = {value.name: value for value in graph.input}
    past = {node.output[0]: node.input[0] for node in graph.node if _pads_an_input(node, inputs)}
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name in past:
                node.input[place] = past[name]
    for name in past.values():  # longer than the other inputs by the past frames
        inputs[name].type.tensor_type.shape.dim[2].dim_param = f"with_past_{name}"
    grus = [node for node in graph.node if node.op_type == "GRU"]
    if not grus:
        raise RuntimeError("A network of DeepFilterNet3 has no GRU.")
    for number, node in enumerate(grus):
        node.input[5] = f"state_{number}"
        node.output[1] = f"next_state_{number}"
        for values, name in ((graph.input, node.input[5]), (graph.output, node.output[1])):
            values.append(
                onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, _STATE_SHAPE)
            )
    _drop_unused(graph)


def _pads_an_input(node: onnx.NodeProto, inputs: dict[str, onnx.ValueInfoProto]) -> bool:
    return node.op_type == "Pad" and node.input[0] in inputs


def _drop_unused(graph: onnx.GraphProto) -> None:
    """Remove what only the padding and the zero states were computed by."""
    needed = {value.name for value in graph.output}
    used = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            used.append(node)
    del graph.node[:]
    graph.node.extend(reversed(used))
