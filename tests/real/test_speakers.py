"""The speaker model on real speech: what it must find in known sounds, and for known readers."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from faster_whisper import decode_audio

from inference_service.engines.asr import Samples
from inference_service.engines.diarization import Embedder, VoiceTurn, cluster_turns, load_embedder
from inference_service.engines.diarization.model import SpeakerModel
from tests.real.speech import Speech, join

pytestmark = [pytest.mark.real_weights, pytest.mark.timeout(300)]
RATE_HZ = 16_000
# Of recordings that lie in this repository, by weights that were compared with torch's answers.
EXPECTED = json.loads(Path(__file__).with_name("speakers_expected.json").read_text())
SPEECH = Path(__file__).resolve().parent.parent / "speech"
AUSTEN = ("austen_0870", "austen_0880", "austen_0890", "austen_0920", "austen_0930")


@pytest.fixture(scope="session")
def speaker_model(real_speaker_models_dir: Path) -> SpeakerModel:
    embedder = load_embedder(real_speaker_models_dir)
    assert isinstance(embedder, SpeakerModel)
    return embedder


def find_turns(embedder: Embedder, samples: Samples) -> list[VoiceTurn]:
    length_s = len(samples) / RATE_HZ
    work = embedder.start_task(samples, offset_s=0.0, speech=[(0.0, length_s)])
    while not work.is_done:
        work.step()
    return work.turns


def count_speakers(model: SpeakerModel, samples: Samples, *, speakers: int = 0) -> int:
    turns = find_turns(model, samples)
    return len(set(cluster_turns(turns, speakers=speakers, model=model.description)))


def repeat(speech: Sequence[Speech], *, seconds: float) -> Samples:
    """The readings one after another, again and again; at most so long."""
    return np.resize(join(speech, pause_s=0.5).samples, int(seconds * RATE_HZ))


@pytest.mark.parametrize("name", sorted(EXPECTED["embedding"]))
def test_an_embedding_is_the_published_models(speaker_model: SpeakerModel, name: str) -> None:
    expected = EXPECTED["embedding"][name]
    samples = decode_audio(str(SPEECH / name))[: expected["samples"]]
    features = speaker_model.extractor.compute(samples)
    assert len(features) == expected["frames"]
    assert np.allclose(features[0][[0, 39, 79]], expected["first_frame"], atol=0.01)
    wanted = np.array(expected["vector"])
    assert speaker_model.embed(features) @ wanted / np.linalg.norm(wanted) > 0.999


def test_the_front_end_decides_what_a_voice_is(speaker_model: SpeakerModel) -> None:
    """A mean that is not subtracted turns the vector away: such a fault can't pass unseen."""
    name, expected = next(iter(EXPECTED["embedding"].items()))
    samples = decode_audio(str(SPEECH / name))[: expected["samples"]]
    features = speaker_model.extractor.compute(samples)
    wanted = np.array(expected["vector"]) / np.linalg.norm(expected["vector"])
    shifted = features * np.linspace(0.5, 1.5, features.shape[1], dtype=np.float32)
    assert speaker_model.embed(shifted) @ wanted < 0.99


@pytest.mark.parametrize("name", sorted(EXPECTED["segmentation"]))
def test_the_segmentation_is_the_published_models(speaker_model: SpeakerModel, name: str) -> None:
    expected = EXPECTED["segmentation"][name]
    tracks = speaker_model.segment(decode_audio(str(SPEECH / name))[: 10 * RATE_HZ])
    found = "".join(str(int(row @ (1, 2, 4))) for row in tracks)
    differing = sum(one != other for one, other in zip(found, expected, strict=True))
    assert differing <= len(expected) // 100


@pytest.mark.parametrize("seconds", [8, 15, 30, 100])
def test_one_reader_is_one_speaker_at_any_length(
    speaker_model: SpeakerModel, real_speech: dict[str, Speech], seconds: float
) -> None:
    samples = repeat([real_speech[name] for name in AUSTEN], seconds=seconds)
    assert count_speakers(speaker_model, samples) == 1


def test_two_readers_are_two_speakers_given_or_not(
    speaker_model: SpeakerModel, real_speech: dict[str, Speech]
) -> None:
    talk = join([real_speech[name] for name in ("austen_0870", "two_cities", "austen_0920")])
    assert count_speakers(speaker_model, talk.samples) == 2
    assert count_speakers(speaker_model, talk.samples, speakers=2) == 2


@pytest.mark.parametrize("kind", ["silence", "noise", "melody"])
def test_what_is_not_speech_has_no_speakers(speaker_model: SpeakerModel, kind: str) -> None:
    times = np.arange(20 * RATE_HZ) / RATE_HZ
    noise = np.random.default_rng(0).normal(size=times.size)
    steps = 220.0 * 2 ** (np.floor(times) % 12 / 12)
    sound = {
        "silence": np.zeros(times.size),
        "noise": 0.05 * noise,
        "melody": 0.3 * np.sin(2 * np.pi * steps * times),
    }[kind]
    assert find_turns(speaker_model, sound.astype(np.float32)) == []


def test_a_tenth_of_a_second_and_a_thousand_speakers_are_survived(
    speaker_model: SpeakerModel, real_speech: dict[str, Speech]
) -> None:
    reading = real_speech["austen_0870"].samples
    assert len(find_turns(speaker_model, reading[RATE_HZ : RATE_HZ + 1600])) <= 1
    turns = find_turns(speaker_model, reading)
    labels = cluster_turns(turns, speakers=1000, model=speaker_model.description)
    assert len(set(labels)) == len(turns)
