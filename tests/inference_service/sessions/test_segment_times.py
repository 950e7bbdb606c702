"""For any answer of an engine, words make up the text and times rise inside the window."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_service.engines.asr import TextSegment, TimedWord
from inference_service.sessions.events import Gap, GapReason, OutputSegment, OutputWord
from inference_service.sessions.segment_times import cut_out_words, map_to_recording
from inference_service.sessions.windows import SpeechChunk, TimeMap

# Times as a bad engine might give them: backwards, negative, after the end.
seconds = st.floats(-5, 40)
words = st.builds(
    TimedWord,
    text=st.sampled_from(["a", "word", " padded ", "", " ", "字"]),
    start_s=seconds,
    end_s=seconds,
    confidence=st.floats(-1, 2),
    space_before=st.booleans(),
)
segments = st.lists(
    st.builds(
        TextSegment,
        start_s=seconds,
        end_s=seconds,
        text=st.text(max_size=5),
        words=st.lists(words, max_size=6).map(tuple),
    ),
    max_size=6,
)
# Silence before each chunk, and its length, in samples.
layouts = st.lists(
    st.tuples(st.integers(0, 100_000), st.integers(512, 60_000)), min_size=1, max_size=6
)


def lay_out(layout: list[tuple[int, int]]) -> tuple[SpeechChunk, ...]:
    chunks, end = [], 0
    for silence, length in layout:
        chunks.append(SpeechChunk(end + silence, np.zeros(length, np.int16)))
        end += silence + length
    return tuple(chunks)


@given(segments, layouts, st.integers(0, 10**9))
def test_the_promises_of_the_wire_hold(
    recognised: list[TextSegment], layout: list[tuple[int, int]], offset_ms: int
) -> None:
    chunks = lay_out(layout)
    end_ms = offset_ms + chunks[-1].end_sample // 16
    mapped = map_to_recording(
        recognised, TimeMap(chunks, offset_s=offset_ms / 1000), start_ms=offset_ms, end_ms=end_ms
    )
    reached_ms = offset_ms
    for segment in mapped:
        assert reached_ms <= segment.start_ms < segment.end_ms <= end_ms
        assert segment.text == segment.text.strip() != ""
        assert segment.text == "".join(" " * w.space_before + w.text for w in segment.words)
        assert 0 <= segment.confidence <= 1
        for word in segment.words:
            assert reached_ms <= word.start_ms <= word.end_ms <= end_ms
            reached_ms = word.end_ms
        assert (segment.start_ms, segment.end_ms) == (
            segment.words[0].start_ms,
            segment.words[-1].end_ms,
        )
    visible = [w.text.strip() for segment in recognised for w in segment.words if w.text.strip()]
    assert [word.text for segment in mapped for word in segment.words] == visible


@given(layouts, st.floats(0, 30), st.floats(0, 5))
def test_a_word_lies_in_one_chunk_of_the_recording(
    layout: list[tuple[int, int]], start_s: float, length_s: float
) -> None:
    chunks = lay_out(layout)
    start, end = TimeMap(chunks, offset_s=0.0).map_word(start_s, start_s + length_s)
    assert any(
        chunk.start_sample / 16_000 - 1e-6 <= start <= end <= chunk.end_sample / 16_000 + 1e-6
        for chunk in chunks
    )


def test_the_place_of_a_word_in_its_chunk_stays() -> None:
    chunks = (
        SpeechChunk(16_000, np.zeros(32_000, np.int16)),
        SpeechChunk(160_000, np.zeros(32_000, np.int16)),
    )
    time_map = TimeMap(chunks, offset_s=100.0)
    assert time_map.map_word(0.5, 1.0) == (101.5, 102.0)
    assert time_map.map_word(2.5, 3.0) == (110.5, 111.0)
    # Across the cut: where its middle lies, cut off at the edge.
    assert time_map.map_word(1.5, 2.2) == (102.5, 103.0)
    assert time_map.map_word(1.9, 2.8) == (110.0, 110.8)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # before a word that did take time: a share of it
        ([(1.0, 1.0), (1.0, 1.0), (1.0, 1.6)], [(1000, 1200), (1200, 1400), (1400, 1600)]),
        # before a pause: the beginning of the pause
        ([(1.0, 1.0), (2.0, 2.4)], [(1000, 1150), (2000, 2400)]),
        # at the end: a share of the word before
        ([(1.0, 1.4), (1.4, 1.4)], [(1000, 1200), (1200, 1400)]),
    ],
)
def test_words_that_an_engine_hurried_over_get_a_time_of_their_own(
    given: list[tuple[float, float]], expected: list[tuple[int, int]]
) -> None:
    words = tuple(TimedWord("word", start, end, 0.9) for start, end in given)
    chunks = (SpeechChunk(0, np.zeros(64_000, np.int16)),)
    [segment] = map_to_recording(
        [TextSegment(1.0, given[-1][1], "", words)],
        TimeMap(chunks, offset_s=0),
        start_ms=0,
        end_ms=4000,
    )
    assert [(word.start_ms, word.end_ms) for word in segment.words] == expected


def test_a_gap_retains_what_no_word_covers() -> None:
    gap = Gap(1_000, 11_000, GapReason.NOT_RECOGNISED)
    words = (_word("one", 900, 1_300), _word("two", 5_000, 5_400), _word("three", 10_600, 11_500))

    parts = cut_out_words(gap, [_segment(words)])

    assert [(part.start_ms, part.end_ms) for part in parts] == [(1_460, 4_840), (5_560, 10_440)]
    assert {part.reason for part in parts} == {GapReason.NOT_RECOGNISED}


def test_a_gap_without_a_word_in_it_stays_as_it_is() -> None:
    gap = Gap(2_000, 2_400, GapReason.REPETITION, _segment((_word("la", 2_000, 2_400),)))

    assert cut_out_words(gap, [_segment((_word("one", 1_000, 2_000),))]) == [gap]


def _word(text: str, start_ms: int, end_ms: int) -> OutputWord:
    return OutputWord(text, start_ms, end_ms, 0.9, True)


def _segment(words: tuple[OutputWord, ...]) -> OutputSegment:
    text = " ".join(word.text for word in words)
    return OutputSegment(words[0].start_ms, words[-1].end_ms, text, words, 0.9, -0.1, 1.0, 0.0, 0.0)
