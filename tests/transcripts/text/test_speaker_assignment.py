"""Words get speakers, segments are cut, and the text stays what it was."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcripts.text.segments import Segment
from transcripts.text.speaker_assignment import Turn, assign_speakers
from transcripts.text.words import Word


def _segment(*words: tuple[str, int, int], confidence: float = 0.8) -> Segment:
    """Words as (text, start_ms, end_ms), with spaces between them."""
    made = tuple(
        Word(text, start_ms, end_ms, confidence, space_before=at > 0)
        for at, (text, start_ms, end_ms) in enumerate(words)
    )
    text = " ".join(word.text for word in made)
    return Segment(made[0].start_ms, made[-1].end_ms, text, made, confidence)


def _label(segments: Sequence[Segment], turns: list[Turn], labels: list[int]) -> list[Segment]:
    return [part for own in assign_speakers(segments, turns, labels) for part in own]


def _texts(labelled: list[Segment]) -> list[tuple[int | None, str]]:
    return [(part.speaker, part.text) for part in labelled]


def test_a_segment_of_one_speaker_stays_as_it_was() -> None:
    segment = _segment(("Good", 0, 300), ("morning.", 300, 900))
    (labelled,) = _label([segment], [Turn(0, 900)], [1])
    assert labelled == replace(segment, speaker=1)


def test_a_segment_is_cut_where_the_speaker_changes() -> None:
    segment = _segment(
        ("How", 0, 300), ("so?", 300, 700), ("No", 1200, 1500), ("idea.", 1500, 2000)
    )
    first, second = _label([segment], [Turn(0, 700), Turn(1200, 2000)], [1, 2])
    assert (first.speaker, first.text, first.start_ms, first.end_ms) == (1, "How so?", 0, 700)
    assert (second.speaker, second.text) == (2, "No idea.")
    assert (second.start_ms, second.end_ms) == (1200, 2000)
    assert not second.words[0].space_before


def test_a_part_is_as_confident_as_its_words() -> None:
    words = (
        Word("Why?", 0, 500, 0.9, space_before=False),
        Word("Well", 900, 1200, 0.5),
        Word("so.", 1200, 1500, 0.7),
    )
    segment = Segment(0, 1500, "Why? Well so.", words, 0.7)
    first, second = _label([segment], [Turn(0, 500), Turn(900, 1500)], [1, 2])
    assert first.confidence == pytest.approx(0.9)
    assert second.confidence == pytest.approx(0.6)


def test_speakers_are_numbered_as_they_appear_in_the_text() -> None:
    segments = [_segment(("Hello.", 1000, 1500)), _segment(("Hi.", 2000, 2500))]
    turns = [Turn(0, 500), Turn(1000, 1500), Turn(2000, 2500)]
    assert _texts(_label(segments, turns, [1, 3, 2])) == [(1, "Hello."), (2, "Hi.")]


def test_a_word_goes_to_the_speaker_of_most_of_it() -> None:
    segment = _segment(("Hello.", 0, 1000))
    turns = [Turn(0, 300), Turn(300, 700), Turn(700, 1000), Turn(2000, 3000)]
    later = _segment(("Yes.", 2000, 3000))
    assert [p.speaker for p in _label([later, segment], turns, [1, 2, 1, 1])] == [1, 1]


def test_a_word_outside_every_turn_goes_to_the_nearest() -> None:
    segments = [_segment(("One.", 0, 400)), _segment(("Two.", 1800, 1900))]
    segments += [_segment(("Three.", 9000, 9100))]
    turns = [Turn(0, 400), Turn(2000, 3000)]
    assert [p.speaker for p in _label(segments, turns, [1, 2])] == [1, 2, 2]


def test_a_short_turn_inside_a_long_one_is_found() -> None:
    """Turns may overlap: the long one that began earlier still counts for later words."""
    segments = [_segment(("One.", 0, 400)), _segment(("Two.", 5000, 5400))]
    turns = [Turn(0, 10_000), Turn(1000, 2000), Turn(3000, 3500)]
    assert [p.speaker for p in _label(segments, turns, [1, 2, 2])] == [1, 1]


def test_without_turns_everything_is_one_speakers() -> None:
    segments = [_segment(("One.", 0, 400)), _segment(("Two.", 500, 900))]
    assert [part.speaker for part in _label(segments, [], [])] == [1, 1]


def test_a_segment_without_words_is_labelled_whole() -> None:
    segment = Segment(1000, 2000, "No word times.", (), 0.5)
    turns = [Turn(0, 900), Turn(1100, 2000)]
    labelled = _label([_segment(("Hm.", 0, 900)), segment], turns, [1, 2])
    assert _texts(labelled) == [(1, "Hm."), (2, "No word times.")]


def test_a_single_word_inside_flowing_speech_is_no_change() -> None:
    segment = _segment(("we", 0, 200), ("took", 200, 400), ("the", 400, 500), ("train", 500, 900))
    turns = [Turn(0, 410), Turn(410, 490), Turn(490, 900)]
    assert _texts(_label([segment], turns, [1, 2, 1])) == [(1, "we took the train")]


def test_a_single_word_between_pauses_is_another_speaker() -> None:
    segment = _segment(("and", 0, 300), ("then", 300, 600), ("yes", 900, 1200), ("we", 1500, 1800))
    turns = [Turn(0, 600), Turn(900, 1200), Turn(1500, 1800)]
    labelled = _label([segment], turns, [1, 2, 1])
    assert _texts(labelled) == [(1, "and then"), (2, "yes"), (1, "we")]


@pytest.mark.parametrize("border_ms", [650, 1050])
def test_a_change_one_word_off_a_sentence_end_is_moved_to_it(border_ms: int) -> None:
    segment = _segment(
        ("to", 0, 300),
        ("the", 300, 500),
        ("lake.", 500, 800),
        ("I", 800, 950),
        ("would", 950, 1300),
    )
    turns = [Turn(0, border_ms - 20), Turn(border_ms, 1300)]
    words = [w for part in _label([segment], turns, [1, 2]) for w in [part.text]]
    assert words == ["to the lake.", "I would"]


def test_words_of_no_length_never_stand_alone() -> None:
    segment = _segment(("Hm", 0, 0), ("so", 0, 500), ("what", 500, 500), ("now", 900, 1200))
    labelled = _label([segment], [Turn(0, 490), Turn(495, 1200)], [1, 2])
    assert _texts(labelled) == [(1, "Hm so what"), (2, "now")]


def test_a_language_without_spaces_stays_without() -> None:
    words = (
        Word("你好。", 0, 500, 0.9, space_before=False),
        Word("好", 800, 1000, 0.9, space_before=False),
        Word("的", 1000, 1200, 0.9, space_before=False),
    )
    segment = Segment(0, 1200, "你好。好的", words, 0.9)
    labelled = _label([segment], [Turn(0, 500), Turn(800, 1200)], [1, 2])
    assert _texts(labelled) == [(1, "你好。"), (2, "好的")]


def test_turns_without_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        _label([], [Turn(0, 100), Turn(200, 300)], [1])


@st.composite
def _segments(draw: st.DrawFn) -> list[Segment]:
    """Segments in time order, each with at least a millisecond, their words within them."""
    made: list[Segment] = []
    at_ms = 0
    for _ in range(draw(st.integers(0, 5))):
        start_ms = at_ms = at_ms + draw(st.integers(0, 800))
        words = []
        for position in range(draw(st.integers(0, 8))):
            at_ms += draw(st.sampled_from([0, 0, 60, 250]))
            end_ms = at_ms + draw(st.sampled_from([0, 1, 90, 400]))
            text = draw(st.sampled_from(["yes", "No.", "a", "好", "well,"]))
            spaced = position > 0 and draw(st.booleans())
            words.append(Word(text, at_ms, end_ms, draw(st.floats(0, 1)), space_before=spaced))
            at_ms = end_ms
        at_ms = max(at_ms, start_ms + 1)
        text = "".join(" " * word.space_before + word.text for word in words) or "no words"
        made.append(Segment(start_ms, at_ms, text, tuple(words), 0.5))
    return made


@st.composite
def _turns(draw: st.DrawFn) -> list[tuple[Turn, int]]:
    starts = sorted(draw(st.lists(st.integers(0, 5000), max_size=12)))
    return [
        (Turn(start_ms, start_ms + draw(st.integers(1, 1500))), draw(st.integers(1, 4)))
        for start_ms in starts
    ]


@given(segments=_segments(), turns=_turns())
def test_the_text_is_never_altered(segments: list[Segment], turns: list[tuple[Turn, int]]) -> None:
    labelled = assign_speakers(segments, [t for t, _ in turns], [label for _, label in turns])
    for segment, parts in zip(segments, labelled, strict=True):
        spoken = [(w.text, w.start_ms, w.end_ms) for part in parts for w in part.words]
        assert spoken == [(w.text, w.start_ms, w.end_ms) for w in segment.words]
        joined = "".join(part.text for part in parts)
        assert joined.replace(" ", "") == segment.text.replace(" ", "")
        assert len(parts) > 1 or parts[0].text == segment.text


@given(segments=_segments(), turns=_turns())
def test_every_part_is_a_valid_segment(
    segments: list[Segment], turns: list[tuple[Turn, int]]
) -> None:
    parts = assign_speakers(segments, [t for t, _ in turns], [label for _, label in turns])
    labelled = [part for own in parts for part in own]
    owners = [whole for whole, own in zip(segments, parts, strict=True) for _ in own]
    for whole, part in zip(owners, labelled, strict=True):
        assert whole.start_ms <= part.start_ms < part.end_ms <= whole.end_ms
        assert part.confidence is not None
        assert 0 <= part.confidence <= 1
        assert all(part.start_ms <= w.start_ms <= w.end_ms <= part.end_ms for w in part.words)
    starts = [part.start_ms for part in labelled]
    assert starts == sorted(starts)
    first_seen = list(dict.fromkeys(part.speaker for part in labelled))
    assert first_seen == list(range(1, len(first_seen) + 1))
