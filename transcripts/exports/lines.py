"""Breaking a cue's words into lines: what fits, and where a break reads best.

Sources: Netflix Timed Text Style Guide, *Line treatment*; BBC Subtitle Guidelines, *Line breaks*:
break after punctuation, before conjunctions and prepositions, never between an article and its
noun or between a first and a last name; prefer lines of like length.
"""

from collections.abc import Callable, Sequence

from transcripts.exports.linebreaks import NEVER_FIRST, NEVER_LAST, is_inside_number
from transcripts.text.words import Word, join_words
from transcripts.text.writing import ends_clause

# fmt: off
BREAK_BEFORE = frozenset((
    "and", "but", "or", "nor", "so", "because", "that", "which", "who", "when", "where", "while",
    "if", "than", "as", "of", "in", "on", "at", "to", "for", "with", "from", "by", "about", "into",
    "after", "before",
    "a", "ale", "nebo", "že", "protože", "když", "kde", "který", "která", "které", "aby", "jako",
    "v", "ve", "na", "do", "od", "s", "se", "z", "ze", "k", "ke", "o", "u", "po", "pro", "při",
))
NEVER_BREAK_AFTER = frozenset((
    "a", "an", "the", "my", "your", "his", "her", "its", "our", "their", "this", "these",
    "mr", "mrs", "dr",
))
# fmt: on


def fits(
    words: Sequence[Word],
    *,
    width: int,
    count: int,
    width_of: Callable[[str], float] = len,
) -> bool:
    """Whether the words fit into `count` lines of `width` characters, broken greedily."""
    lines, length = 1, 0.0
    for word in words:
        added = width_of(word.text)
        joined = length + added + (1 if word.space_before and length else 0)
        if joined > width and length:
            lines, joined = lines + 1, added
        if joined > width:
            return False
        length = joined
    return lines <= count


def break_lines(
    words: Sequence[Word],
    *,
    width: int,
    count: int,
    width_of: Callable[[str], float] = len,
) -> tuple[str, ...]:
    """Return the words as lines: one if they fit into one, else broken where it reads best.

    Words that `fits` refuses still come out whole, in more lines than asked for.
    """
    lengths = _lengths_before(words, width_of)
    if lengths[-1] <= width or len(words) == 1:
        return (join_words(words),)
    places = range(1, len(words))
    fitting = [
        place
        for place in places
        if lengths[place] <= width
        and (
            _length_from(words, place, lengths) <= width
            or (count > 2 and fits(words[place:], width=width, count=count - 1, width_of=width_of))
        )
    ]
    best = max(
        fitting or places,
        key=lambda place: _break_quality(words, place, lengths=lengths, width=width),
    )
    rest = break_lines(words[best:], width=width, count=count - 1, width_of=width_of)
    return (join_words(words[:best]), *rest)


def _lengths_before(words: Sequence[Word], width_of: Callable[[str], float]) -> list[float]:
    """Return the length of the first n words, for each n from none to all."""
    lengths = [0.0]
    for number, word in enumerate(words):
        space = 1 if word.space_before and number else 0
        lengths.append(lengths[-1] + space + width_of(word.text))
    return lengths


def _length_from(words: Sequence[Word], place: int, lengths: list[float]) -> float:
    """Return the length of a line that the words from `place` on make."""
    return lengths[-1] - lengths[place] - (1 if words[place].space_before else 0)


def _break_quality(words: Sequence[Word], place: int, *, lengths: list[float], width: int) -> float:
    before, after = words[place - 1].text.lower(), words[place].text.lower()
    quality = 0.0
    is_inside = is_inside_number(words[place - 1].text, words[place].text)
    if is_inside or after[0] in NEVER_FIRST or before[-1] in NEVER_LAST:
        quality -= 6
    elif ends_clause(before):
        quality += 3
    elif before in NEVER_BREAK_AFTER or _is_name(words, place):
        quality -= 3
    elif after in BREAK_BEFORE:
        quality += 2
    after_length = _length_from(words, place, lengths)
    return quality - 6 * abs(lengths[place] - after_length) / width


def _is_name(words: Sequence[Word], place: int) -> bool:
    return words[place - 1].text[:1].isupper() and words[place].text[:1].isupper()
