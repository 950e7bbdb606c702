"""Where speech is cut into cues: the cheapest division of all that fit, by dynamic programming.

What a cut costs is chosen by hand on 24 real recordings in eight languages: sentence ends come
before commas, commas before conjunctions; a cue of one word, or the begun half of a next sentence,
costs more than any of these, and cues of like fullness cost less than a full one and its rest.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

from transcripts.exports.linebreaks import is_inside_number
from transcripts.exports.lines import BREAK_BEFORE, NEVER_BREAK_AFTER
from transcripts.exports.measures import Measure
from transcripts.text.words import Word
from transcripts.text.writing import ends_clause, ends_sentence

# Of a cut between two words.
_AT_SENTENCE, _AT_SEGMENT, _AT_PAUSE, _AT_CLAUSE = 0.0, 0.4, 0.5, 0.8
_BEFORE_CONJUNCTION, _ANYWHERE, _AFTER_ARTICLE = 2.0, 3.5, 7.0
_IN_NUMBER = 30.0
_PAUSE_MS = 400  # shorter ones are in every sentence
# Of a cue.
_A_CUE = 0.5
_FULL = 2.0  # of one that is full to the last character; by the square
_SHORT_CHARACTERS, _SHORT = 18, 3.0  # what is shorter reads as a rest
_ONE_WORD = 6.0
_HURRIED = 3.0  # of one with no time to stand for as long as it must
_SENTENCE_INSIDE = 0.7  # of each sentence end that isn't the cue's own
_BEGUN_SENTENCE = 3.0  # behind such an end: a sentence that the cue doesn't end
_EPSILON = 1e-6


def cut_flow(
    words: Sequence[Word],
    borders: set[int],
    *,
    measure: Measure,
    language: str,
    below: "RowsBelow | None" = None,
) -> Iterator[tuple[int, int]]:
    """Yield which words each cue has, as (first, behind the last). Linear in the words; a cue's
    room bounds the work for each.

    words: not empty, none wider than a line. borders: before which of them a segment begins.
    below: what stands below them, which must fit, too.
    """
    flow = _Flow(words, borders, measure=measure, language=language, below=below)
    costs, starts = [0.0], [0]
    for end in range(1, len(words) + 1):
        cost, start = min(
            (costs[start] + flow.cost(start, end), start) for start in flow.starts_for(end)
        )
        costs.append(cost)
        starts.append(start)
    ends = [len(words)]
    while ends[-1] > 0:
        ends.append(starts[ends[-1]])
    yield from pairwise(ends[::-1])


class _Widths:
    """How wide any of the words are in a row, and in how many lines they fit."""

    def __init__(self, words: Sequence[Word], measure: Measure) -> None:
        self._room = measure.profile.line_characters + _EPSILON
        self._count = measure.profile.lines
        self._spaces = [1.0 if word.space_before else 0.0 for word in words]
        widths = [measure.width_of(word.text) for word in words]
        steps = (space + width for space, width in zip(self._spaces, widths, strict=True))
        self._before = list(accumulate(steps, initial=0.0))

    def width(self, start: int, end: int) -> float:
        return self._before[end] - self._before[start] - self._spaces[start]

    def fits(self, start: int, end: int) -> bool:
        """Whether the words fit into the lines of a cue, broken greedily."""
        if start == end:
            return True
        for _ in range(self._count):
            reach = self._before[start] + self._spaces[start] + self._room
            start = max(start + 1, bisect_right(self._before, reach) - 1)
            if start >= end:
                return True
        return False


class RowsBelow:
    """The translation that stands below the words: `followers` of each, in order."""

    def __init__(self, followers: Sequence[Sequence[Word]], measure: Measure) -> None:
        self._widths = _Widths([word for each in followers for word in each], measure)
        self._before = list(accumulate(map(len, followers), initial=0))

    def fits(self, start: int, end: int) -> bool:
        return self._widths.fits(self._before[start], self._before[end])


class _Flow:
    """What is reckoned once for all cues that words could make."""

    def __init__(
        self,
        words: Sequence[Word],
        borders: set[int],
        *,
        measure: Measure,
        language: str,
        below: RowsBelow | None,
    ) -> None:
        self._words = words
        self._below = below
        self._language = language
        self._profile = measure.profile
        self._widths = _Widths(words, measure)
        following = [*(word.text for word in words[1:]), ""]
        self._ends_sentence = [
            ends_sentence(word.text, next_text, language=language)
            for word, next_text in zip(words, following, strict=True)
        ]
        self._sentences_before = list(accumulate(self._ends_sentence, initial=0))
        self._cuts = [0.0] * (len(words) + 1)
        for place in range(1, len(words)):
            self._cuts[place] = self._cut_cost(place, is_border=place in borders)

    def starts_for(self, end: int) -> Iterator[int]:
        """Yield where a cue that ends before word `end` may begin: at its last word, or earlier."""
        yield end - 1
        end_ms = self._words[end - 1].end_ms
        for start in range(end - 2, -1, -1):
            is_long = end_ms - self._words[start].start_ms > self._profile.max_duration_ms
            if is_long or not self._fits(start, end):
                return
            yield start

    def cost(self, start: int, end: int) -> float:
        width = self._widths.width(start, end)
        profile = self._profile
        cost = _A_CUE + self._cuts[end]
        cost += _FULL * (width / (profile.line_characters * profile.lines)) ** 2
        short = min(_SHORT_CHARACTERS, profile.line_characters / 2)
        cost += _SHORT * max(0.0, 1 - width / short)
        if end - start == 1 and len(self._words) > 1:
            cost += _ONE_WORD
        inside = self._sentences_before[end - 1] - self._sentences_before[start]
        cost += _SENTENCE_INSIDE * inside
        if inside and not self._ends_sentence[end - 1] and end < len(self._words):
            cost += _BEGUN_SENTENCE
        return cost + self._hurry(start, end)

    def _hurry(self, start: int, end: int) -> float:
        if end == len(self._words):
            return 0.0
        needed_ms = self._profile.min_duration_ms + self._profile.gap_ms
        left_ms = self._words[end].start_ms - self._words[start].start_ms
        return _HURRIED * max(0.0, 1 - left_ms / needed_ms) if needed_ms else 0.0

    def _fits(self, start: int, end: int) -> bool:
        is_below = self._below is None or self._below.fits(start, end)
        return is_below and self._widths.fits(start, end)

    def _cut_cost(self, place: int, *, is_border: bool) -> float:
        before, after = self._words[place - 1], self._words[place]
        if self._ends_sentence[place - 1]:
            return _AT_SENTENCE
        if ends_clause(before.text, language=self._language):
            return _AT_CLAUSE if not is_border else _AT_SEGMENT
        pause_ms = after.start_ms - before.end_ms
        if is_border or pause_ms >= _PAUSE_MS:
            return _AT_SEGMENT if is_border else _AT_PAUSE
        if is_inside_number(before.text, after.text):
            return _IN_NUMBER
        if before.text.lower() in NEVER_BREAK_AFTER or _is_name(before.text, after.text):
            return _AFTER_ARTICLE
        return _BEFORE_CONJUNCTION if after.text.lower() in BREAK_BEFORE else _ANYWHERE


def _is_name(before: str, after: str) -> bool:
    return before[:1].isupper() and after[:1].isupper()
