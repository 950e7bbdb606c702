"""A text encoder of two small random layers, in both published formats' shapes, for fast tests."""

import json
import struct
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from inference_service.engines.embedding.bert import HUGGING_FACE, write_encoder
from inference_service.engines.embedding.tensor_files import EncoderShape, Tensor
from inference_service.engines.embedding.text_encoder import TOKENIZER_FILE, EncoderDescription

SHAPE = EncoderShape(layers=2, heads=4, hidden=32, epsilon=1e-12)
WORDS = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]"),
    *("the", "a", "budget", "was", "approved", "on", "tuesday", "query", ":"),
]
POSITIONS = 40
FEED_FORWARD = 64
_SPREAD = {1: 0.05, 2: 0.3}  # small biases: what differs between texts must not drown in them


def make_tensors(seed: int = 7) -> dict[str, Tensor]:
    """Random weights under the names of the Hugging Face format."""
    rng = np.random.default_rng(seed)
    hidden = SHAPE.hidden
    shapes: dict[str, tuple[int, ...]] = {
        HUGGING_FACE.words: (len(WORDS), hidden),
        HUGGING_FACE.positions: (POSITIONS, hidden),
        HUGGING_FACE.types: (2, hidden),
        **_norm(HUGGING_FACE.norm),
    }
    layer = HUGGING_FACE.layer
    for number in range(SHAPE.layers):
        for name in (layer.query, layer.key, layer.value, layer.attention_output):
            shapes |= _linear(name.format(number), out=hidden, into=hidden)
        shapes |= _linear(layer.intermediate.format(number), out=FEED_FORWARD, into=hidden)
        shapes |= _linear(layer.output.format(number), out=hidden, into=FEED_FORWARD)
        for name in (layer.attention_norm, layer.output_norm):
            shapes |= _norm(name.format(number))
    return {
        name: rng.normal(float("Norm.weight" in name), _SPREAD[len(shape)], shape).astype(
            np.float32
        )
        for name, shape in shapes.items()
    }


def install_encoder(folder: Path, *, max_tokens: int = 8, quantization: str = "int8") -> Path:
    """Write a model that can be loaded into `folder`; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_encoder(
        make_tensors(),
        HUGGING_FACE,
        SHAPE,
        tokens=WORDS,
        unknown="[UNK]",
        folder=folder,
        quantization=quantization,
    )
    make_tokenizer().save(str(folder / TOKENIZER_FILE))
    description = EncoderDescription(
        dimensions=SHAPE.hidden, max_tokens=max_tokens, query_prefix="query : "
    )
    description.write(folder)
    return folder


def write_safetensors(tensors: dict[str, Tensor], path: Path) -> None:
    described, data = {}, b""
    for name, tensor in tensors.items():
        offsets = [len(data), len(data) + tensor.nbytes]
        described[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": offsets}
        data += tensor.tobytes()
    head = json.dumps(described).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + data)


def make_tokenizer() -> Tokenizer:
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def _linear(name: str, *, out: int, into: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (out, into), f"{name}.bias": (out,)}


def _norm(name: str) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (SHAPE.hidden,), f"{name}.bias": (SHAPE.hidden,)}
