"""Words that were recognised twice, since two sources hold the same sound: stored once.

A voice that leaks into another person's microphone, or a track that is the mix of the others. Only
runs count: two people may say "yes" at once.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from transcripts.text.segments import Segment
from transcripts.text.words import Word, join_words

# The same sound has the same time, up to what the recogniser's times are off.
_NEAR_MS = 300
# Of the shorter of two segments, so much must be in the other one, and at least so many words.
_SHARE = 0.6
_FEWEST_WORDS = 2
Placed = tuple[Segment, int]


def drop_duplicates(placed: list[Placed]) -> list[Placed]:
    """Return the segments (with the source of each) without what a better one of another source
    has at the same time."""
    doomed: dict[int, set[int]] = defaultdict(set)
    in_time = sorted(range(len(placed)), key=lambda at: placed[at][0].start_ms)
    for number, first in enumerate(in_time):
        for second in in_time[number + 1 :]:
            if placed[second][0].start_ms >= placed[first][0].end_ms:
                break
            if placed[first][1] != placed[second][1]:
                _compare(placed, first, second, doomed)
    return [
        (rest, source)
        for at, (segment, source) in enumerate(placed)
        if (rest := _rest_of(segment, doomed[at])) is not None
    ]


def _compare(placed: list[Placed], one: int, other: int, doomed: dict[int, set[int]]) -> None:
    first, second = placed[one][0], placed[other][0]
    pairs = _same_words(first.words, second.words)
    shorter = min(len(first.words), len(second.words))
    if len(pairs) < max(_FEWEST_WORDS, _SHARE * shorter):
        return
    is_first_better = (first.confidence or 0.0) >= (second.confidence or 0.0)
    if is_first_better:
        doomed[other].update(at for _, at in pairs)
    else:
        doomed[one].update(at for at, _ in pairs)


def _same_words(one: Sequence[Word], other: Sequence[Word]) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    begin = 0
    for at, word in enumerate(one):
        for match in range(begin, len(other)):
            is_near = abs(other[match].start_ms - word.start_ms) <= _NEAR_MS
            if is_near and _plain(other[match].text) == _plain(word.text):
                pairs.append((at, match))
                begin = match + 1
                break
    return pairs


def _plain(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum())


def _rest_of(segment: Segment, doomed: set[int]) -> Segment | None:
    """Return the segment without the words at `doomed`; None where none is left."""
    if not doomed:
        return segment
    words = tuple(word for at, word in enumerate(segment.words) if at not in doomed)
    if not words:
        return None
    start_ms = words[0].start_ms
    return replace(
        segment,
        words=words,
        text=join_words(words),
        start_ms=start_ms,
        end_ms=max(start_ms + 1, words[-1].end_ms),
    )
