"""Better times for the words of a recognised window: forced alignment first, with a judge.

Attention gives roughly where a word is: too early, and extended over pauses. A forced aligner is
exact where the words were spoken, and silent or wildly wrong where they weren't. So, window by
window, on a CPU stage:

1. The attention's measured bias is taken off its times (`engines/attention_bias`).
2. Where an aligner knows the language it is asked for the whole window, and, where it finds no way
   through it, for each phrase with a margin.
3. An aligned word is accepted where it lies inside the attention's interval of it, give or take 0.3
   s. A phrase of which more than a third is elsewhere is left to the attention, and so is a word
   that was put where no voice is.
4. Words left to the attention are trimmed to the voice, and between their aligned neighbours; where
   there is no room for them as they are, they are interpolated.

No word is changed, dropped or moved past another: only times and `timing` are new.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from inference_service.engines.asr import Samples, TextSegment, TimedWord, Timing
from inference_service.engines.forced_alignment import AlignerDiedError, ForcedAligner, WordInterval
from inference_service.sessions.interpolation import interpolate_between
from inference_service.sessions.voiced import Voiced, detect_voice, is_voiced, trim_to_voice

logger = logging.getLogger(__name__)

# The attention's scatter after its bias is taken off: p95 0.2 s on 817 words of exact truth.
_TOLERANCE_S = 0.3
_MOST_ELSEWHERE = 1 / 3  # of a phrase's words
_PHRASE_MARGIN_S = 0.4
_SAMPLE_RATE_HZ = 16_000
ATTENTION = "attention"  # what is asked for where no aligner is wanted
_SHORTEST_WORD_S = 0.03  # three frames of the aligner: what one phone takes at least

Intervals = list[WordInterval | None]


@dataclass(frozen=True, slots=True)
class SpokenWindow:
    """What a window's words are timed by."""

    samples: Samples  # float32 (n_samples,), mono, 16 kHz, ≤ 30 s
    language: str  # ISO 639-1, of segments without one; empty: unknown
    bias_s: float = 0.0  # how much too early the recogniser's times are

    @property
    def duration_s(self) -> float:
        return len(self.samples) / _SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class TimedText:
    """A window's segments with better times.

    `is_unaligned`: words were not placed by the preferred aligner, or theirs ended or didn't
    answer.
    """

    segments: tuple[TextSegment, ...]
    is_unaligned: bool = False


class WordTimer:
    """Times words. Thread-safe: any number of windows at once, a CPU stage each."""

    def __init__(self, aligners: Sequence[ForcedAligner]) -> None:
        """aligners: the first that knows a language is asked; none: attention alone."""
        self._aligners = tuple(aligners)
        self._preferred = ""

    def for_session(self, preferred: str = "") -> "WordTimer":
        """Return one session's timer; only its maker is closed.

        preferred: the name of the aligner that is asked first, ATTENTION for none at all; empty: as
        they stand. Where it isn't there, or doesn't know the language, the next one is asked.
        """
        if preferred == ATTENTION:
            return WordTimer(())
        timer = WordTimer(sorted(self._aligners, key=lambda each: each.name != preferred))
        timer._preferred = preferred
        return timer

    def time_words(self, window: SpokenWindow, segments: Sequence[TextSegment]) -> TimedText:
        """Return the segments with better times. Blocks for about 10 ms a second of speech.

        Never raises for what an aligner does: then the attention's times stand.
        """
        if not any(segment.words for segment in segments):
            return TimedText(tuple(segments))
        attention = [
            _take_bias_off(segment, window.bias_s, duration_s=window.duration_s)
            for segment in segments
        ]
        found = self._align(window, attention)
        timed = _Judge(window).choose([segment.words for segment in attention], found.intervals)
        return TimedText(
            tuple(
                _put_words(segment, words) for segment, words in zip(segments, timed, strict=True)
            ),
            is_unaligned=found.is_unaligned,
        )

    def close(self) -> None:
        for aligner in self._aligners:
            aligner.close()

    def _align(self, window: SpokenWindow, segments: Sequence[TextSegment]) -> "_Alignment":
        languages = {segment.language or window.language for segment in segments}
        # Chosen once: an aligner's languages may go away with its process.
        aligners = {language: self._find(language) for language in languages}
        try:
            intervals = _find_intervals(window, segments, aligners)
        except AlignerDiedError:
            logger.exception("event=alignment_failed words=%d", len(_texts(segments)))
            nowhere: list[Intervals] = [[None] * len(segment.words) for segment in segments]
            return _Alignment(nowhere, is_unaligned=True)
        is_unaligned = not all(self._is_preferred(aligner) for aligner in aligners.values())
        return _Alignment(intervals, is_unaligned=is_unaligned)

    def _is_preferred(self, aligner: ForcedAligner | None) -> bool:
        if not self._preferred:
            return True
        return aligner is not None and aligner.name == self._preferred

    def _find(self, language: str) -> ForcedAligner | None:
        known = (aligner for aligner in self._aligners if language in aligner.languages)
        return next(known, None)


