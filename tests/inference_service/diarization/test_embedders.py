"""What every embedder promises, on both: the statistics, and wespeaker's runtime path."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from inference_service.engines.diarization import Embedder, EmbedderError, Turn, load_embedder
from tests.speech.dialogues.generate import FIXTURES, RATE_HZ, Samples, decode


@pytest.fixture(params=["statistics_embedder", "wespeaker_embedder"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    made: Embedder = request.getfixturevalue(request.param)
    return made


@pytest.fixture(scope="module")
def dialogue() -> Samples:
    return decode(FIXTURES / "two_voices.flac")


def _same(one: Turn, other: Turn) -> bool:
    times_agree = (one.start_s, one.end_s) == (other.start_s, other.end_s)
    return times_agree and np.array_equal(one.embedding, other.embedding)


def test_turns_lie_in_order_within_the_stretch(embedder: Embedder, dialogue: Samples) -> None:
    turns = embedder.embed_turns(dialogue, offset_s=10.0)
    assert len(turns) > 2
    edges = [edge for turn in turns for edge in (turn.start_s, turn.end_s)]
    assert edges == sorted(edges)
    assert all(turn.start_s < turn.end_s for turn in turns)
    assert edges[0] >= 10.0
    assert edges[-1] <= 10.0 + len(dialogue) / RATE_HZ


def test_embeddings_are_finite_float32_of_one_length(embedder: Embedder, dialogue: Samples) -> None:
    for turn in embedder.embed_turns(dialogue, offset_s=0.0):
        assert turn.embedding.dtype == np.float32
        assert turn.embedding.shape == (embedder.dimension,)
        assert np.isfinite(turn.embedding).all()


@pytest.mark.parametrize("length", [0, 1, 399, 400, 401])
def test_next_to_nothing_is_survived(embedder: Embedder, dialogue: Samples, length: int) -> None:
    assert embedder.embed_turns(dialogue[20_000 : 20_000 + length], offset_s=0.0) == []


def test_digital_silence_has_no_turns(embedder: Embedder) -> None:
    assert embedder.embed_turns(np.zeros(RATE_HZ * 2, np.float32), offset_s=0.0) == []


def test_a_short_word_is_a_turn(embedder: Embedder, dialogue: Samples) -> None:
    start = int(1.0 * RATE_HZ)
    turns = embedder.embed_turns(dialogue[start : start + RATE_HZ // 5], offset_s=0.0)
    assert len(turns) == 1


def test_padding_is_left_out_of_the_turns(embedder: Embedder, dialogue: Samples) -> None:
    spoken = dialogue[RATE_HZ : 2 * RATE_HZ]
    rng = np.random.default_rng(0)
    quiet = rng.normal(0, 1e-4, RATE_HZ // 2).astype(np.float32)
    turns = embedder.embed_turns(np.concatenate([quiet, spoken, quiet]), offset_s=0.0)
    assert 0.4 <= turns[0].start_s <= 0.65
    assert 1.35 <= turns[-1].end_s <= 1.6


def test_a_change_of_voice_without_a_pause_cuts(embedder: Embedder) -> None:
    """Two people who fall into each other's words: the cut lies where the voice changes."""
    woman = decode(FIXTURES / "two_voices.flac")[int(10.2 * RATE_HZ) : int(12.7 * RATE_HZ)]
    man = decode(FIXTURES / "one_voice.flac")[int(3.5 * RATE_HZ) : int(6 * RATE_HZ)]
    turns = embedder.embed_turns(np.concatenate([woman, man]), offset_s=0.0)
    assert min(abs(turn.start_s - 2.5) for turn in turns[1:]) <= 0.35


def test_threads_share_an_embedder(embedder: Embedder, dialogue: Samples) -> None:
    alone = embedder.embed_turns(dialogue, offset_s=0.0)
    with ThreadPoolExecutor(4) as pool:
        together = pool.map(lambda _: embedder.embed_turns(dialogue, offset_s=0.0), range(4))
        for turns in together:
            assert all(_same(*pair) for pair in zip(alone, turns, strict=True))


def test_louder_and_quieter_sound_like_the_same_voice(
    statistics_embedder: Embedder, dialogue: Samples
) -> None:
    loud = statistics_embedder.embed_turns(dialogue, offset_s=0.0)
    quiet = statistics_embedder.embed_turns(dialogue * np.float32(0.25), offset_s=0.0)
    for one, other in zip(loud, quiet, strict=True):
        assert np.linalg.norm(one.embedding - other.embedding) < 0.2


def test_without_weights_the_statistics_answer_and_say_so(tmp_path: Path) -> None:
    embedder = load_embedder(tmp_path / "no such folder")
    assert (embedder.name, embedder.is_approximate) == ("mfcc-statistics", True)


def test_with_weights_wespeaker_answers(wespeaker_models: Path) -> None:
    embedder = load_embedder(wespeaker_models)
    assert (embedder.name, embedder.is_approximate) == ("wespeaker-voxceleb-resnet34-LM", False)


def test_wespeaker_embeddings_have_unit_length(
    wespeaker_embedder: Embedder, dialogue: Samples
) -> None:
    for turn in wespeaker_embedder.embed_turns(dialogue, offset_s=0.0):
        assert np.linalg.norm(turn.embedding) == pytest.approx(1, abs=1e-5)


def test_broken_weights_are_an_error_not_a_swap(wespeaker_models: Path) -> None:
    weights = next(wespeaker_models.glob("*/*.onnx"))
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(EmbedderError, match=r"voxceleb_resnet34_LM\.onnx"):
        load_embedder(wespeaker_models)


def test_another_model_under_its_name_is_an_error(wespeaker_models: Path) -> None:
    import faster_whisper

    vad = Path(faster_whisper.__file__).parent / "assets" / "silero_vad_v6.onnx"
    next(wespeaker_models.glob("*/*.onnx")).write_bytes(vad.read_bytes())
    with pytest.raises(EmbedderError, match="80 bands into 256"):
        load_embedder(wespeaker_models)
