"""Text encoders: what CTranslate2 computes is BERT, whatever shares the batch."""

from pathlib import Path

import numpy as np
import pytest

from inference_service.engines.embedding.convert import (
    EmbedderConversionError,
    convert_e5,
    convert_minilm,
)
from inference_service.engines.embedding.tensor_files import TensorFileError, read_safetensors
from inference_service.engines.embedding.text_encoder import (
    EncoderDescription,
    TextEncoder,
    TextKind,
    embed_texts,
)
from tests.inference_service.reference_bert import embed_tokens
from tests.inference_service.tiny_encoder import (
    SHAPE,
    install_encoder,
    make_tensors,
    make_tokenizer,
    write_safetensors,
)

TEXTS = ["the budget was approved", "tuesday", "", "a budget on tuesday"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> TextEncoder:
    return TextEncoder(install_encoder(tmp_path_factory.mktemp("encoder")), model_id="tiny")


def test_float32_gives_the_vectors_of_the_paper(tmp_path: Path) -> None:
    folder = install_encoder(tmp_path, quantization="float32")
    encoder = TextEncoder(folder, model_id="tiny", compute_type="float32")
    vectors = embed_texts(encoder, TEXTS, TextKind.PLAIN)

    for text, vector in zip(TEXTS, vectors, strict=True):
        expected = embed_tokens(make_tensors(), SHAPE, make_tokenizer().encode(text).ids)
        assert vector @ expected > 0.99999


def test_int8_stays_close_to_it(encoder: TextEncoder) -> None:
    vectors = embed_texts(encoder, TEXTS, TextKind.PLAIN)

    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    for text, vector in zip(TEXTS, vectors, strict=True):
        expected = embed_tokens(make_tensors(), SHAPE, make_tokenizer().encode(text).ids)
        assert vector @ expected > 0.98


def test_a_text_has_the_same_vector_alone_and_beside_longer_ones(encoder: TextEncoder) -> None:
    alone = np.stack([embed_texts(encoder, [text], TextKind.PLAIN)[0] for text in TEXTS])

    together = embed_texts(encoder, TEXTS, TextKind.PLAIN)

    assert np.sum(alone * together, axis=1) == pytest.approx(1, abs=1e-3)


def test_a_query_has_its_prefix_and_a_passage_has_none(encoder: TextEncoder) -> None:
    query, passage, plain, written_out = (
        embed_texts(encoder, [text], kind)[0]
        for text, kind in (
            ("budget", TextKind.QUERY),
            ("budget", TextKind.PASSAGE),
            ("budget", TextKind.PLAIN),
            ("query : budget", TextKind.PLAIN),
        )
    )
    assert query @ written_out == pytest.approx(1, abs=1e-5)
    assert query @ plain < 0.99
    assert passage @ plain == pytest.approx(1, abs=1e-5)


def test_a_text_that_is_too_long_is_reported(encoder: TextEncoder) -> None:
    fits, too_long = "budget " * 6, "budget " * 7  # of 8 tokens, two are the marks

    plan = encoder.plan([fits, too_long], TextKind.PLAIN)

    assert plan.truncated == (False, True)
    assert max(len(tokens) for batch in plan.batches for tokens in batch.tokens) == 8


def test_many_texts_come_back_in_their_order(encoder: TextEncoder) -> None:
    texts = ["budget " * (1 + number % 5) for number in range(3_000)]

    plan = encoder.plan(texts, TextKind.PLAIN)
    vectors = embed_texts(encoder, texts, TextKind.PLAIN)

    assert len(plan.batches) > 1
    assert sorted(place for batch in plan.batches for place in batch.places) == list(range(3_000))
    assert np.sum(vectors[:5] * vectors[2_995:], axis=1) == pytest.approx(1, abs=1e-3)


def test_safetensors_come_back_as_they_were_written(tmp_path: Path) -> None:
    written = make_tensors()
    write_safetensors(written, tmp_path / "model.safetensors")

    read = read_safetensors(tmp_path / "model.safetensors")

    assert read.keys() == written.keys()
    assert all(np.array_equal(read[name], written[name]) for name in written)


@pytest.mark.parametrize("content", [b"", b"12345678", b"\xff" * 100])
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    (tmp_path / "e5-small-q4.bin").write_bytes(content)

    with pytest.raises(TensorFileError, match=r"model\.safetensors"):
        read_safetensors(tmp_path / "model.safetensors")
    with pytest.raises(TensorFileError, match="e5-small-q4"):
        convert_e5(tmp_path, tmp_path)


def test_weights_of_another_model_are_not_installed(tmp_path: Path) -> None:
    """They convert, and give other vectors than those that are known of all-MiniLM-L6-v2."""
    write_safetensors(make_tensors(), tmp_path / "model.safetensors")
    make_tokenizer().save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "config.json").write_text(
        '{"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 32, '
        '"layer_norm_eps": 1e-12}'
    )
    target = tmp_path / "converted"
    target.mkdir()

    with pytest.raises(EmbedderConversionError, match="known text"):
        convert_minilm(tmp_path, target)


def test_a_folder_without_its_description_is_refused(tmp_path: Path) -> None:
    folder = install_encoder(tmp_path)
    (folder / "embedder.json").write_text('{"kind": "speaker_model"}')

    with pytest.raises(ValueError, match="no embedder"):
        EncoderDescription.read(folder)
