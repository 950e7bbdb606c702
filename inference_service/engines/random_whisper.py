"""A Whisper of any shape with random weights, written as a folder that CTranslate2 loads.

Its text is meaningless, but computes what a trained one of its shape computes: the probe of a GPU
runs a small one, a benchmark measures a large one where the true weights can't be had.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import WhisperSpec
from ctranslate2.specs.model_spec import visit_spec

_ENCODER_POSITIONS = 1500
_DECODER_POSITIONS = 448
_KERNEL = 3  # of both convolutions
# Weights repeat after so many: drawing a thousand million takes longer than measuring with them.
_DRAWN = 1_000_003
_SPREAD = 0.02  # of the weights, as transformers are initialised


@dataclass(frozen=True, slots=True)
class WhisperShape:
    """As in the model's config.json on the hub; heads: in every attention."""

    d_model: int
    heads: int
    encoder_layers: int
    decoder_layers: int
    n_mels: int
    vocabulary: tuple[str, ...]


# Of openai/whisper-large-v3-turbo, but for the vocabulary.
TURBO = {"d_model": 1280, "heads": 20, "encoder_layers": 32, "decoder_layers": 4, "n_mels": 128}
# The words that CTranslate2 expects in any Whisper's vocabulary, and a text token.
MARKS = (
    "a",
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|transcribe|>",
    "<|nospeech|>",
    "<|notimestamps|>",
    *(f"<|{step * 0.02:.2f}|>" for step in range(1501)),
)


def make_random_whisper(folder: Path, shape: WhisperShape, *, dtype: str = "float16") -> None:
    """Write `model.bin`, `config.json` and the vocabulary into `folder`."""
    spec = WhisperSpec(shape.encoder_layers, shape.heads, shape.decoder_layers, shape.heads)
    drawn = np.random.default_rng(0).standard_normal(_DRAWN, np.float32)
    drawn = (_SPREAD * drawn).astype(dtype)
    sizes = _list_sizes(shape)

    def fill(owner: Any, name: str, value: object) -> None:
        size = sizes.get(_find_role(name))
        if size is not None:
            is_norm = name.endswith("gamma")
            setattr(
                owner,
                name.rpartition("/")[2],
                np.ones(size, dtype) if is_norm else np.resize(drawn, size),
            )

    visit_spec(spec, fill)
    _configure(spec, shape)
    spec.validate()
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))


def _list_sizes(shape: WhisperShape) -> dict[str, tuple[int, ...]]:
    """Return the sizes of the variables by their roles."""
    width, words = shape.d_model, len(shape.vocabulary)
    linear = {
        "self_attention/linear_0": (3 * width, width),
        "self_attention/linear_1": (width, width),
        "attention/linear_0": (width, width),
        "attention/linear_1": (2 * width, width),
        "attention/linear_2": (width, width),
        "ffn/linear_0": (4 * width, width),
        "ffn/linear_1": (width, 4 * width),
        "encoder/conv1": (width, shape.n_mels, _KERNEL),
        "encoder/conv2": (width, width, _KERNEL),
    }
    return {
        **{f"{name}/weight": size for name, size in linear.items()},
        **{f"{name}/bias": size[:1] for name, size in linear.items()},
        "layer_norm/gamma": (width,),
        "layer_norm/beta": (width,),
        "encoder/position_encodings/encodings": (_ENCODER_POSITIONS, width),
        "decoder/position_encodings/encodings": (_DECODER_POSITIONS, width),
        "decoder/embeddings/weight": (words, width),
        "decoder/projection/weight": (words, width),
    }


def _find_role(name: str) -> str:
    """`decoder/layer_3/self_attention/linear_0/weight` → `self_attention/linear_0/weight`."""
    parts = name.split("/")
    return "/".join(parts[-2:] if parts[-2] == "layer_norm" else parts[-3:])


def _configure(spec: Any, shape: WhisperShape) -> None:
    spec.register_vocabulary(list(shape.vocabulary))
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = [shape.vocabulary.index("<|en|>")]
    layers = range(shape.decoder_layers // 2, shape.decoder_layers)
    spec.config.alignment_heads = list(itertools.product(layers, range(shape.heads)))
