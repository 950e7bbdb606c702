"""The judge: which times a word gets, for any attention and any aligner. Pure, on fakes."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_service.engines.asr import Samples, TextSegment, TimedWord, Timing
from inference_service.engines.forced_alignment import AlignerDiedError, WordInterval
from inference_service.sessions.word_times import SpokenWindow, WordTimer
from tests.inference_service.recordings import load_pcm, make_silence

Interval = tuple[float, float] | None
SILENCE: Samples = np.zeros(30 * 16_000, np.float32)


class FakeAligner:
    """Answers with given intervals, first for the whole window and then for each phrase."""

    languages = frozenset({"en"})

    def __init__(self, *answers: Sequence[Interval] | Exception, name: str = "fake") -> None:
        self.name = name
        self.answers = list(answers)
        self.asked: list[tuple[int, list[str]]] = []

    def align(
        self, samples: Samples, words: Sequence[str], *, language: str
    ) -> list[WordInterval | None]:
        self.asked.append((len(samples), list(words)))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return [interval and WordInterval(*interval) for interval in answer]

    def close(self) -> None: ...


def phrase(*words: tuple[str, float, float], language: str = "") -> TextSegment:
    timed = tuple(TimedWord(text, start, end, 0.5) for text, start, end in words)
    text = " ".join(word.text for word in timed)
    return TextSegment(timed[0].start_s, timed[-1].end_s, text, timed, language=language)


def time_words(
    segments: Sequence[TextSegment],
    *answers: Sequence[Interval] | Exception,
    bias_s: float = 0.0,
    samples: Samples = SILENCE,
) -> list[list[tuple[str, float, float, Timing]]]:
    timer = WordTimer([FakeAligner(*answers)])
    timed = timer.time_words(SpokenWindow(samples, "en", bias_s), segments).segments
    return [
        [(word.text, round(word.start_s, 3), round(word.end_s, 3), word.timing) for word in words]
        for words in (segment.words for segment in timed)
    ]


def test_words_that_both_place_alike_are_aligned() -> None:
    segment = phrase(("a", 1.0, 1.5), ("b", 1.5, 2.0))

    assert time_words([segment], [(1.1, 1.4), (1.6, 1.9)]) == [
        [("a", 1.1, 1.4, Timing.ALIGNED), ("b", 1.6, 1.9, Timing.ALIGNED)]
    ]


def test_a_word_that_attention_extends_over_a_pause_is_where_it_was_aligned() -> None:
    segment = phrase(("a", 1.0, 1.5), ("b", 1.5, 4.0), ("c", 4.0, 4.5))

    ((_, late, _),) = time_words([segment], [(1.0, 1.4), (3.5, 4.0), (4.1, 4.4)])

    assert late == ("b", 3.5, 4.0, Timing.ALIGNED)


def test_the_bias_of_the_attention_is_taken_off_where_nothing_is_aligned() -> None:
    segment = phrase(("a", 1.0, 1.5), ("b", 1.5, 2.0))

    timed = time_words([segment], [None, None], [None, None], bias_s=0.06)

    assert timed == [[("a", 1.06, 1.56, Timing.ATTENTION), ("b", 1.56, 2.06, Timing.ATTENTION)]]


def test_a_window_without_a_way_through_is_aligned_a_phrase_at_a_time() -> None:
    segments = [phrase(("a", 1.0, 1.5)), phrase(("b", 5.0, 5.5))]
    aligner = FakeAligner([None, None], [(0.5, 0.8)], [None])

    timed = WordTimer([aligner]).time_words(SpokenWindow(SILENCE, "en"), segments)
    first, second = timed.segments

    assert [words for _, words in aligner.asked] == [["a", "b"], ["a"], ["b"]]
    assert aligner.asked[1][0] == pytest.approx(16_000 * 1.3, abs=1)
    assert first.words[0].start_s == pytest.approx(1.1)
    assert first.words[0].timing is Timing.ALIGNED
    assert second.words[0].timing is Timing.ATTENTION


def test_a_phrase_that_is_aligned_elsewhere_is_left_to_the_attention() -> None:
    right = phrase(("a", 1.0, 1.5), ("b", 1.5, 2.0))
    wrong = phrase(("c", 5.0, 5.5), ("d", 5.5, 6.0))

    first, second = time_words([right, wrong], [(1.0, 1.4), (1.5, 2.0), (3.0, 3.2), (3.2, 3.5)])

    assert {timing for *_, timing in first} == {Timing.ALIGNED}
    assert second == [("c", 5.0, 5.5, Timing.ATTENTION), ("d", 5.5, 6.0, Timing.ATTENTION)]


def test_a_word_put_into_silence_is_rejected_where_others_are_elsewhere() -> None:
    pcm = load_pcm("en_short_2") + make_silence(5)
    samples: Samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)
    end_s = len(samples) / 16_000
    silent_s = end_s - 3
    words = [("a", 0.5, 0.8), ("b", 0.8, 1.0), ("c", 1.0, 1.2), ("d", silent_s, silent_s + 0.5)]
    intervals: list[Interval] = [(0.5, 0.8), (0.8, 1.0), (silent_s, silent_s + 0.1), None]
    intervals[3] = (silent_s + 0.2, silent_s + 0.4)

    (timed,) = time_words([phrase(*words)], intervals, samples=samples)

    assert [timing for *_, timing in timed[:2]] == [Timing.ALIGNED] * 2
    assert Timing.ALIGNED not in {timing for *_, timing in timed[2:]}


def test_words_without_room_between_aligned_ones_are_interpolated() -> None:
    segment = phrase(("a", 1.0, 1.5), ("—", 1.5, 1.52), ("bc", 1.52, 1.6), ("d", 1.6, 2.0))

    (timed,) = time_words([segment], [(1.0, 1.5), None, None, (1.53, 2.0)])

    assert timed == [
        ("a", 1.0, 1.5, Timing.ALIGNED),
        ("—", 1.5, 1.51, Timing.INTERPOLATED),
        ("bc", 1.51, 1.53, Timing.INTERPOLATED),
        ("d", 1.53, 2.0, Timing.ALIGNED),
    ]


def test_an_aligner_that_dies_costs_only_its_times() -> None:
    segment = phrase(("a", 1.0, 1.5))

    assert time_words([segment], AlignerDiedError("gone")) == [[("a", 1.0, 1.5, Timing.ATTENTION)]]


def test_a_language_that_no_aligner_knows_is_not_asked_for() -> None:
    segments = [phrase(("a", 1.0, 1.5), language="de"), phrase(("b", 2.0, 2.5), language="en")]
    aligner = FakeAligner([(0.4, 0.8)])

    timed = WordTimer([aligner]).time_words(SpokenWindow(SILENCE, "de"), segments)

    ((n_samples, words),) = aligner.asked
    assert (n_samples, words) == (round(1.3 * 16_000), ["b"])
    timings = [segment.words[0].timing for segment in timed.segments]
    assert timings == [Timing.ATTENTION, Timing.ALIGNED]


@pytest.mark.parametrize(
    ("preferred", "language", "answer", "is_unaligned"),
    [
        ("", "en", [(1.1, 1.4)], False),
        ("", "en", AlignerDiedError("gone"), True),
        ("", "de", [], False),
        ("fake", "en", [(1.1, 1.4)], False),
        ("fake", "en", AlignerDiedError("gone"), True),
        ("fake", "de", [], True),
        ("other", "en", [(1.1, 1.4)], True),
        ("attention", "en", [], False),
    ],
)
def test_words_that_another_than_the_preferred_one_placed_are_unaligned(
    preferred: str, language: str, answer: list[Interval] | Exception, *, is_unaligned: bool
) -> None:
    timer = WordTimer([FakeAligner(answer)]).for_session(preferred)

    timed = timer.time_words(SpokenWindow(SILENCE, language), [phrase(("a", 1.0, 1.5))])

    assert timed.is_unaligned is is_unaligned


def test_a_process_that_ends_while_its_languages_are_asked_for_is_noticed() -> None:
    """Its words are placed by the next one."""

    class Ending(FakeAligner):
        asked_for = 0

        @property
        def languages(self) -> frozenset[str]:  # type: ignore[override]
            self.asked_for += 1
            return frozenset({"en"} if self.asked_for == 1 else ())

    ending = Ending(AlignerDiedError("gone"), name="ending")
    timer = WordTimer([ending, FakeAligner([(1.1, 1.4)])]).for_session("ending")

    timed = timer.time_words(SpokenWindow(SILENCE, "en"), [phrase(("a", 1.0, 1.5))])

    assert timed.is_unaligned


SHORT_S = 3
TIMES = st.floats(0, SHORT_S, allow_nan=False)


@st.composite
def windows(draw: st.DrawFn) -> tuple[list[TextSegment], list[Interval]]:
    """Phrases with rising times of attention, and any rising intervals that an aligner may give."""
    count = draw(st.integers(1, 8))
    edges = sorted(draw(st.lists(TIMES, min_size=count + 1, max_size=count + 1)))
    words = [(f"w{at}", edges[at], edges[at + 1]) for at in range(count)]
    cut = draw(st.integers(0, count))
    segments = [phrase(*part) for part in (words[:cut], words[cut:]) if part]
    reached = sorted(draw(st.lists(TIMES, min_size=2 * count, max_size=2 * count)))
    intervals: list[Interval] = [
        (reached[2 * at], reached[2 * at + 1]) if draw(st.booleans()) else None
        for at in range(count)
    ]
    return segments, intervals


@settings(deadline=None)
@given(windows(), st.floats(-0.2, 0.2))
def test_no_word_is_changed_or_moved_past_another(
    window: tuple[list[TextSegment], list[Interval]], bias_s: float
) -> None:
    segments, intervals = window
    phrases = [[None] * len(segment.words) for segment in segments]

    timer = WordTimer([FakeAligner(intervals, *phrases)])
    samples = SILENCE[: 16_000 * SHORT_S]
    timed = timer.time_words(SpokenWindow(samples, "en", bias_s), segments).segments

    expected = [[(word.text, word.confidence) for word in segment.words] for segment in timed]
    assert expected == [[(w.text, w.confidence) for w in segment.words] for segment in segments]
    words = [word for segment in timed for word in segment.words]
    assert all(0 <= word.start_s <= word.end_s <= SHORT_S for word in words)
    assert all(one.end_s <= other.start_s + 1e-6 for one, other in pairwise(words))
