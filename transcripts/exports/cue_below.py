"""Which words of a translation stand below which of the speech, for subtitles in two languages."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from transcripts.exports.divisions import follow_units
from transcripts.exports.linebreaks import fill_lines
from transcripts.exports.measures import Measure
from transcripts.text.translated import TranslatedPart
from transcripts.text.words import Word
from transcripts.text.writing import is_spaced_between


def place_below(
    words: Sequence[Word], parts: Sequence[TranslatedPart], measure: Measure
) -> list[tuple[Word, ...]]:
    """Return for each word of a segment the words of its translation that go with it.

    A sentence's translation goes with the words that are spoken in its time; a name before them
    takes none. Nothing is left out, and no word is wider than a line.
    """
    names = _count_names(words)
    if 0 < names < len(words):
        return [*(() for _ in range(names)), *place_below(words[names:], parts, measure)]
    if not words or not parts:
        return [() for _ in words]
    ordered = sorted(parts, key=lambda part: part.start_ms)
    below: list[list[str]] = [[] for _ in words]
    for part, (first, behind) in zip(ordered, _intervals(words, ordered), strict=True):
        place = min(first, len(words) - 1)
        texts = [word.text for word in words[place : max(behind, place + 1)]]
        for at, units in enumerate(follow_units(texts, part.text), place):
            below[at] += units
        _end_with_space(below)
    return _as_words(below, measure)


def _count_names(words: Sequence[Word]) -> int:
    """Return how many of the first words are not spoken: they take no time."""
    spoken = (at for at, word in enumerate(words) if word.end_ms > word.start_ms)
    return next(spoken, 0)


def _intervals(words: Sequence[Word], parts: Sequence[TranslatedPart]) -> list[tuple[int, int]]:
    """Return which words are spoken in each part's time; the first part has those before, too."""
    starts = [word.start_ms for word in words]
    firsts = [0, *(bisect_right(starts, part.start_ms - 1) for part in parts[1:]), len(words)]
    return list(pairwise(firsts))


def _end_with_space(below: list[list[str]]) -> None:
    """Put a space behind the last unit, where its script has spaces between sentences."""
    last = next((units for units in reversed(below) if units), None)
    if last and is_spaced_between(last[-1], "a"):
        last[-1] = f"{last[-1].rstrip()} "


def _as_words(below: Sequence[Sequence[str]], measure: Measure) -> list[tuple[Word, ...]]:
    width = measure.profile.line_characters
    made: list[tuple[Word, ...]] = []
    before = " "
    for units in below:
        words: list[Word] = []
        for unit in units:
            chunks = fill_lines(unit, width=width, measure=measure.width_of)
            for number, chunk in enumerate(chunks):
                words.append(Word(chunk, 0, 0, None, number == 0 and before.endswith(" ")))
            before = unit
        made.append(tuple(words))
    return made
