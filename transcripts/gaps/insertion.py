"""Putting words into a gap of the text: where they go, and their speaker. On a draft, in memory.

The segments around stay as they are; one that reaches over the gap is cut there. What is put in
is a segment of its own (several, where it is long), by the speaker of its neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from transcripts.editing.draft import Draft
from transcripts.editing.segment_operations import (
    MAX_TEXT_CHARACTERS,
    EditError,
    split_segment,
)
from transcripts.services.shown_gaps import ShownGap
from transcripts.text.retokenize import between, fit_words, retokenize
from transcripts.text.segments import Segment
from transcripts.text.words import Word, join_words, mean_confidence, with_first_space
from transcripts.text.writing import ends_sentence

# No new segment is longer than this; a new one begins at a sentence's end where
# there is one behind the shorter time.
_LONGEST_MS = 12_000
_SENTENCE_MS = 3_000


@dataclass(frozen=True)
class GapWords:
    """What goes in: words within the gap, in time order, as `Segment.words` has them."""

    words: Sequence[Word]
    language: str = ""


def words_of(gap: ShownGap) -> GapWords:
    """Return the text that was not accepted; timed by its length where it came without words."""
    words = gap.words or retokenize((), gap.text, start_ms=gap.start_ms, end_ms=gap.end_ms)
    return GapWords(words, gap.language)


def fill_gap(draft: Draft, gap: ShownGap, text: GapWords) -> None:
    """Put the words into the draft. Raises EditError where there is no place. Four queries."""
    before, behind = _open_place(draft, gap)
    speaker = _speaker_between(gap, before, behind)
    language = "" if text.language == draft.transcript.language else text.language
    chunks = _cut_into_chunks(text.words)
    positions = _positions(before, behind, count=len(chunks))
    least_ms = gap.start_ms if before is None else max(gap.start_ms, before.start_ms)
    for words, position in zip(chunks, positions, strict=True):
        start_ms = max(least_ms, words[0].start_ms)
        end_ms = max(start_ms + 1, words[-1].end_ms)
        own = fit_words(with_first_space(words, has_space=False), start_ms=start_ms, end_ms=end_ms)
        segment = Segment(
            key=draft.new_key(),
            position=position,
            start_ms=start_ms,
            end_ms=end_ms,
            text=join_words(own),
            words=own,
            speaker=speaker,
            confidence=mean_confidence(own),
            language=language,
        )
        draft.put(segment)
        least_ms = start_ms


def _open_place(draft: Draft, gap: ShownGap) -> tuple[Segment | None, Segment | None]:
    """Return the segments before and behind; one that reaches over the gap is cut in two."""
    before = draft.last_before(gap.start_ms)
    behind = draft.first() if before is None else draft.neighbour(before, is_next=True)
    if before is None or not before.words or before.end_ms <= gap.start_ms:
        return before, behind
    middle_ms = (gap.start_ms + gap.end_ms) // 2
    at_word = sum(1 for word in before.words if word.start_ms + word.end_ms < 2 * middle_ms)
    if at_word == 0:  # all its words come later, and so it begins later
        later = replace(before, start_ms=before.words[0].start_ms)
        draft.put(later)
        return draft.neighbour(before, is_next=False), later
    if at_word == len(before.words):
        return before, behind
    first, second = split_segment(
        before,
        at_word=at_word,
        key=draft.new_key(),
        next_position=None if behind is None else behind.position,
    )
    draft.put(first, second)
    return first, second


def _positions(before: Segment | None, behind: Segment | None, *, count: int) -> list[float]:
    """Return places between the two, in order."""
    low = (
        before.position if before is not None else (behind.position if behind else 0.0) - count - 1
    )
    high = behind.position if behind is not None else low + count + 1
    positions = [low + (high - low) * number / (count + 1) for number in range(1, count + 1)]
    edges = [low, *positions, high]
    if any(one >= other for one, other in pairwise(edges)):
        raise EditError("This place was cut too often. Merge some segments first.")
    return positions


def _speaker_between(gap: ShownGap, before: Segment | None, behind: Segment | None) -> int | None:
    """Return who speaks on both sides; between two, the one who is nearer."""
    if before is None or behind is None:
        only = before or behind
        return None if only is None else only.speaker
    is_later_nearer = behind.start_ms - gap.end_ms < gap.start_ms - before.end_ms
    return behind.speaker if is_later_nearer else before.speaker


def _cut_into_chunks(words: Sequence[Word]) -> list[list[Word]]:
    chunks: list[list[Word]] = []
    for word in words:
        if not chunks or _is_full(chunks[-1], word):
            chunks.append([])
        chunks[-1].append(word)
    return chunks


def _is_full(chunk: list[Word], word: Word) -> bool:
    length_ms = word.end_ms - chunk[0].start_ms
    if length_ms > _LONGEST_MS or len(join_words([*chunk, word])) > MAX_TEXT_CHARACTERS:
        return True
    return length_ms > _SENTENCE_MS and ends_sentence(chunk[-1].text, word.text)


def words_within(gap: ShownGap, words: Sequence[Word]) -> list[Word]:
    """Return those whose middle lies in the gap, moved into it."""
    inside = [
        word for word in words if gap.start_ms <= (word.start_ms + word.end_ms) // 2 < gap.end_ms
    ]
    return [
        replace(
            word,
            start_ms=between(word.start_ms, gap.start_ms, gap.end_ms - 1),
            end_ms=between(word.end_ms, gap.start_ms + 1, gap.end_ms),
        )
        for word in inside
    ]
