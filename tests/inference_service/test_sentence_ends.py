"""Where a sentence ends: not at every full stop."""

import pytest

from inference_service.sentence_ends import ends_sentence, trails_off


@pytest.mark.parametrize(
    ("word", "following", "language", "ends"),
    [
        ("Brno.", "We", "en", True),
        ("Brno.", "", "", True),
        ("Brno.”", "We", "en", True),
        ("Brno", "We", "en", False),
        ("Why?", "he", "en", True),
        ("Mr.", "Novak", "en", False),
        ("(Dr.", "Novak", "", False),
        ("e.g.", "Brno", "en", False),
        ("Mr.", "", "en", False),  # whoever pauses there goes on
        ("etc.", "and", "en", False),
        ("etc.", "We", "en", True),
        ("etc.", "", "en", True),
        ("p.m.", "We", "en", False),  # as initials; it costs a longer segment
        ("J.", "Smith", "en", False),
        ("C.", "", "en", True),  # "vitamin C."
        ("např.", "Brno", "cs", False),
        ("Např.", "", "cs", False),
        ("č.", "5", "cs", False),
        ("z.B.", "Wien", "de", False),
        ("東京。", "次", "ja", True),
        ("है।", "", "hi", True),
    ],
)
def test_abbreviations_and_initials_end_no_sentence(
    word: str, following: str, language: str, ends: bool
) -> None:
    assert ends_sentence(word, following, language=language) is ends


@pytest.mark.parametrize(("word", "trails"), [("but…", True), ("but...”", True), ("but.", False)])
def test_dots_are_no_end_for_who_waits(word: str, trails: bool) -> None:
    assert trails_off(word) is trails