@dataclass(frozen=True, slots=True)
class _Alignment:
    """`intervals`: for the words of each segment; `is_unaligned`: as in `TimedText`."""

    intervals: list[Intervals]
    is_unaligned: bool


def _find_intervals(
    window: SpokenWindow,
    segments: Sequence[TextSegment],
    aligners: Mapping[str, ForcedAligner | None],
) -> list[Intervals]:
    """Return the intervals for the words of each segment, by the aligners of their languages.

    Raises AlignerDiedError.
    """
    languages = list(aligners)
    whole = aligners[languages[0]] if len(languages) == 1 else None
    if whole is not None:
        found = whole.align(window.samples, _texts(segments), language=languages[0])
        if any(found):
            return _split(found, segments)
    return [
        _align_phrase(window, segment, aligners[segment.language or window.language])
        for segment in segments
    ]


def _align_phrase(
    window: SpokenWindow, segment: TextSegment, aligner: ForcedAligner | None
) -> Intervals:
    language = segment.language or window.language
    if aligner is None or not segment.words:
        return [None] * len(segment.words)
    start_s = max(0.0, segment.words[0].start_s - _PHRASE_MARGIN_S)
    end_s = segment.words[-1].end_s + _PHRASE_MARGIN_S
    samples = window.samples[int(start_s * _SAMPLE_RATE_HZ) : int(end_s * _SAMPLE_RATE_HZ)]
    words = [word.text for word in segment.words]
    found = aligner.align(samples, words, language=language)
    return [
        interval and WordInterval(interval.start_s + start_s, interval.end_s + start_s)
        for interval in found
    ]


class _Judge:
    """Decides for each word of one window whose times it gets."""

    def __init__(self, window: SpokenWindow) -> None:
        self._window = window
        self._voiced: Voiced | None = None  # detected when it is needed first: 4 ms a second

    def choose(
        self, phrases: Sequence[Sequence[TimedWord]], aligned: Sequence[Intervals]
    ) -> list[tuple[TimedWord, ...]]:
        """phrases: by attention, in order; aligned: an interval or None for each of their words."""
        accepted = [
            self._accept_aligned(words, intervals)
            for words, intervals in zip(phrases, aligned, strict=True)
        ]
        flat = _rising([interval for intervals in accepted for interval in intervals])
        words = [word for phrase in phrases for word in phrase]
        if None in flat:
            words = list(trim_to_voice(words, self._detect_voice()))
        timed = iter(_merge(words, flat, duration_s=self._window.duration_s))
        return [tuple(next(timed) for _ in phrase) for phrase in phrases]

    def _accept_aligned(self, words: Sequence[TimedWord], intervals: Intervals) -> Intervals:
        """Return the plausible intervals."""
        pairs = list(zip(words, intervals, strict=True))
        accepted = [
            interval if interval is not None and _lies_within(interval, word) else None
            for word, interval in pairs
        ]
        n_aligned = sum(interval is not None for interval in intervals)
        n_elsewhere = n_aligned - sum(interval is not None for interval in accepted)
        if not n_elsewhere:
            return accepted
        if n_elsewhere > _MOST_ELSEWHERE * n_aligned:
            return [None] * len(words)
        voiced = self._detect_voice()
        return [
            interval if interval and is_voiced(voiced, interval.start_s, interval.end_s) else None
            for interval in accepted
        ]

    def _detect_voice(self) -> Voiced:
        if self._voiced is None:
            self._voiced = detect_voice(self._window.samples)
        return self._voiced


