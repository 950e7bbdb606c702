"""The committed dialogues, cut into stretches of speech as sessions cut them."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from inference_service.engines.diarization import Embedder, Turn, load_embedder
from tests.speech.dialogues.generate import FIXTURES, RATE_HZ, Spoken, decode, find_speech

STAND_IN = Path(__file__).with_name("stand_in.onnx")


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A dialogue: what was said, and the turns that an embedder made of it."""

    spoken: tuple[Spoken, ...]
    turns: tuple[Turn, ...]


@pytest.fixture(scope="session")
def statistics_embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    """What a server without weights has."""
    return load_embedder(tmp_path_factory.mktemp("models"))


@pytest.fixture
def wespeaker_models(tmp_path: Path) -> Path:
    """A models folder with a stand-in of wespeaker's inputs and outputs (`make_stand_in`)."""
    folder = tmp_path / "wespeaker-voxceleb-resnet34-LM"
    folder.mkdir()
    (folder / "voxceleb_resnet34_LM.onnx").write_bytes(STAND_IN.read_bytes())
    return tmp_path


@pytest.fixture
def wespeaker_embedder(wespeaker_models: Path) -> Embedder:
    return load_embedder(wespeaker_models)


@pytest.fixture(scope="session")
def dialogues(statistics_embedder: Embedder) -> dict[str, Heard]:
    truth = json.loads((FIXTURES / "truth.json").read_text())
    return {
        name: Heard(
            tuple(Spoken(s["start"], s["end"], s["speaker"], s["text"]) for s in spoken),
            tuple(hear(decode(FIXTURES / f"{name}.flac"), statistics_embedder)),
        )
        for name, spoken in truth.items()
    }


def hear(samples: np.ndarray[tuple[int], np.dtype[np.float32]], embedder: Embedder) -> list[Turn]:
    return [
        turn
        for start, end in find_speech(samples)
        for turn in embedder.embed_turns(samples[start:end], offset_s=start / RATE_HZ)
    ]
