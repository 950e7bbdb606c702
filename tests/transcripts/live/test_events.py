"""What a finalized window is sent as."""

from transcripts.live.events import make_finals
from transcripts.text.segments import Segment


def spoken(text: str, language: str) -> Segment:
    return Segment(0, 10, text, (), 0.5, -0.1, 1.0, 0.0, 0.0, language)


def test_a_run_of_segments_in_one_language_is_one_part() -> None:
    segments = [spoken(*each) for each in [("a", "en"), ("b", "en"), ("c", "de"), ("d", "en")]]
    finals = make_finals(segments, language="fr")
    found = [("".join(one.text for one in final.segments), final.language) for final in finals]
    assert found == [("ab", "en"), ("c", "de"), ("d", "en")]


def test_segments_without_a_language_are_in_the_sessions() -> None:
    [final] = make_finals([spoken("a", ""), spoken("b", "fr")], language="fr")
    assert (len(final.segments), final.language) == (2, "fr")


def test_silence_is_no_part() -> None:
    assert make_finals([], language="en") == ()
