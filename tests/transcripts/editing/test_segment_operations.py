"""Edits of segments, on any text and any times: words spell, times rise, nothing known is lost."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcripts.editing.segment_operations import (
    EditError,
    change_text,
    change_times,
    merge_segments,
    move_words,
    split_segment,
    words_in_interval,
)
from transcripts.text.retokenize import retokenize
from transcripts.text.segments import Segment
from transcripts.text.words import Word, join_words

TOKENS = st.text("abč'-.,日本กా\u0301\u05d0–", min_size=1, max_size=5)
TEXTS = st.lists(TOKENS, min_size=1, max_size=8).map(" ".join)


def word(text: str, start_ms: int, end_ms: int, *, has_space: bool = True) -> Word:
    return Word(text, start_ms, end_ms, 0.5, has_space)


def spoken(text: str, *, start_ms: int = 0, each_ms: int = 100, key: str = "a") -> Segment:
    """Return a segment whose words take `each_ms` each."""
    texts = text.split()
    words = tuple(
        word(part, start_ms + at * each_ms, start_ms + (at + 1) * each_ms, has_space=at > 0)
        for at, part in enumerate(texts)
    )
    return Segment(
        start_ms,
        start_ms + len(texts) * each_ms,
        " ".join(texts),
        words,
        0.5,
        key=key,
        position=start_ms / 100,
        speaker=1,
    )


@st.composite
def segments(draw: st.DrawFn, *, key: str = "a", after_ms: int = 0) -> Segment:
    """Any segment as a recogniser may write it: words may touch, overlap and have no length."""
    texts = draw(st.lists(TOKENS, min_size=1, max_size=8))
    edges = sorted(
        draw(st.lists(st.integers(0, 5000), min_size=len(texts) + 1, max_size=len(texts) + 1))
    )
    words = [
        word(
            text,
            after_ms + edges[at],
            after_ms + draw(st.integers(edges[at], edges[-1])),
            has_space=at > 0 and draw(st.booleans()),
        )
        for at, text in enumerate(texts)
    ]
    start_ms, end_ms = after_ms + edges[0], after_ms + edges[-1] + 2
    return Segment(
        start_ms, end_ms, join_words(words), tuple(words), 0.5, key=key, position=after_ms
    )


def check(segment: Segment) -> None:
    assert join_words(segment.words) == segment.text
    assert segment.start_ms < segment.end_ms
    starts = [part.start_ms for part in segment.words]
    assert starts == sorted(starts)
    for part in segment.words:
        assert segment.start_ms <= part.start_ms < part.end_ms <= segment.end_ms
        assert part.text


@given(segments(), TEXTS)
def test_any_text_put_in_any_segment_is_made_up_by_words_whose_times_rise(
    segment: Segment, text: str
) -> None:
    changed = change_text(segment, text)

    if changed is not segment:  # which the machine may have written without length
        check(changed)
    assert changed.text == " ".join(text.split())
    assert (changed.start_ms, changed.end_ms) == (segment.start_ms, segment.end_ms)


def test_a_text_that_was_only_punctuated_retains_every_time() -> None:
    plain = spoken("one two three four")

    changed = change_text(plain, "One, two; three – four!")

    times = [(part.start_ms, part.end_ms) for part in changed.words if part.text != "–"]
    assert times == [(part.start_ms, part.end_ms) for part in plain.words]


@given(segments(), st.integers(-1, 9))
def test_a_cut_segment_is_two_with_the_same_text(segment: Segment, at_word: int) -> None:
    try:
        first, second = split_segment(segment, at_word=at_word, key="b", next_position=None)
    except EditError:
        assert not 0 < at_word < len(segment.words)
        return

    check(first)
    check(second)
    assert (first.key, second.key) == ("a", "b")
    assert first.end_ms <= second.start_ms
    assert first.position < second.position
    part_texts = [part.text for part in [*first.words, *second.words]]
    assert part_texts == [part.text for part in segment.words]


@given(segments(), segments(key="b", after_ms=6000), st.booleans())
def test_merged_segments_have_the_text_of_both(
    left: Segment, right: Segment, is_spaced: bool
) -> None:
    merged = merge_segments([left, right], is_spaced=is_spaced)

    check(merged)
    assert merged.key == "a"
    assert merged.text == left.text + " " * is_spaced + right.text


@given(
    segments(), segments(key="b", after_ms=6000), st.integers(0, 9), st.booleans(), st.booleans()
)
def test_words_moved_over_a_border_are_lost_by_no_one(
    left: Segment, right: Segment, count: int, is_forward: bool, is_spaced: bool
) -> None:
    giver = left if is_forward else right
    try:
        moved = move_words(left, right, count=count, is_forward=is_forward, is_spaced=is_spaced)
    except EditError:
        assert not 0 < count < len(giver.words)
        return

    for segment in moved:
        check(segment)
    assert moved[0].end_ms <= moved[1].start_ms
    before = [part.text for part in [*left.words, *right.words]]
    assert [part.text for part in [*moved[0].words, *moved[1].words]] == before


@given(segments(), st.integers(0, 6000), st.integers(1, 3000))
def test_a_retimed_segment_holds_its_words(segment: Segment, start_ms: int, length_ms: int) -> None:
    changed = change_times(segment, start_ms=start_ms, end_ms=start_ms + length_ms)

    check(changed)
    assert changed.text == segment.text


def test_unchanged_words_retain_their_times_and_changed_ones_share_the_time_between() -> None:
    segment = spoken("the quick brown fox jumps")

    changed = change_text(segment, "the slow old fox jumps")

    times = [(part.text, part.start_ms, part.end_ms) for part in changed.words]
    assert times == [
        ("the", 0, 100),
        ("slow", 100, 214),
        ("old", 214, 300),
        ("fox", 300, 400),
        ("jumps", 400, 500),
    ]
    timings = [part.timing or "aligned" for part in changed.words]
    assert timings == ["aligned", "interpolated", "interpolated", "aligned", "aligned"]
    assert [part.confidence for part in changed.words] == [0.5, 1.0, 1.0, 0.5, 0.5]


def test_an_inserted_word_lies_in_the_pause_where_it_was_put() -> None:
    words = [word("yes", 0, 100, has_space=False), word("no", 500, 600)]

    changed = retokenize(words, "yes well no", start_ms=0, end_ms=600)

    assert [(part.start_ms, part.end_ms) for part in changed] == [
        (0, 100),
        (100, 500),
        (500, 600),
    ]


def test_an_inserted_word_without_a_pause_is_given_time_by_its_neighbours() -> None:
    segment = spoken("the quick fox", each_ms=200)

    changed = change_text(segment, "the quick brown fox")

    times = [(part.text, part.start_ms, part.end_ms) for part in changed.words]
    assert times == [("the", 0, 200), ("quick", 200, 360), ("brown", 360, 440), ("fox", 440, 600)]
    timings = [part.timing or "aligned" for part in changed.words]
    assert timings == ["aligned", "interpolated", "interpolated", "interpolated"]


def test_no_neighbour_gives_more_than_half_of_its_time() -> None:
    changed = change_text(spoken("a b", each_ms=100), "a " + "new " * 20 + "b")

    times = [(part.start_ms, part.end_ms) for part in changed.words]
    assert (times[0], times[-1]) == ((0, 50), (150, 200))
    assert all(start < end for start, end in times)


def test_a_script_without_spaces_retains_the_words_that_still_stand_there() -> None:
    words = [
        word("今日", 0, 100, has_space=False),
        word("は", 100, 200, has_space=False),
        word("雨", 200, 300, has_space=False),
    ]

    changed = retokenize(words, "今日も雨。", start_ms=0, end_ms=300)

    assert [(part.text, part.start_ms, part.timing) for part in changed] == [
        ("今日", 0, ""),
        ("も", 100, "interpolated"),
        ("雨。", 200, ""),
    ]
    assert join_words(changed) == "今日も雨。"


def test_punctuation_stays_on_the_word_that_it_is_written_on() -> None:
    segment = spoken("dont know")

    changed = change_text(segment, 'don\'t know-how, "really"')

    assert [part.text for part in changed.words] == ["don't", "know-", "how,", '"really"']


def test_a_segment_without_words_gets_some() -> None:
    bare = replace(spoken("a b"), words=())

    changed = change_text(bare, "now there are four")

    check(changed)
    assert len(changed.words) == 4


def test_control_characters_and_line_breaks_go() -> None:
    assert change_text(spoken("a"), "  one\x08\x00\n two\t<b>").text == "one two <b>"


@pytest.mark.parametrize("text", ["", "  \n", "\x00", "x" * 5001])
def test_no_text_and_too_much_are_refused(text: str) -> None:
    with pytest.raises(EditError):
        change_text(spoken("a"), text)


def test_a_worst_case_text_is_compared_soon() -> None:
    """Ends at all: the matcher's worst case is repeated words, of which there are 2500 at most."""
    segment = spoken("a b " * 1200)

    check(change_text(segment, "b a c " * 800))


def test_the_words_of_an_interval_are_those_whose_middle_lies_in_it() -> None:
    assert words_in_interval(spoken("a b c d"), start_ms=140, end_ms=360) == (1, 4)
    assert words_in_interval(spoken("a b"), start_ms=160, end_ms=170) == (0, 0)


def test_a_place_that_was_cut_too_often_is_refused_with_a_sentence() -> None:
    """Positions are numbers between two others, of which there are many, but not endless ones."""
    segment = spoken("one two", each_ms=100_000)
    behind, cuts = segment.position + 1, 0

    def cut() -> None:
        nonlocal behind, cuts
        first, second = split_segment(segment, at_word=1, key="b", next_position=behind)
        assert first.position < second.position < behind
        behind, cuts = second.position, cuts + 1

    def cut_until_refused() -> None:
        for _ in range(2000):
            cut()

    with pytest.raises(EditError, match="cut too often"):
        cut_until_refused()
    assert cuts > 40
