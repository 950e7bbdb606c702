"""Turns of made-up voices: what clustering promises for any voices."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_service.engines.diarization import (
    MAX_SPEAKERS,
    VoiceTurn,
    cluster_turns,
    known_descriptions,
)
from inference_service.engines.diarization.linkage import Groups, link

MODEL = known_descriptions()["campplus"]
DIMENSION = MODEL.embedding.dimension
# Real chunks of one voice have a mean cosine of .62, of two voices .05 (review of the model).
SCATTER = 0.7


def make_voices(
    count: int, *, alike: float = 0.0
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """(count, DIMENSION) unit vectors; alike: the cosine between any two of them."""
    rng = np.random.default_rng(7)
    axes, _ = np.linalg.qr(rng.normal(size=(DIMENSION, count + 1)))
    own, common = axes[:, :count].T, axes[:, count]
    return np.asarray(np.sqrt(1 - alike) * own + np.sqrt(alike) * common)


def talk(
    order: Sequence[int], *, seconds: float = 2.0, alike: float = 0.0, scatter: float = SCATTER
) -> list[VoiceTurn]:
    """A turn for each number: equal numbers are one voice."""
    rng = np.random.default_rng(len(order))
    voices = make_voices(max(order, default=0) + 1, alike=alike)
    noise = rng.normal(size=(len(order), DIMENSION)) * scatter / np.sqrt(DIMENSION)
    return [
        VoiceTurn(at * 3.0, at * 3.0 + seconds, (voices[who] + off).astype(np.float32))
        for at, (who, off) in enumerate(zip(order, noise, strict=True))
    ]


def cluster(turns: Sequence[VoiceTurn], speakers: int = 0) -> list[int]:
    return cluster_turns(turns, speakers=speakers, model=MODEL)


def by_appearance(order: Sequence[int]) -> list[int]:
    seen = list(dict.fromkeys(order))
    return [seen.index(who) + 1 for who in order]


@pytest.mark.parametrize("speakers", [0, 4])
def test_voices_are_numbered_in_order_of_first_appearance(speakers: int) -> None:
    assert cluster(talk([2, 2, 0, 3, 2, 0, 1, 3]), speakers) == [1, 1, 2, 3, 1, 2, 4, 3]


@pytest.mark.parametrize("chunks", [1, 3, 40, 400])
def test_one_voice_is_one_speaker_at_any_length(chunks: int) -> None:
    assert cluster(talk([0] * chunks)) == [1] * chunks


def test_no_turns_have_no_labels() -> None:
    assert cluster([], 3) == []


@given(
    order=st.lists(st.integers(0, 5), min_size=1, max_size=30),
    speakers=st.integers(1, 40),
    seconds=st.sampled_from([0.2, 0.85, 2.0]),
)
@settings(deadline=None, max_examples=50)
def test_the_number_asked_for_is_the_number_found(
    order: list[int], speakers: int, seconds: float
) -> None:
    labels = cluster(talk(order, seconds=seconds), speakers)
    assert set(labels) == set(range(1, min(speakers, len(order)) + 1))
    assert labels == by_appearance(labels)


def test_a_thousand_speakers_of_a_few_turns_are_one_a_turn() -> None:
    assert cluster(talk([0] * 5), MAX_SPEAKERS) == [1, 2, 3, 4, 5]


def test_the_number_given_below_the_natural_one_leaves_the_largest() -> None:
    order = [0] * 20 + [1] * 12 + [2] * 4
    labels = cluster(talk(order), 2)
    assert labels[:32] == [1] * 20 + [2] * 12


def test_the_number_given_above_the_natural_one_splits_alike_voices_not_an_oddity() -> None:
    """Two voices as alike as one, and a laugh like nothing else: two speakers are the voices."""
    order = [0, 1] * 20
    turns = talk(order, alike=0.6, scatter=0.4)
    assert set(cluster(turns)) == {1}
    laugh = talk([2], alike=0.0)[0]
    odd = replace(laugh, start_s=130.0, end_s=130.95, embedding=-turns[0].embedding)
    assert cluster([*turns, odd], 2)[:40] == by_appearance(order)


def test_an_oddity_is_no_speaker_where_the_number_is_unknown() -> None:
    turns = talk([0] * 30)
    odd = replace(talk([1])[0], start_s=100.0, end_s=100.95)
    assert cluster([*turns, odd]) == [1] * 31


def test_someone_with_a_few_seconds_stays_a_speaker_however_long_the_recording() -> None:
    order = [0] * 300 + [1] * 2
    assert cluster(talk(order)) == [1] * 300 + [2] * 2


@pytest.mark.parametrize("speakers", [0, 2])
def test_overlapped_chunks_shape_no_group(speakers: int) -> None:
    """Both voices at once lie between the two, and would join them."""
    order = [0, 1] * 6
    turns = talk(order, scatter=0.3)
    both = turns[0].embedding + turns[1].embedding
    mixed = [VoiceTurn(50.0 + at * 3, 52.0 + at * 3, both, overlap=0.5) for at in range(30)]
    assert cluster([*turns, *mixed], speakers)[:12] == by_appearance(order)


def test_short_turns_join_the_nearest_voice_and_make_none_of_their_own() -> None:
    turns = talk([0, 1] * 5)
    short = replace(turns[1], start_s=60.0, end_s=60.3)
    strange = replace(talk([2])[0], start_s=70.0, end_s=70.3)
    labels = cluster([*turns, short, strange])
    assert labels[10] == labels[1]
    assert set(labels) == {1, 2}


def test_an_uncertain_chunk_inside_a_run_stays_with_its_neighbours() -> None:
    """Of a run without a gap: a label changes on strong evidence only."""
    voices = make_voices(2)
    turns = talk([0, 1] * 4, scatter=0.3)
    mixed = (voices[0] * 0.5 + voices[1] * 0.52).astype(np.float32)
    run = [voices[0], mixed, voices[0]]

    def spoken(*, gap_s: float) -> list[VoiceTurn]:
        return [
            VoiceTurn(60 + at * (2 + gap_s), 62 + at * (2 + gap_s), each.astype(np.float32), 0.9)
            for at, each in enumerate(run)
        ]

    assert cluster([*turns, *spoken(gap_s=0)])[-3:] == [1, 1, 1]
    assert cluster([*turns, *spoken(gap_s=1)])[-3:] == [1, 2, 1]


def test_a_clear_change_inside_a_run_is_followed() -> None:
    turns = talk([0, 1] * 4, scatter=0.3)
    voices = make_voices(2).astype(np.float32)
    run = [
        VoiceTurn(60 + at * 2, 62 + at * 2, voices[who], 0.9) for at, who in enumerate((0, 0, 1, 1))
    ]
    assert cluster([*turns, *run])[-4:] == [1, 1, 2, 2]


def test_two_runs_at_once_do_not_mix() -> None:
    turns = talk([0, 1] * 4, scatter=0.3)
    voices = make_voices(2).astype(np.float32)
    both = [
        VoiceTurn(60.0 + at * 2, 62.0 + at * 2, voices[who], 0.9)
        for at in range(3)
        for who in (0, 1)
    ]
    assert cluster([*turns, *both])[-6:] == [1, 2] * 3


def test_joins_never_come_closer_as_groups_grow() -> None:
    """Centroid linkage has such inversions; a cut is meaningless with them."""
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(200, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    tree = link(Groups(vectors, np.ones(200)))
    distances = [distance for distance, _, _ in tree.joins]
    assert distances == sorted(distances)
    assert len(distances) == 199


def test_the_joins_are_those_of_scipy() -> None:
    from scipy.cluster.hierarchy import fcluster, linkage

    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(120, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    tree = link(Groups(vectors, np.ones(120)))
    reference = linkage(vectors, "average", metric="cosine")
    assert np.allclose([join[0] for join in tree.joins], reference[:, 2])
    for distance in (0.3, 0.6, 0.9):
        theirs = fcluster(reference, distance, "distance")
        assert by_appearance(tree.cut(distance).tolist()) == by_appearance(theirs.tolist())


def test_a_long_recording_has_the_labels_of_a_short_one() -> None:
    """Above 2,000 chunks they are joined in stages."""
    order = [at % 3 for at in range(2500)]
    assert cluster(talk(order)) == by_appearance(order)


def test_labels_are_the_same_every_time() -> None:
    turns = talk([0, 1, 2] * 20, scatter=1.5)
    assert cluster(turns) == cluster(turns)


def test_rules_come_from_the_model_that_made_the_vectors() -> None:
    strict = replace(MODEL, clustering=replace(MODEL.clustering, cut_distance=0.01))
    turns = talk([0] * 6)
    assert len(set(cluster_turns(turns, speakers=0, model=strict))) > 1


def test_a_vector_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="192 numbers"):
        cluster([VoiceTurn(0.0, 1.0, np.ones(256, np.float32))])
