"""A language model of one small random layer that knows single bytes: what it says is noise.

llama.cpp loads and runs it as any other, in milliseconds, so everything but meaning can be tested.
"""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

CONTROL = ["<|im_start|>", "<|im_end|>", "<|oddity|>"]
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONTEXT = 2_048
_HEADS = 2
_ALIGNMENT = 32
_UINT32, _INT32, _FLOAT32, _STRING, _ARRAY = 4, 5, 6, 8, 9
_NORMAL, _CONTROL = 1, 3

Value = str | int | float | Sequence[str] | Sequence[int] | Sequence[float]


def write_gguf(path: Path, *, hidden: int = 32, layers: int = 1) -> Path:
    """Write the model to `path`, whose folder is made; returns it. A larger one is slower."""
    tokens = [*CONTROL, *_list_byte_symbols(), "ab"]
    kinds = [_CONTROL if token in CONTROL else _NORMAL for token in tokens]
    metadata: dict[str, Value] = {
        "general.architecture": "llama",
        "llama.context_length": CONTEXT,
        "llama.embedding_length": hidden,
        "llama.block_count": layers,
        "llama.feed_forward_length": 2 * hidden,
        "llama.attention.head_count": _HEADS,
        "llama.attention.head_count_kv": 1,
        "llama.rope.dimension_count": hidden // _HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.merges": ["a b"],
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.bos_token_id": 0,
        "tokenizer.ggml.eos_token_id": 1,
        "tokenizer.chat_template": TEMPLATE,
    }
    rng = np.random.default_rng(5)
    tensors = {
        name: rng.normal(0, 2 / hidden**0.5, shape).astype("<f4") + np.float32("norm" in name)
        for name, shape in _list_shapes(len(tokens), hidden=hidden, layers=layers).items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_pack(metadata, tensors))
    return path


def _list_byte_symbols() -> list[str]:
    """Each byte as GPT-2 writes it: itself where it can be seen, else a character from 256 on."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in seen]
    symbols = {byte: chr(byte) for byte in seen}
    symbols |= {byte: chr(256 + place) for place, byte in enumerate(others)}
    return [symbols[byte] for byte in range(256)]


def _list_shapes(n_tokens: int, *, hidden: int, layers: int) -> dict[str, tuple[int, ...]]:
    kv = hidden // _HEADS
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (n_tokens, hidden),
        "output_norm.weight": (hidden,),
        "output.weight": (n_tokens, hidden),
    }
    for number in range(layers):
        shapes |= {
            f"blk.{number}.attn_norm.weight": (hidden,),
            f"blk.{number}.attn_q.weight": (hidden, hidden),
            f"blk.{number}.attn_k.weight": (kv, hidden),
            f"blk.{number}.attn_v.weight": (kv, hidden),
            f"blk.{number}.attn_output.weight": (hidden, hidden),
            f"blk.{number}.ffn_norm.weight": (hidden,),
            f"blk.{number}.ffn_gate.weight": (2 * hidden, hidden),
            f"blk.{number}.ffn_up.weight": (2 * hidden, hidden),
            f"blk.{number}.ffn_down.weight": (hidden, 2 * hidden),
        }
    return shapes


def _pack(metadata: Mapping[str, Value], tensors: Mapping[str, np.ndarray]) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    for key, value in metadata.items():
        head += _pack_string(key) + _pack_value(value)
    offset = 0
    for name, tensor in tensors.items():
        head += _pack_string(name) + struct.pack("<I", tensor.ndim)
        head += struct.pack(f"<{tensor.ndim}Q", *reversed(tensor.shape))
        head += struct.pack("<IQ", 0, offset)
        offset += _align(tensor.nbytes)
    head += bytes(_align(len(head)) - len(head))
    return head + b"".join(
        tensor.tobytes() + bytes(_align(tensor.nbytes) - tensor.nbytes)
        for tensor in tensors.values()
    )


def _pack_value(value: Value) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _pack_string(value)
    if isinstance(value, int):
        return struct.pack("<II", _UINT32, value)
    if isinstance(value, float):
        return struct.pack("<If", _FLOAT32, value)
    if isinstance(value[0], str):
        packed = b"".join(_pack_string(str(each)) for each in value)
        return struct.pack("<IIQ", _ARRAY, _STRING, len(value)) + packed
    kind, code = (_INT32, "i") if isinstance(value[0], int) else (_FLOAT32, "f")
    return struct.pack(f"<IIQ{len(value)}{code}", _ARRAY, kind, len(value), *value)


def _pack_string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _align(n_bytes: int) -> int:
    return -(-n_bytes // _ALIGNMENT) * _ALIGNMENT
