"""What can be done to segments: pure functions on plain data, no database.

For any input, the words of their result join to its text, lie within it, and ascend;
`start_ms < end_ms`. What can't be done is an `EditError` with a sentence for a person.
"""

from collections.abc import Sequence
from dataclasses import replace

from stt_web.core.errors import ApiError
from transcripts.text.retokenize import between, fit_words, normalize_text, retokenize
from transcripts.text.segments import Segment
from transcripts.text.words import Word, join_words, mean_confidence, with_first_space

MAX_TEXT_CHARACTERS = 5000


class EditError(ApiError):
    """A change that makes no sense here."""

    status = 400
    code = "invalid_edit"


def change_text(segment: Segment, text: str) -> Segment:
    """Return it with another text. Raises EditError where there is none or too much."""
    normalized = normalize_text(text)
    if not normalized:
        raise EditError("A segment needs some text. Remove the segment instead.")
    if len(normalized) > MAX_TEXT_CHARACTERS:
        raise EditError(f"A segment has at most {MAX_TEXT_CHARACTERS} characters.")
    if normalized == segment.text:
        return segment
    words = retokenize(
        fit_words(segment.words, start_ms=segment.start_ms, end_ms=segment.end_ms),
        normalized,
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
    )
    return replace(segment, text=normalized, words=words, confidence=_confidence(words, segment))


def change_times(segment: Segment, *, start_ms: int, end_ms: int) -> Segment:
    """Return it with other ends. Words that lie within stay where they are; others are moved in."""
    if not 0 <= start_ms < end_ms:
        raise EditError("A segment must end after it begins.")
    return replace(
        segment,
        start_ms=start_ms,
        end_ms=end_ms,
        words=fit_words(segment.words, start_ms=start_ms, end_ms=end_ms),
    )


def split_segment(
    segment: Segment, *, at_word: int, key: str, next_position: float | None
) -> tuple[Segment, Segment]:
    """Cut it before word `at_word` (0-based); the first part has the old id, the second gets `key`.

    next_position: of the segment behind it, if there is one.
    """
    count = len(segment.words)
    if not 0 < at_word < count:
        raise EditError(
            f"This segment can be cut before its words 1 to {count - 1}."
            if count > 1
            else "A segment of one word can't be cut."
        )
    if segment.end_ms - segment.start_ms < 2:
        raise EditError("This segment is too short to be cut.")
    first, second = segment.words[:at_word], segment.words[at_word:]
    begin_ms = between(second[0].start_ms, segment.start_ms + 1, segment.end_ms - 1)
    finish_ms = between(first[-1].end_ms, segment.start_ms + 1, begin_ms)
    behind = segment.position + 1 if next_position is None else next_position
    # In proportion: however often it is cut, each word has a place of its own.
    position = segment.position + (behind - segment.position) * at_word / count
    if not segment.position < position < behind:
        raise EditError("This place was cut too often. Merge some segments first.")
    return (
        _with_words(replace(segment, end_ms=finish_ms), first),
        _with_words(replace(segment, key=key, start_ms=begin_ms, position=position), second),
    )


def merge_segments(segments: Sequence[Segment], *, is_spaced: bool) -> Segment:
    """Join neighbours, in order; the first one's id and speaker stay."""
    if len(segments) < 2:
        raise EditError("Name two or more segments to merge.")
    if sum(len(segment.text) + 1 for segment in segments) > MAX_TEXT_CHARACTERS:
        raise EditError(f"A segment has at most {MAX_TEXT_CHARACTERS} characters.")
    start_ms = min(segment.start_ms for segment in segments)
    end_ms = max(segment.end_ms for segment in segments)
    words: list[Word] = []
    for segment in segments:
        own = segment.words or retokenize(
            (), segment.text, start_ms=segment.start_ms, end_ms=segment.end_ms
        )
        words += with_first_space(own, has_space=is_spaced and bool(words))
    merged = replace(segments[0], start_ms=start_ms, end_ms=end_ms)
    return _with_words(merged, fit_words(words, start_ms=start_ms, end_ms=end_ms))


def move_words(
    left: Segment, right: Segment, *, count: int, is_forward: bool, is_spaced: bool
) -> tuple[Segment, Segment]:
    """Move `count` words over the border of two neighbours: the last of `left` forward, or the
    first of `right` back. Both have at least one word left."""
    giver = left if is_forward else right
    if not 0 < count < len(giver.words):
        raise EditError(
            f"Of this segment, 1 to {len(giver.words) - 1} words can be moved; merge to move all."
            if len(giver.words) > 1
            else "A segment's only word can't be moved. Merge the segments instead."
        )
    cut = len(left.words) - count if is_forward else len(left.words) + count
    words = [*left.words, *with_first_space(right.words, has_space=is_spaced)]
    first, second = words[:cut], words[cut:]
    if is_forward:
        begin_ms = between(second[0].start_ms, left.start_ms + 1, right.end_ms - 1)
        finish_ms = between(first[-1].end_ms, left.start_ms + 1, begin_ms)
    else:
        finish_ms = between(first[-1].end_ms, left.start_ms + 1, right.end_ms - 1)
        begin_ms = between(second[0].start_ms, finish_ms, right.end_ms - 1)
    return (
        _with_words(replace(left, end_ms=finish_ms), first),
        _with_words(replace(right, start_ms=begin_ms), second),
    )


def words_before(segment: Segment, character: int) -> int:
    """Return how many words begin before a place in the text (0-based)."""
    at = count = 0
    for index, word in enumerate(segment.words):
        at += word.space_before and index > 0
        if at >= character:
            break
        at += len(word.text)
        count += 1
    return count


def words_in_interval(segment: Segment, *, start_ms: int, end_ms: int) -> tuple[int, int]:
    """Return which words (first, behind the last) have their middle within the span."""
    inside = [
        at
        for at, word in enumerate(segment.words)
        if start_ms <= (word.start_ms + word.end_ms) // 2 < end_ms
    ]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)


def _with_words(segment: Segment, words: Sequence[Word]) -> Segment:
    own = fit_words(
        with_first_space(words, has_space=False), start_ms=segment.start_ms, end_ms=segment.end_ms
    )
    return replace(segment, words=own, text=join_words(own), confidence=_confidence(own, segment))


def _confidence(words: Sequence[Word], segment: Segment) -> float | None:
    """Return the mean of the words'; typed words have no bearing on imported ones."""
    if not words:
        return segment.confidence
    mean = mean_confidence(words)
    return None if mean is None else round(mean, 4)
