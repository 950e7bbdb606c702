"""From words to segments: sentences, or clauses where a sentence is long, of one speaker each.

Formed over the whole transcript, not per window: the recogniser's windows and phrases end where it
suits the recogniser. Words are neither changed nor dropped nor reordered; each is in one segment.

Borders, in this order:
  1. where the speaker or the language changes, and at pauses longer than `LONGEST_PAUSE_MS`;
  2. at sentence ends (`writing.ends_sentence`), and at pauses behind a stop that may be one;
  3. inside what is still longer than `LONG_MS`: at the best places, so that nothing is longer than
     `LONGEST_MS` (a word alone aside);
  4. a very short sentence joins its neighbour, if they are one breath.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from transcripts.text.words import Word
from transcripts.text.writing import (
    ends_clause,
    ends_sentence,
    is_abbreviation,
    is_always_followed,
    marks_clauses_by_spaces,
    may_divide,
)

LONGEST_PAUSE_MS = 2_000  # never spoken across
LONGEST_MS = 15_000  # of a segment
LONG_MS = 8_000  # sentences beyond are divided into clauses; median wanted: 3–8 s
_WANTED_MS = 5_000
# A stop behind an abbreviation ends a sentence after all, where the speaker pauses so long.
_STOP_PAUSE_MS = 700
# Shorter sentences ("Yes.", "One moment.") join their neighbour, if one breath holds both.
_SHORT_MS = 1_500
_BREATH_MS = 600
# Pauses at which speech without punctuation may be divided (between phrases; between words).
_PHRASE_PAUSE_MS = 500
_WORD_PAUSE_MS = 200
# What a border costs, against 1 for a clause that is off the wanted length by all of it. Chosen by
# hand on 24 real recordings in eight languages, so that commas win over phrase borders, and
# borders between two words of one breath come last.
_AT_SENTENCE = 0.0
_AT_CLAUSE = 0.3
_AT_PAUSE = 0.4
_AT_PHRASE = 0.9
_AT_WORD_PAUSE = 1.2
_ANYWHERE = 3.0
_INSIDE = 12.0
# No speaker has more words in `LONGEST_MS`; it bounds the work where times are broken.
_MOST_WORDS = 150


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word and whose it is. `speaker`: None where speakers are not known. `source`: the index of
    the recogniser's segment that the word is from. `language`: empty where it isn't known."""

    word: Word
    speaker: int | None = None
    language: str = ""
    source: int = 0


def form_segments(words: Sequence[SpokenWord]) -> list[list[SpokenWord]]:
    """Return the words of each segment, in order. `words`: of one transcript, in reading order.

    Linear in the number of words; what is read for each lies within `LONGEST_MS` of it.
    """
    segments: list[list[SpokenWord]] = []
    for run in _runs(words):
        segments += _with_length(_join_short(list(_clauses(run))))
    return segments


def _runs(words: Sequence[SpokenWord]) -> Iterator[list[SpokenWord]]:
    """Yield what no border of the first kind divides."""
    run: list[SpokenWord] = []
    for word in words:
        if run and _is_apart(run[-1], word):
            yield run
            run = []
        run.append(word)
    if run:
        yield run


def _is_apart(before: SpokenWord, after: SpokenWord) -> bool:
    if (before.speaker, before.language) != (after.speaker, after.language):
        return True
    return after.word.start_ms - before.word.end_ms > LONGEST_PAUSE_MS


def _clauses(run: list[SpokenWord]) -> Iterator[list[SpokenWord]]:
    for sentence in _sentences(run):
        if _length_ms(sentence) > LONG_MS:
            yield from _divide(sentence)
        else:
            yield sentence


def _sentences(run: list[SpokenWord]) -> Iterator[list[SpokenWord]]:
    start = 0
    for at in range(1, len(run)):
        if _ends_sentence(run[at - 1], run[at]):
            yield run[start:at]
            start = at
    yield run[start:]


def _ends_sentence(before: SpokenWord, after: SpokenWord) -> bool:
    if ends_sentence(before.word.text, after.word.text, language=before.language):
        return after.word.space_before or not before.word.text.endswith(".")
    if is_always_followed(before.word.text, language=before.language):
        return False
    has_paused = after.word.start_ms - before.word.end_ms >= _STOP_PAUSE_MS
    return has_paused and is_abbreviation(before.word.text) and ends_sentence(before.word.text)


