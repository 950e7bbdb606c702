"""From a window's text to segments of the recording, with the promises of the wire made true.

Whatever an engine answers, here the words spell the text, times rise and stay inside the span,
and a segment ends after it starts.
"""

from collections.abc import Sequence

from inference_service.engines.asr import TextSegment, TimedWord
from inference_service.sessions.events import RestoredSegment, RestoredWord
from inference_service.sessions.windows import TimeMap


def restore_segments(
    segments: Sequence[TextSegment], time_map: TimeMap, *, start_ms: int, end_ms: int
) -> tuple[RestoredSegment, ...]:
    """Map a window's segments into its span [start_ms, end_ms] of the recording.

    Segments without a visible word are dropped.
    """
    spoken = [(segment, _visible_words(segment)) for segment in segments]
    spoken = [(segment, words) for segment, words in spoken if words]
    spoken = spoken[: end_ms - start_ms]  # a millisecond for each, so that every one can end later
    restored: list[RestoredSegment] = []
    low_ms = start_ms
    for left, (segment, words) in zip(range(len(spoken) - 1, -1, -1), spoken, strict=True):
        one = _restore_segment(segment, words, time_map, low_ms=low_ms, high_ms=end_ms - left)
        restored.append(one)
        low_ms = one.end_ms
    return tuple(restored)


def _visible_words(segment: TextSegment) -> list[TimedWord]:
    return [word for word in segment.words if word.text.strip()]


def _restore_segment(
    segment: TextSegment,
    words: Sequence[TimedWord],
    time_map: TimeMap,
    *,
    low_ms: int,
    high_ms: int,
) -> RestoredSegment:
    """low_ms < high_ms."""
    times = _restore_times(words, time_map, low_ms=low_ms, high_ms=high_ms)
    restored = tuple(
        RestoredWord(
            text=word.text.strip(),
            start_ms=start_ms,
            end_ms=end_ms,
            confidence=min(1.0, max(0.0, word.confidence)),
            space_before=index > 0 and word.space_before,
        )
        for index, (word, (start_ms, end_ms)) in enumerate(zip(words, times, strict=True))
    )
    return RestoredSegment(
        start_ms=times[0][0],
        end_ms=times[-1][1],
        text="".join(" " * word.space_before + word.text for word in restored),
        words=restored,
        confidence=sum(word.confidence for word in restored) / len(restored),
        avg_logprob=segment.avg_logprob,
        compression_ratio=segment.compression_ratio,
        no_speech_prob=segment.no_speech_prob,
        temperature=segment.temperature,
    )


def _restore_times(
    words: Sequence[TimedWord], time_map: TimeMap, *, low_ms: int, high_ms: int
) -> list[tuple[int, int]]:
    """Return rising, non-overlapping times within bounds, the last end after the first start."""
    times: list[tuple[int, int]] = []
    reached_ms = low_ms
    for word in words:
        start_s, end_s = time_map.restore(word.start_s, word.end_s)
        start_ms = min(max(round(1000 * start_s), reached_ms), high_ms)
        reached_ms = min(max(round(1000 * end_s), start_ms), high_ms)
        times.append((start_ms, reached_ms))
    first_ms = times[0][0]
    if reached_ms > first_ms:
        return times
    if reached_ms < high_ms:
        return [*times[:-1], (times[-1][0], reached_ms + 1)]
    # All at the upper bound, above the lower one: the first word begins a millisecond earlier.
    return [(first_ms - 1, times[0][1]), *times[1:]]
