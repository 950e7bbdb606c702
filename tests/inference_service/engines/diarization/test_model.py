"""A model is data: files, dimension and front end come from its model.json."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from inference_service.engines.asr import Samples
from inference_service.engines.diarization import Embedder, EmbedderError, VoiceTurn, load_embedder
from tests.inference_service.engines.diarization.small_model import (
    DIMENSION,
    NAME,
    install_small_model,
)

RATE_HZ = 16_000


@pytest.fixture
def embedder(tmp_path: Path) -> Embedder:
    install_small_model(tmp_path)
    found = load_embedder(tmp_path)
    assert found is not None
    return found


def make_sound(*parts: tuple[float, float]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Noise of these seconds and levels, one after the other."""
    rng = np.random.default_rng(0)
    chunks = [level * rng.normal(size=int(seconds * RATE_HZ)) for seconds, level in parts]
    return np.concatenate(chunks).astype(np.float32)


def find_turns(
    embedder: Embedder,
    samples: Samples,
    *,
    offset_s: float = 0.0,
    speech: Sequence[tuple[float, float]] | None = None,
) -> list[VoiceTurn]:
    """speech: all of it, where not given."""
    everywhere = [(0.0, len(samples) / RATE_HZ)]
    work = embedder.start_task(
        samples, offset_s=offset_s, speech=everywhere if speech is None else speech
    )
    while not work.is_done:
        work.step()
    return work.turns


def test_turns_lie_where_someone_speaks(embedder: Embedder) -> None:
    turns = find_turns(embedder, make_sound((1, 0), (1.5, 0.1), (1, 0)), offset_s=10.0)
    assert turns[0].start_s == pytest.approx(11.0, abs=0.05)
    assert turns[-1].end_s == pytest.approx(12.5, abs=0.05)
    assert all(turn.embedding.shape == (DIMENSION,) for turn in turns)
    assert all(np.linalg.norm(turn.embedding) == pytest.approx(1, abs=1e-5) for turn in turns)


def test_windows_of_long_audio_follow_each_other_without_holes_or_doubles(
    embedder: Embedder,
) -> None:
    turns = find_turns(embedder, make_sound((7.3, 0.1)))
    edges = [edge for turn in turns for edge in (turn.start_s, turn.end_s)]
    assert edges == sorted(edges)
    assert sum(turn.end_s - turn.start_s for turn in turns) == pytest.approx(7.3, abs=0.1)
    assert max(turn.end_s - turn.start_s for turn in turns) <= 2.001


def test_intervals_without_voice_activity_are_not_examined(embedder: Embedder) -> None:
    turns = find_turns(embedder, make_sound((20, 0.1)), speech=[(0.0, 2.0)])
    assert turns
    assert turns[-1].end_s <= 4.0


@pytest.mark.parametrize("length", [0, 1, 399, 400, 1600])
def test_next_to_nothing_is_survived(embedder: Embedder, length: int) -> None:
    assert find_turns(embedder, make_sound((1, 0.1))[:length], speech=[(0.0, 0.1)]) is not None


def test_silence_has_no_turns(embedder: Embedder) -> None:
    assert find_turns(embedder, make_sound((4, 0))) == []


def test_threads_share_an_embedder(embedder: Embedder) -> None:
    sound = make_sound((5, 0.1))
    alone = find_turns(embedder, sound)
    found: list[list[VoiceTurn]] = []
    threads = [
        threading.Thread(target=lambda: found.append(find_turns(embedder, sound))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for turns in found:
        assert all(
            np.array_equal(one.embedding, other.embedding)
            for one, other in zip(alone, turns, strict=True)
        )


def test_a_folder_without_speaker_models_gives_none(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "model.json").write_text('{"kind": "recogniser"}')
    assert load_embedder(tmp_path) is None


def test_the_default_model_goes_before_others(tmp_path: Path) -> None:
    install_small_model(tmp_path, name="another")
    install_small_model(tmp_path, name="campplus", dimension=3)
    embedder = load_embedder(tmp_path)
    assert embedder is not None
    assert embedder.description.name == "campplus"


@pytest.mark.parametrize(
    ("section", "name", "value", "sentence"),
    [
        ("embedding", "dimension", 7, "5 numbers"),
        ("segmentation", "frames", 589, "100 frames"),
        ("front_end", "bands", 80, "model.json says"),
        ("front_end", "kind", "spectrogram", "unknown"),
        ("clustering", "cut_distance", "wide", "must be a number"),
        ("embedding", "file", "missing.onnx", "readable ONNX"),
    ],
)
def test_a_model_that_is_not_as_described_stops_the_start(
    tmp_path: Path, section: str, name: str, value: object, sentence: str
) -> None:
    path = install_small_model(tmp_path) / "model.json"
    content = json.loads(path.read_text())
    content[section][name] = value
    path.write_text(json.dumps(content))
    with pytest.raises(EmbedderError, match=sentence):
        load_embedder(tmp_path)


@pytest.mark.parametrize("content", ["", "{", '"speaker_model"', '{"kind": "speaker_model"}'])
def test_a_broken_description_stops_the_start(tmp_path: Path, content: str) -> None:
    folder = install_small_model(tmp_path, name="campplus")
    (folder / "model.json").write_text(content)
    with pytest.raises(EmbedderError, match=r"model\.json"):
        load_embedder(tmp_path)


def test_broken_weights_stop_the_start(tmp_path: Path) -> None:
    folder = install_small_model(tmp_path)
    (folder / "bands.onnx").write_bytes(b"not a model")
    with pytest.raises(EmbedderError, match=r"bands\.onnx"):
        load_embedder(tmp_path)
    assert NAME in str(folder)
