"""BERT in numpy and float64 (Devlin et al. 2019): what conversions are compared with."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import erf

from inference_service.engines.embedding.tensor_files import EncoderShape, Tensor

Array = npt.NDArray[np.float64]


def embed_tokens(tensors: Mapping[str, Tensor], shape: EncoderShape, ids: Sequence[int]) -> Array:
    """Return the mean of the last states, of unit length. Names as Hugging Face has them."""
    words, positions, types = (
        tensors[f"embeddings.{name}_embeddings.weight"].astype(np.float64)
        for name in ("word", "position", "token_type")
    )
    x = words[list(ids)] + positions[: len(ids)] + types[0]
    x = _norm(x, tensors, "embeddings.LayerNorm", shape)
    for number in range(shape.layers):
        name = f"encoder.layer.{number}"
        attended = _linear(
            _attend(x, tensors, f"{name}.attention.self", heads=shape.heads),
            tensors,
            f"{name}.attention.output.dense",
        )
        x = _norm(x + attended, tensors, f"{name}.attention.output.LayerNorm", shape)
        inner = _linear(x, tensors, f"{name}.intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / np.sqrt(2)))
        x = _norm(
            x + _linear(inner, tensors, f"{name}.output.dense"),
            tensors,
            f"{name}.output.LayerNorm",
            shape,
        )
    mean = x.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


def _attend(x: Array, tensors: Mapping[str, Tensor], name: str, *, heads: int) -> Array:
    query, key, value = (
        _linear(x, tensors, f"{name}.{part}").reshape(len(x), heads, -1).transpose(1, 0, 2)
        for part in ("query", "key", "value")
    )
    scores = query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1])
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return np.asarray((weights @ value).transpose(1, 0, 2).reshape(len(x), -1))


def _linear(x: Array, tensors: Mapping[str, Tensor], name: str) -> Array:
    weight = tensors[f"{name}.weight"].astype(np.float64)
    return np.asarray(x @ weight.T + tensors[f"{name}.bias"])


def _norm(x: Array, tensors: Mapping[str, Tensor], name: str, shape: EncoderShape) -> Array:
    mean = x.mean(axis=-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
    scaled = (x - mean) / np.sqrt(variance + shape.epsilon)
    return np.asarray(scaled * tensors[f"{name}.weight"] + tensors[f"{name}.bias"])
