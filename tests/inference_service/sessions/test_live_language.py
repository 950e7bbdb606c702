"""Which other languages a part of a live session may be in."""

import pytest

from inference_service.sessions.events import OutputSegment
from inference_service.sessions.live_language import LiveLanguage


def make_language(*, is_multilingual: bool = False) -> LiveLanguage:
    language = LiveLanguage(
        languages={"cs", "en", "th"},
        can_detect=True,
        requested="",
        is_multilingual=is_multilingual,
    )
    language.decided = "" if is_multilingual else "en"
    return language


def test_beside_a_change_no_third_language_is_guessed() -> None:
    language = make_language()
    assert language.others_where(spoken="cs", is_change_near=True) == {"cs", "en"}
    assert language.others_where(spoken="cs", is_change_near=False) == frozenset()  # all


def test_a_language_that_was_written_once_may_come_again() -> None:
    language = make_language()
    language.update_languages(
        [OutputSegment(0, 900, "sawatdi", (), 0.9, -0.2, 1.0, 0.1, 0.0, language="th")]
    )
    assert language.others_where(spoken="cs", is_change_near=True) == {"cs", "en", "th"}


@pytest.mark.parametrize("is_change_near", [True, False])
def test_where_many_languages_were_announced_each_may_come(is_change_near: bool) -> None:
    language = make_language(is_multilingual=True)
    assert language.others_where(spoken="cs", is_change_near=is_change_near) == frozenset()