def _length_ms(words: Sequence[SpokenWord]) -> int:
    return max(word.word.end_ms for word in words) - words[0].word.start_ms


@dataclass(slots=True)
class _Best:
    cost: float
    start: int  # of the clause that ends there


def _divide(sentence: list[SpokenWord]) -> Iterator[list[SpokenWord]]:
    """Divide a long sentence where it costs least in all (dynamic programming over its words)."""
    costs = [_AT_SENTENCE, *(_border_cost(*pair) for pair in pairwise(sentence)), _AT_SENTENCE]
    best = [_Best(0.0, 0)]
    for end in range(1, len(sentence) + 1):
        best.append(_best_ending(sentence, end, best, costs))
    ends = [len(sentence)]
    while ends[-1] > 0:
        ends.append(best[ends[-1]].start)
    for end, start in pairwise(ends[::-1]):
        yield sentence[end:start]


def _best_ending(
    sentence: list[SpokenWord], end: int, best: list[_Best], costs: list[float]
) -> _Best:
    """Return the cheapest clause that ends before word `end`, with all that lies before it."""
    found = _ending(sentence, end - 1, end, best, costs)
    for start in range(end - 2, max(-1, end - 1 - _MOST_WORDS), -1):
        if sentence[end - 1].word.end_ms - sentence[start].word.start_ms > LONGEST_MS:
            break
        found = min(found, _ending(sentence, start, end, best, costs), key=lambda each: each.cost)
    return found


def _ending(
    sentence: list[SpokenWord], start: int, end: int, best: list[_Best], costs: list[float]
) -> _Best:
    length_ms = sentence[end - 1].word.end_ms - sentence[start].word.start_ms
    off = (length_ms - _WANTED_MS) / _WANTED_MS
    return _Best(best[start].cost + costs[end] + off * off, start)


def _border_cost(before: SpokenWord, after: SpokenWord) -> float:
    """Return what it costs to end a clause between two words of a sentence."""
    if not (after.word.space_before or may_divide(before.word.text[-1], after.word.text[0])):
        return _INSIDE  # a written word: "MS" "-13"
    if ends_sentence(before.word.text, after.word.text, language=before.language):
        return _AT_SENTENCE
    if ends_clause(before.word.text, language=before.language):
        return _AT_CLAUSE
    pause_ms = after.word.start_ms - before.word.end_ms
    if pause_ms >= _PHRASE_PAUSE_MS:
        return _AT_PAUSE
    has_clause_space = after.word.space_before and marks_clauses_by_spaces(before.word.text)
    if before.source != after.source or has_clause_space:
        return _AT_PHRASE
    return _AT_WORD_PAUSE if pause_ms >= _WORD_PAUSE_MS else _ANYWHERE


def _join_short(clauses: list[list[SpokenWord]]) -> list[list[SpokenWord]]:
    """Join a sentence of a word or two to the one before or behind it, within one breath."""
    joined: list[list[SpokenWord]] = []
    for clause in clauses:
        if joined and _belong_together(joined[-1], clause):
            joined[-1] = joined[-1] + clause
        else:
            joined.append(clause)
    return joined


def _belong_together(before: list[SpokenWord], after: list[SpokenWord]) -> bool:
    if min(_length_ms(before), _length_ms(after)) >= _SHORT_MS:
        return False
    pause_ms = after[0].word.start_ms - before[-1].word.end_ms
    return pause_ms <= _BREATH_MS and _length_ms([before[0], *after]) <= LONG_MS


def _with_length(segments: list[list[SpokenWord]]) -> list[list[SpokenWord]]:
    """Join what has no length at all (words of one instant) to its neighbour, if it has one."""
    merged: list[list[SpokenWord]] = []
    pending: list[SpokenWord] = []
    for segment in segments:
        if _length_ms(segment) > 0:
            merged.append(pending + segment)
            pending = []
        elif merged:
            merged[-1] = merged[-1] + segment
        else:
            pending += segment
    return [*merged, pending] if pending else merged
