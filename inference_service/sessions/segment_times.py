"""From a window's text to segments of the recording, with the guarantees of the protocol.

For any answer of an engine, here the words make up the text, times rise and stay inside the window,
and a segment ends after it starts.
"""

import itertools
from collections.abc import Sequence

from inference_service.engines.asr import TextSegment, TimedWord
from inference_service.sessions.coverage import MARGIN_S, SHORTEST_GAP_S, TextGap
from inference_service.sessions.events import Gap, OutputSegment, OutputWord
from inference_service.sessions.windows import TimeMap

# What a short word takes when it is spoken quickly.
_HURRIED_WORD_MS = 150


def map_to_recording(
    segments: Sequence[TextSegment], time_map: TimeMap, *, start_ms: int, end_ms: int
) -> tuple[OutputSegment, ...]:
    """Map a window's segments into its window [start_ms, end_ms] of the recording.

    Segments without a visible word are dropped.
    """
    spoken = [(segment, _visible_words(segment)) for segment in segments]
    spoken = [(segment, words) for segment, words in spoken if words]
    spoken = spoken[: end_ms - start_ms]  # a millisecond for each, so that every one can end later
    mapped: list[OutputSegment] = []
    low_ms = start_ms
    for left, (segment, words) in zip(range(len(spoken) - 1, -1, -1), spoken, strict=True):
        one = _map_segment(segment, words, time_map, low_ms=low_ms, high_ms=end_ms - left)
        mapped.append(one)
        low_ms = one.end_ms
    return tuple(mapped)


def map_gaps(
    gaps: Sequence[TextGap], time_map: TimeMap, *, start_ms: int, end_ms: int
) -> tuple[Gap, ...]:
    """Map a window's gaps into its window; those that take no time there are dropped."""
    mapped = []
    for gap in gaps:
        first_s, last_s = time_map.map_interval(gap.start_s, gap.end_s)
        first_ms = max(start_ms, round(1000 * first_s))
        last_ms = min(end_ms, round(1000 * last_s))
        if first_ms >= last_ms:
            continue
        text = map_to_recording(
            (gap.text,) if gap.text else (), time_map, start_ms=first_ms, end_ms=last_ms
        )
        mapped.append(Gap(first_ms, last_ms, gap.reason, text[0] if text else None))
    return tuple(mapped)


def cut_out_words(gap: Gap, segments: Sequence[OutputSegment]) -> list[Gap]:
    """Return what of a gap no word covers: all of it, or parts that are gaps of their own.

    A word covers a little on both sides of it, as where gaps are found (`coverage`).

    A part has no text: which words of the gap's text are in it isn't known.
    """
    margin_ms = round(1000 * MARGIN_S)
    words = sorted((word.start_ms, word.end_ms) for one in segments for word in one.words)
    inside = [
        (low - margin_ms, high + margin_ms)
        for low, high in words
        if low < gap.end_ms and gap.start_ms < high
    ]
    if not inside:
        return [gap]
    edges = [(0, gap.start_ms), *inside, (gap.end_ms, gap.end_ms)]
    reached_ms = itertools.accumulate((high for _, high in edges), max)
    between = list(zip(reached_ms, (low for low, _ in edges[1:]), strict=False))
    return [
        Gap(low, high, gap.reason)
        for low, high in between
        if high - low >= round(1000 * SHORTEST_GAP_S)
    ]


def _visible_words(segment: TextSegment) -> list[TimedWord]:
    return [word for word in segment.words if word.text.strip()]


def _map_segment(
    segment: TextSegment,
    words: Sequence[TimedWord],
    time_map: TimeMap,
    *,
    low_ms: int,
    high_ms: int,
) -> OutputSegment:
    """low_ms < high_ms."""
    times = _map_times(words, time_map, low_ms=low_ms, high_ms=high_ms)
    mapped = tuple(
        OutputWord(
            text=word.text.strip(),
            start_ms=start_ms,
            end_ms=end_ms,
            confidence=min(1.0, max(0.0, word.confidence)),
            space_before=index > 0 and word.space_before,
            timing=word.timing,
        )
        for index, (word, (start_ms, end_ms)) in enumerate(zip(words, times, strict=True))
    )
    return assemble_segment(mapped, scores=segment)


def assemble_segment(words: Sequence[OutputWord], *, scores: TextSegment) -> OutputSegment:
    """Return the segment that `words` make up; nothing stands before the first of them."""
    return OutputSegment(
        start_ms=words[0].start_ms,
        end_ms=max(words[-1].end_ms, words[0].start_ms + 1),
        text="".join(" " * word.space_before + word.text for word in words),
        words=tuple(words),
        confidence=sum(word.confidence for word in words) / len(words),
        avg_logprob=scores.avg_logprob,
        compression_ratio=scores.compression_ratio,
        no_speech_prob=scores.no_speech_prob,
        temperature=scores.temperature,
        language=next((word.language for word in words if word.language), scores.language),
        language_probability=scores.language_probability,
    )


def _map_times(
    words: Sequence[TimedWord], time_map: TimeMap, *, low_ms: int, high_ms: int
) -> list[tuple[int, int]]:
    """Return rising, non-overlapping times within bounds, the last end after the first start."""
    times: list[tuple[int, int]] = []
    reached_ms = low_ms
    for word in words:
        start_s, end_s = time_map.map_word(word.start_s, word.end_s)
        start_ms = min(max(round(1000 * start_s), reached_ms), high_ms)
        reached_ms = min(max(round(1000 * end_s), start_ms), high_ms)
        times.append((start_ms, reached_ms))
    times = _share_times(times)
    first_ms = times[0][0]
    if reached_ms > first_ms:
        return times
    if reached_ms < high_ms:
        return [*times[:-1], (times[-1][0], reached_ms + 1)]
    # All at the upper bound, above the lower one: the first word begins a millisecond earlier.
    return [(first_ms - 1, times[0][1]), *times[1:]]


def _share_times(times: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give words that took no time a part of their neighbour's: a player marks each in turn.

    Whisper's alignment ends a word where it began it when it hurries over several. They take from
    the pause behind them, else from the next word; the last ones from the word before.
    """
    shared: list[tuple[int, int]] = []
    index = 0
    while index < len(times):
        behind = index
        while behind < len(times) and times[behind][0] == times[behind][1]:
            behind += 1
        if behind == index:
            shared.append(times[index])
            index += 1
            continue
        start_ms, hurried = times[index][0], behind - index
        if behind == len(times):
            before = [shared.pop()] if shared else []
            first_ms = before[0][0] if before else start_ms
            shared += _split_evenly(first_ms, times[-1][1], hurried + len(before))
        elif times[behind][0] > start_ms:
            end_ms = min(times[behind][0], start_ms + hurried * _HURRIED_WORD_MS)
            shared += _split_evenly(start_ms, end_ms, hurried)
        else:
            shared += _split_evenly(start_ms, times[behind][1], hurried + 1)
            behind += 1
        index = behind
    return shared


def _split_evenly(start_ms: int, end_ms: int, parts: int) -> list[tuple[int, int]]:
    edges = [start_ms + (end_ms - start_ms) * part // parts for part in range(parts + 1)]
    return list(itertools.pairwise(edges))
