"""Who spoke when, in dialogues of synthetic voices: the project's goals for DER."""

import pytest

from inference_service.engines.diarization import Embedder, cluster_turns
from tests.inference_service.diarization.conftest import Heard
from tests.speech.dialogues.score import error_rate

NAMES = ("one_voice", "two_voices", "two_men", "three_voices", "four_voices")


def _error_rate(heard: Heard, labels: list[int]) -> float:
    turns = zip(heard.turns, labels, strict=True)
    return error_rate(heard.spoken, ((t.start_s, t.end_s, label) for t, label in turns))


@pytest.mark.parametrize("name", NAMES)
def test_speakers_are_told_apart_when_their_number_is_given(
    name: str, dialogues: dict[str, Heard], statistics_embedder: Embedder
) -> None:
    heard = dialogues[name]
    number = len({spoken.speaker for spoken in heard.spoken})
    labels = cluster_turns(heard.turns, speakers=number, embedder_name=statistics_embedder.name)
    assert max(labels) == number
    assert _error_rate(heard, labels) <= 0.05


@pytest.mark.parametrize("name", NAMES)
def test_the_number_of_speakers_is_found_when_it_is_not_given(
    name: str, dialogues: dict[str, Heard], statistics_embedder: Embedder
) -> None:
    heard = dialogues[name]
    labels = cluster_turns(heard.turns, speakers=0, embedder_name=statistics_embedder.name)
    assert max(labels) == len({spoken.speaker for spoken in heard.spoken})
    assert _error_rate(heard, labels) <= 0.15


def test_a_wrong_number_is_respected_too(
    dialogues: dict[str, Heard], statistics_embedder: Embedder
) -> None:
    turns = dialogues["four_voices"].turns
    for speakers in (1, 2, 5):
        labels = cluster_turns(turns, speakers=speakers, embedder_name=statistics_embedder.name)
        assert set(labels) == set(range(1, speakers + 1))
