"""A T5 of one small random layer in MADLAD's format, targets and all; what it says is noise."""

from pathlib import Path

import numpy as np
from ctranslate2.converters.utils import fuse_linear
from ctranslate2.specs import attention_spec, common_spec, transformer_spec
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

WORDS = ["<pad>", "<unk>", "</s>", "<2cs>", "<2no>", "<2en>", "▁the", "▁budget", "▁je", "▁schválen"]
_HIDDEN, _HEADS, _BUCKETS = 16, 2, 8


def install_madlad(folder: Path) -> Path:
    """Write a model that can be loaded into `folder`, which is made; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(5)

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(0, 1.5, shape).astype(np.float32)

    def linear(spec: common_spec.LinearSpec, out: int, into: int) -> common_spec.LinearSpec:
        spec.weight = draw(out, into)
        return spec

    def attend(spec: attention_spec.MultiHeadAttentionSpec, *, is_own: bool) -> None:
        spec.queries_scale = 1.0
        query, key, value = (linear(common_spec.LinearSpec(), _HIDDEN, _HIDDEN) for _ in range(3))
        if is_own:
            fuse_linear(spec.linear[0], [query, key, value])
            spec.relative_attention_bias = draw(_BUCKETS, _HEADS)
            spec.relative_attention_max_distance = np.dtype("int32").type(16)
        else:
            fuse_linear(spec.linear[0], [query])
            fuse_linear(spec.linear[1], [key, value])
        linear(spec.linear[-1], _HIDDEN, _HIDDEN)
        spec.layer_norm.gamma = np.ones(_HIDDEN, np.float32)

    spec = transformer_spec.TransformerSpec.from_config(
        (1, 1),
        _HEADS,
        pre_norm=True,
        activation=common_spec.Activation.RELU,
        ffn_glu=True,
        relative_attention_bias=True,
        rms_norm=True,
    )
    words = draw(len(WORDS), _HIDDEN)
    for stack in (spec.encoder, spec.decoder):
        stack.layer_norm.gamma = np.ones(_HIDDEN, np.float32)
        stack.scale_embeddings = False
        layer = stack.layer[0]
        attend(layer.self_attention, is_own=True)
        if stack is spec.decoder:
            attend(layer.attention, is_own=False)
        layer.ffn.layer_norm.gamma = np.ones(_HIDDEN, np.float32)
        linear(layer.ffn.linear_0, 2 * _HIDDEN, _HIDDEN)
        linear(layer.ffn.linear_0_noact, 2 * _HIDDEN, _HIDDEN)
        linear(layer.ffn.linear_1, _HIDDEN, 2 * _HIDDEN)
    spec.encoder.embeddings[0].weight = words
    spec.decoder.embeddings.weight = words
    linear(spec.decoder.projection, len(WORDS), _HIDDEN)
    spec.register_source_vocabulary(WORDS)
    spec.register_target_vocabulary(WORDS)
    spec.config.bos_token = spec.config.decoder_start_token = "<pad>"
    spec.config.eos_token, spec.config.unk_token = "</s>", "<unk>"
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    _make_tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def _make_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram([(word, -float(at)) for at, word in enumerate(WORDS)], 1))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer
