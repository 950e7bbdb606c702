"""Which languages a window is in, from guesses about its slices."""

import itertools

import pytest

from inference_service.engines.asr import DecodeOptions, LanguageGuess, WindowRequest
from inference_service.engines.language_track import (
    SLICE_FRAMES,
    LanguageTrack,
    choose_certain,
    place_interval,
    place_slices,
    track_languages,
)

KNOWN = frozenset({"en", "de", "es", "tl"})


def track(
    *guesses: tuple[str, float], duration_s: float = 30.0, penalty: float = 2.3
) -> LanguageTrack:
    """Track a window of an English recording; what a guess leaves over is English, or Spanish."""
    request = WindowRequest(None, duration_s, DecodeOptions("en", switch_penalty=penalty))
    slices = place_slices(round(duration_s * 50), is_fine=True)
    found = [
        [LanguageGuess(name, p), LanguageGuess("es" if name == "en" else "en", (1 - p) / 2)]
        for name, p in guesses
    ]
    assert len(found) == len(slices)
    return track_languages(slices, found, request, known=KNOWN)


def names(found: LanguageTrack) -> list[str]:
    return [run.language for run in found.runs]


def test_slices_cover_a_window_to_its_end() -> None:
    for frames in (1, 100, SLICE_FRAMES, SLICE_FRAMES + 1, 750, 1500):
        for is_fine in (False, True):
            slices = place_slices(frames, is_fine=is_fine)
            assert slices[0][0] == 0
            assert slices[-1][1] == frames
            assert all(one[1] >= other[0] for one, other in itertools.pairwise(slices))


def test_one_language_is_one_run() -> None:
    found = track(*[("en", 0.9)] * 14)
    assert [(run.start_s, run.end_s, run.language) for run in found.runs] == [(0.0, 30.0, "en")]
    assert not found.is_uncertain


def test_a_single_odd_guess_changes_nothing() -> None:
    """The highest that was measured in one-language recordings."""
    found = track(*[("en", 0.9)] * 6, ("tl", 0.79), *[("en", 0.9)] * 7)
    assert names(found) == ["en"]
    assert found.is_uncertain


def test_a_window_in_another_language_is_found() -> None:
    assert names(track(*[("de", 0.99)] * 14)) == ["de"]


@pytest.mark.parametrize("at", [0, 3, 7, 11])
def test_a_second_language_is_found_at_every_position(at: int) -> None:
    guesses = [("en", 0.95)] * 14
    guesses[at : at + 3] = [("de", 0.9), ("de", 0.98), ("de", 0.9)]
    found = track(*guesses)
    spoken = next(run for run in found.runs if run.language == "de")
    assert abs(spoken.start_s - (2 * at if at else 0)) <= 2
    assert found.runs[0].start_s == 0
    assert found.runs[-1].end_s == 30
    assert all(a.end_s == b.start_s for a, b in zip(found.runs, found.runs[1:], strict=False))


def test_less_evidence_is_enough_where_changes_are_expected() -> None:
    guesses = [("en", 0.9)] * 4
    guesses[2:] = [("de", 0.5), ("de", 0.6)]
    assert names(track(*guesses, duration_s=9.5)) == ["en"]
    assert names(track(*guesses, duration_s=9.5, penalty=1.0)) == ["en", "de"]


def test_only_languages_that_may_occur_are_found() -> None:
    request = WindowRequest(None, 4.0, DecodeOptions("en", switch_penalty=2.3))
    guesses = [[LanguageGuess("la", 0.99), LanguageGuess("de", 0.01)]]
    found = track_languages([(0, 200)], guesses, request, known=frozenset({"de"}))
    assert names(found) == ["en"]


def test_a_interval_in_which_the_expected_language_is_improbable_is_to_be_examined() -> None:
    """The slices' own guesses decide nothing: one is sure, its neighbours have no idea."""
    guesses = [("en", 0.9)] * 14
    guesses[5:8] = [("tl", 0.85), ("de", 0.9), ("es", 0.85)]
    found = track(*guesses)
    assert names(found) == ["en"]
    assert found.is_uncertain
    assert found.intervals == (range(5, 8),)


def test_what_slices_agree_on_is_not_examined_again() -> None:
    guesses = [("en", 0.9)] * 14
    guesses[5:8] = [("de", 0.9)] * 3
    assert track(*guesses).intervals == ()


def test_a_window_of_one_slice_is_not_examined_again() -> None:
    assert track(("de", 0.95), duration_s=4.0).intervals == ()


@pytest.mark.parametrize("language", ["de", "en"])
def test_what_was_examined_is_certain(language: str) -> None:
    """Even where the slices said otherwise, and for a single slice between others."""
    slices = place_slices(1500, is_fine=True)
    guesses = [[LanguageGuess("en", 0.9)] for _ in slices]
    guesses[6] = [LanguageGuess("tl", 0.99)]
    request = WindowRequest(None, 30.0, DecodeOptions("en", switch_penalty=2.3))
    found = track_languages(slices, guesses, request, known=KNOWN, certain={6: language})
    assert names(found) == (["en"] if language == "en" else ["en", "de", "en"])


def test_a_interval_is_examined_without_what_its_neighbours_share() -> None:
    slices = place_slices(1500, is_fine=True)
    assert place_interval(range(3, 5), slices) == (350, 550)
    assert place_interval(range(3, 4), slices) == (300, 500)
    assert place_interval(range(2), slices) == (0, 250)
    last = len(slices) - 1
    assert place_interval(range(last - 1, last + 1), slices)[1] == 1500


def test_only_a_sure_guess_about_a_language_that_may_occur_is_certain() -> None:
    guesses = [LanguageGuess("la", 0.9), LanguageGuess("de", 0.85), LanguageGuess("en", 0.02)]
    assert choose_certain(guesses, known=KNOWN) == "de"
    assert choose_certain([LanguageGuess("de", 0.75)], known=KNOWN) == ""
    assert choose_certain(guesses[:1], known=KNOWN) == ""
