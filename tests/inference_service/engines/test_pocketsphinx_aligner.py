"""Forced alignment on speech whose word times are exact: flite's own durations."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from faster_whisper.audio import decode_audio

from inference_service.engines.asr import Samples
from inference_service.engines.pocketsphinx_aligner import PocketSphinxAligner
from tests.speech.durations import read_word_times

SPEECH = Path(__file__).parents[2] / "speech"
TRUTH = read_word_times()


@pytest.fixture(scope="module")
def aligner() -> Iterator[PocketSphinxAligner]:
    made = PocketSphinxAligner(max_processes=1)
    yield made
    made.close()


def load(name: str) -> Samples:
    return np.asarray(decode_audio(str(SPEECH / f"{name}.flac")))[: 30 * 16_000]


def truth_of(name: str) -> list[tuple[str, int, int]]:
    """Return the words within the first 30 s."""
    return [each for each in TRUTH[name] if each[2] < 29_500]


def errors_ms(aligner: PocketSphinxAligner, name: str, words: list[str]) -> list[float]:
    """Return how far the start of each placed word is from the truth."""
    placed = aligner.align(load(name), words)
    starts = [start_ms for _, start_ms, _ in truth_of(name)]
    assert len(placed) == len(words)
    return [
        1000 * interval.start_s - start_ms
        for interval, start_ms in zip(placed, starts, strict=True)
        if interval is not None
    ]


def children_of(pid: int) -> set[int]:
    listed = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout
    return {int(child) for child in listed.split()}


def test_words_are_placed_within_hundredths_of_a_second(aligner: PocketSphinxAligner) -> None:
    errors = [
        error
        for name in TRUTH
        for error in errors_ms(aligner, name, [word for word, *_ in truth_of(name)])
    ]

    absolute = np.abs(errors)
    assert len(errors) == sum(len(truth_of(name)) for name in TRUTH)
    assert absolute.mean() <= 30
    assert np.percentile(absolute, 95) <= 80
    assert abs(np.mean(errors)) <= 20


def test_words_of_no_dictionary_cost_the_others_nothing(aligner: PocketSphinxAligner) -> None:
    misspelt = {"children": "chilldrenn", "playing": "plaiyng", "garden": "gardunn"}
    words = [misspelt.get(word, word) for word, *_ in truth_of("clean_02")]

    errors = errors_ms(aligner, "clean_02", words)

    assert len(errors) == len(words)
    assert np.abs(errors).mean() <= 40


def test_signs_have_no_times_and_case_and_punctuation_don_t_matter(
    aligner: PocketSphinxAligner,
) -> None:
    plain = [word for word, *_ in truth_of("clean_02")]
    decorated = [f"“{word.title()}," for word in plain]

    placed = aligner.align(load("clean_02"), ["—", *decorated, "..."])

    assert placed == [None, *aligner.align(load("clean_02"), plain), None]


@pytest.mark.parametrize("seconds", [0.0, 0.05, 2.0])
def test_words_that_don_t_fit_have_no_times(aligner: PocketSphinxAligner, seconds: float) -> None:
    words = [
        "not",
        "one",
        "of",
        "these",
        "very",
        "many",
        "words",
        "was",
        "ever",
        "said",
        "in",
        "here",
    ]

    placed = aligner.align(np.zeros(round(16_000 * seconds), np.float32), words)

    assert len(placed) == len(words)
    assert all(interval is None or interval.end_s <= seconds for interval in placed)


def test_a_text_in_other_letters_is_answered(aligner: PocketSphinxAligner) -> None:
    assert len(aligner.align(load("clean_01"), ["中文", "٣", "(x)", ">>", "~0", "<s>"])) == 6


def test_the_same_window_has_the_same_times_after_any_other(
    aligner: PocketSphinxAligner,
) -> None:
    words = [word for word, *_ in truth_of("clean_05")]
    alone = aligner.align(load("clean_05"), words)
    aligner.align(load("talk_30s"), ["qwertz", "1984", *words])

    assert aligner.align(load("clean_05"), words) == alone


def test_a_process_that_is_killed_is_replaced() -> None:
    before = children_of(os.getpid())
    aligner = PocketSphinxAligner(max_processes=1)
    words = [word for word, *_ in truth_of("clean_01")]
    first = aligner.align(load("clean_01"), words)
    (child,) = children_of(os.getpid()) - before
    os.kill(child, signal.SIGKILL)

    assert aligner.align(load("clean_01"), words) == first
    aligner.close()
    assert children_of(os.getpid()) <= before