def _lies_within(interval: WordInterval, word: TimedWord) -> bool:
    """Whether an aligned word lies in the attention's interval, give or take the tolerance."""
    return (
        interval.start_s >= word.start_s - _TOLERANCE_S
        and interval.start_s <= max(word.end_s, word.start_s + _TOLERANCE_S)
        and interval.end_s <= word.end_s + _TOLERANCE_S
    )


def _rising(intervals: Sequence[WordInterval | None]) -> Intervals:
    """Return them without those that begin before one in front ends (phrases apart may overlap)."""
    reached_s = 0.0
    rising: Intervals = []
    for interval in intervals:
        if interval is None or interval.start_s < reached_s - 1e-6:
            rising.append(None)
            continue
        rising.append(interval)
        reached_s = interval.end_s
    return rising


def _merge(
    words: Sequence[TimedWord], intervals: Intervals, *, duration_s: float
) -> list[TimedWord]:
    """Return the aligned words, and the others between them."""
    timed: list[TimedWord] = []
    at = 0
    while at < len(words):
        interval = intervals[at]
        if interval is not None:
            timed.append(_retime(words[at], interval.start_s, interval.end_s, Timing.ALIGNED))
            at += 1
            continue
        behind = at
        while behind < len(words) and intervals[behind] is None:
            behind += 1
        least_s = timed[-1].end_s if timed else 0.0
        following = intervals[behind] if behind < len(words) else None
        most_s = duration_s if following is None else following.start_s
        timed += _fit(words[at:behind], least_s, most_s)
        at = behind
    return timed


def _fit(words: Sequence[TimedWord], least_s: float, most_s: float) -> list[TimedWord]:
    """Return the attention's words within bounds; interpolated where they don't fit as they are."""
    fitted: list[TimedWord] = []
    reached_s = least_s
    for word in words:
        start_s = min(max(word.start_s, reached_s), most_s)
        end_s = min(max(word.end_s, start_s), most_s)
        was_cut = end_s - start_s < min(_SHORTEST_WORD_S, word.end_s - word.start_s)
        if was_cut:
            return interpolate_between(words, least_s, most_s)
        fitted.append(_retime(word, start_s, end_s, word.timing))
        reached_s = end_s
    return fitted


def _take_bias_off(segment: TextSegment, bias_s: float, *, duration_s: float) -> TextSegment:
    words = tuple(
        _retime(
            word,
            _between(word.start_s + bias_s, 0.0, duration_s),
            _between(word.end_s + bias_s, 0.0, duration_s),
            word.timing,
        )
        for word in segment.words
    )
    return replace(segment, words=words)


def _between(value: float, least: float, most: float) -> float:
    return max(least, min(value, most))


def _put_words(segment: TextSegment, words: tuple[TimedWord, ...]) -> TextSegment:
    if not words:
        return segment
    return replace(segment, words=words, start_s=words[0].start_s, end_s=words[-1].end_s)


def _retime(word: TimedWord, start_s: float, end_s: float, timing: Timing) -> TimedWord:
    return replace(word, start_s=start_s, end_s=end_s, timing=timing)


def _texts(segments: Sequence[TextSegment]) -> list[str]:
    return [word.text for segment in segments for word in segment.words]


def _split(found: Intervals, segments: Sequence[TextSegment]) -> list[Intervals]:
    intervals = iter(found)
    return [[next(intervals) for _ in segment.words] for segment in segments]
