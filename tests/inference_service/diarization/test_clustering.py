"""Turns of made-up voices: what clustering promises whatever the embedder heard."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_service.engines.diarization import MAX_SPEAKERS, Turn, cluster_turns

NAME = "mfcc-statistics"
DIMENSION = 10


def _talk(order: Sequence[int], *, seconds: float = 3.0, seed: int = 0) -> list[Turn]:
    """One turn for each number: equal numbers are one voice, far from the others."""
    rng = np.random.default_rng(seed)
    voices = rng.normal(0, 4, (max(order, default=0) + 1, DIMENSION))
    scatter = rng.normal(0, 1, (len(order), DIMENSION)) / np.sqrt(seconds)
    return [
        Turn(at * 10.0, at * 10.0 + seconds, (voices[voice] + off).astype(np.float32))
        for at, (voice, off) in enumerate(zip(order, scatter, strict=True))
    ]


def _by_appearance(order: Sequence[int]) -> list[int]:
    seen = list(dict.fromkeys(order))
    return [seen.index(voice) + 1 for voice in order]


@pytest.mark.parametrize("speakers", [0, 4])
def test_voices_are_numbered_in_order_of_first_appearance(speakers: int) -> None:
    order = [2, 2, 0, 3, 2, 0, 1, 3]
    labels = cluster_turns(_talk(order), speakers=speakers, embedder_name=NAME)
    assert labels == [1, 1, 2, 3, 1, 2, 4, 3]


def test_one_voice_is_one_speaker() -> None:
    assert cluster_turns(_talk([0] * 40), speakers=0, embedder_name=NAME) == [1] * 40


def test_a_difference_that_parts_long_talk_does_not_part_a_few_seconds() -> None:
    def talk(seconds: float, turns: int) -> list[Turn]:
        voices = (np.zeros(DIMENSION), np.full(DIMENSION, 3.0))
        return [
            Turn(at * 10.0, at * 10.0 + seconds, voices[at % 2].astype(np.float32))
            for at in range(turns)
        ]

    assert cluster_turns(talk(2.0, 2), speakers=0, embedder_name=NAME) == [1, 1]
    assert cluster_turns(talk(2.0, 2), speakers=2, embedder_name=NAME) == [1, 2]
    assert cluster_turns(talk(2.0, 12), speakers=0, embedder_name=NAME) == [1, 2] * 6


def test_no_turns_have_no_labels() -> None:
    assert cluster_turns([], speakers=3, embedder_name=NAME) == []


@given(
    order=st.lists(st.integers(0, 5), min_size=1, max_size=30),
    speakers=st.integers(1, 40),
    seconds=st.sampled_from([0.1, 3.0]),
)
@settings(deadline=None, max_examples=50)
def test_the_number_asked_for_is_the_number_found(
    order: list[int], speakers: int, seconds: float
) -> None:
    labels = cluster_turns(_talk(order, seconds=seconds), speakers=speakers, embedder_name=NAME)
    assert set(labels) == set(range(1, min(speakers, len(order)) + 1))
    assert labels == _by_appearance(labels)


def test_equal_turns_get_equal_labels() -> None:
    turns = _talk([0, 1, 2] * 20)
    first = cluster_turns(turns, speakers=0, embedder_name=NAME)
    assert first == cluster_turns(turns, speakers=0, embedder_name=NAME)


def test_a_short_turn_joins_the_nearest_voice_and_makes_none_of_its_own() -> None:
    turns = _talk([0, 1, 0, 1])
    odd = Turn(99.0, 99.4, turns[1].embedding + np.float32(3))
    labels = cluster_turns([*turns, odd], speakers=0, embedder_name=NAME)
    assert labels == [1, 2, 1, 2, 2]


def test_thousands_of_turns_are_put_together_in_stages() -> None:
    order = np.random.default_rng(1).integers(0, 5, 3000).tolist()
    labels = cluster_turns(_talk(order), speakers=0, embedder_name=NAME)
    expected = _by_appearance(order)
    wrong = sum(a != b for a, b in zip(labels, expected, strict=True))
    assert wrong <= 30


def test_unit_vectors_of_wespeaker_are_clustered_by_their_distance() -> None:
    rng = np.random.default_rng(3)
    voices = rng.normal(0, 1, (2, 256))
    embeddings = [voices[at] + rng.normal(0, 0.2, 256) for at in (0, 1, 1, 0)]
    turns = [
        Turn(at * 5.0, at * 5.0 + 2, (e / np.linalg.norm(e)).astype(np.float32))
        for at, e in enumerate(embeddings)
    ]
    labels = cluster_turns(turns, speakers=0, embedder_name="wespeaker-voxceleb-resnet34-LM")
    assert labels == [1, 2, 2, 1]


def test_an_unknown_embedder_is_refused() -> None:
    with pytest.raises(ValueError, match="no-such"):
        cluster_turns(_talk([0]), speakers=0, embedder_name="no-such")


def test_embeddings_of_another_length_are_refused() -> None:
    turns = [*_talk([0]), Turn(20.0, 22.0, np.zeros(256, np.float32))]
    with pytest.raises(ValueError, match="10 numbers"):
        cluster_turns(turns, speakers=0, embedder_name=NAME)


def test_numbers_that_are_none_are_refused() -> None:
    turns = [Turn(0.0, 2.0, np.full(DIMENSION, np.nan, np.float32))]
    with pytest.raises(ValueError, match="finite"):
        cluster_turns(turns, speakers=0, embedder_name=NAME)


def test_more_speakers_than_any_recording_has_are_refused() -> None:
    with pytest.raises(ValueError, match="1000"):
        cluster_turns(_talk([0]), speakers=MAX_SPEAKERS + 1, embedder_name=NAME)
