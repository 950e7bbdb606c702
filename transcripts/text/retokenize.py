"""New words for an edited text, with times: pure functions.

The old and the new text are cut into units (a run of letters and digits; one character where a
script writes without spaces), and the units are compared without regard to case and punctuation
(`text/matching`). A word whose units all stand together in the new
text retains its times and its confidence. What lies between retained words is placed again, in the
time of the words that it replaces, or in the pause where it was put in: each word as long as its
share of the characters. Where there is no time, the words beside give some of theirs.

All that is placed here has the timing `interpolated`; where the recording is available,
`editing/realign` does better.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby, pairwise

from transcripts.text.matching import match_sequences
from transcripts.text.words import INTERPOLATED, Word
from transcripts.text.writing import SPACELESS_LETTERS

_UNIT = re.compile(rf"[{SPACELESS_LETTERS}]|[^\W{SPACELESS_LETTERS}]+|[^\w\s]+")
_SPACELESS_UNIT = re.compile(rf"[{SPACELESS_LETTERS}]\Z")
TYPED_CONFIDENCE = 1.0  # a person wrote it
# What a new word is given where there is no pause for it, of its neighbours' time: a short
# syllable. No neighbour gives more than half of what it has.
_LEAST_MS = 80


@dataclass(slots=True)
class _Unit:
    text: str
    has_space: bool  # before it, in the new text
    is_content: bool  # letters or digits, or a sign that stands alone
    retained: int | None = None  # the old word that it is a part of


@dataclass(slots=True)
class _Group:
    """Units that become one word."""

    text: str
    has_space: bool
    has_content: bool
    retained: int | None
    is_spaceless: bool = False


def normalize_text(text: str) -> str:
    """Return the text as a segment may have it: no control characters, single spaces."""
    spaced = " ".join(text.split())
    return "".join(char for char in spaced if unicodedata.category(char) not in ("Cc", "Cs"))


def retokenize(
    words: Sequence[Word],
    text: str,
    *,
    start_ms: int,
    end_ms: int,
) -> tuple[Word, ...]:
    """Return words that spell `text` (normalized), with times that rise within start_ms–end_ms.

    words: the segment's, in time order within the same interval; may be none. Each word of the
    result is 1 ms long at least.
    """
    units = _cut(text)
    _mark_retained(words, units)
    groups = _release_split(units)
    placed = _place(groups, words, start_ms=start_ms, end_ms=end_ms)
    return fit_words(placed, start_ms=start_ms, end_ms=end_ms)


def fit_words(words: Sequence[Word], *, start_ms: int, end_ms: int) -> tuple[Word, ...]:
    """Return the words with times that lie in the interval, rise, and have a length.

    Those that did are untouched; others become `interpolated`. In an interval of at least 1 ms this
    can always be done, since words may overlap.
    """
    placed: list[Word] = []
    earliest_ms = start_ms
    for word in words:
        earliest_ms = between(word.start_ms, earliest_ms, end_ms - 1)
        finish_ms = between(word.end_ms, earliest_ms + 1, end_ms)
        placed.append(retime(word, earliest_ms, finish_ms))
    return tuple(placed)


def retime(word: Word, start_ms: int, end_ms: int, *, timing: str = INTERPOLATED) -> Word:
    """Return the word with these times, marked; as it is, if it has them already."""
    if (start_ms, end_ms) == (word.start_ms, word.end_ms):
        return word
    return replace(word, start_ms=start_ms, end_ms=end_ms, timing=timing)


def between(value: int, least: int, most: int) -> int:
    return max(least, min(value, most))


def _cut(text: str) -> list[_Unit]:
    units: list[_Unit] = []
    for chunk in text.split():
        found = _UNIT.findall(chunk) or [chunk]
        stands_alone = not any(_is_word(unit) for unit in found)
        if stands_alone:
            units.append(_Unit(chunk, has_space=True, is_content=True))
            continue
        units += [
            _Unit(unit, has_space=number == 0, is_content=_is_word(unit))
            for number, unit in enumerate(found)
        ]
    return units


def _is_word(unit: str) -> bool:
    return unit[0].isalnum() or unit[0] == "_" or _SPACELESS_UNIT.match(unit) is not None


def _mark_retained(words: Sequence[Word], units: list[_Unit]) -> None:
    old = [
        (unit.text.casefold(), index)
        for index, word in enumerate(words)
        for unit in _cut(word.text)
        if unit.is_content
    ]
    content = [unit for unit in units if unit.is_content]
    found = dict(
        match_sequences([name for name, _ in old], [unit.text.casefold() for unit in content])
    )
    for index, parts in groupby(range(len(old)), key=lambda at: old[at][1]):
        places = [found.get(at) for at in parts]
        first = places[0]
        if first is None or places != list(range(first, first + len(places))):
            continue
        own = content[first : first + len(places)]
        if not any(unit.has_space for unit in own[1:]):
            for unit in own:
                unit.retained = index


def _release_split(units: list[_Unit]) -> list[_Group]:
    """Return the groups; an old word that fell into several of them is not retained.

    A sign with a space before it may stand inside an old word ("10:30", now "10 :30"), although
    its letters and digits still stand together.
    """
    groups = _group(units)
    counts = Counter(group.retained for group in groups if group.retained is not None)
    split = {retained for retained, count in counts.items() if count > 1}
    if not split:
        return groups
    for unit in units:
        if unit.retained in split:
            unit.retained = None
    return _group(units)


def _group(units: list[_Unit]) -> list[_Group]:
    groups: list[_Group] = []
    for unit in units:
        is_spaceless = _SPACELESS_UNIT.match(unit.text) is not None
        if groups and _continues(groups[-1], unit, is_spaceless=is_spaceless):
            group = groups[-1]
            group.text += unit.text
            if unit.is_content:
                group.has_content, group.retained = True, unit.retained
                group.is_spaceless = is_spaceless
            continue
        groups.append(
            _Group(unit.text, unit.has_space, unit.is_content, unit.retained, is_spaceless)
        )
    if groups:
        groups[0].has_space = False
    return groups


def _continues(group: _Group, unit: _Unit, *, is_spaceless: bool) -> bool:
    """Whether the unit belongs to the word before it."""
    if unit.has_space:
        return False
    if not unit.is_content or not group.has_content:
        return True  # punctuation, behind a word or before one
    if group.retained is not None or unit.retained is not None:
        return group.retained == unit.retained
    return not (is_spaceless or group.is_spaceless)


@dataclass(frozen=True, slots=True)
class _Pause:
    """Where new words belong: from `start_ms` to `end_ms`, or as far as the neighbours give way."""

    start_ms: int
    end_ms: int
    earliest_ms: int
    latest_ms: int

    def widened(self, count: int) -> tuple[int, int]:
        """Return an interval that has time for so many words, if there is any."""
        missing_ms = max(0, _LEAST_MS * count - (self.end_ms - self.start_ms))
        on_left_ms, on_right_ms = self.start_ms - self.earliest_ms, self.latest_ms - self.end_ms
        left_ms = min(on_left_ms, max((missing_ms + 1) // 2, missing_ms - on_right_ms))
        right_ms = min(on_right_ms, missing_ms - left_ms)
        return self.start_ms - left_ms, self.end_ms + right_ms


def _place(
    groups: list[_Group], words: Sequence[Word], *, start_ms: int, end_ms: int
) -> list[Word]:
    placed: list[Word] = []
    # The last old word that was retained; where the next may begin.
    before, begins_ms = -1, start_ms
    for retained, run in groupby(groups, key=lambda group: group.retained):
        members = list(run)
        if retained is not None:
            (group,) = members
            own = replace(words[retained], text=group.text, space_before=group.has_space)
            placed.append(retime(own, max(own.start_ms, begins_ms), own.end_ms))
            before = retained
            continue
        following = _next_retained(groups, members[-1])
        pause = _find_pause(words, before, following, start_ms=start_ms, end_ms=end_ms)
        # A sign that stands alone (a dash) isn't spoken: it takes no time of its neighbours.
        spoken = [group for group in members if any(map(str.isalnum, group.text))]
        left_ms, right_ms = pause.widened(len(spoken))
        if placed:
            last = placed[-1]
            placed[-1] = retime(last, last.start_ms, min(last.end_ms, left_ms))
        placed += _interpolate(members, left_ms, right_ms)
        begins_ms = right_ms
    return placed


def _interpolate(groups: Sequence[_Group], start_ms: int, end_ms: int) -> list[Word]:
    """Each word as long as its share of the characters."""
    edges = share_out([len(group.text) for group in groups], start_ms, end_ms)
    return [
        Word(group.text, *times, TYPED_CONFIDENCE, group.has_space, INTERPOLATED)
        for group, times in zip(groups, edges, strict=True)
    ]


def share_out(lengths: Sequence[int], start_ms: int, end_ms: int) -> list[tuple[int, int]]:
    """Divide an interval in proportion to `lengths` (of which one at least isn't 0)."""
    ends = list(accumulate(lengths))
    edges = [start_ms + (end_ms - start_ms) * end // ends[-1] for end in (0, *ends)]
    return list(pairwise(edges))


def _next_retained(groups: list[_Group], group: _Group) -> int | None:
    at = next(number for number, other in enumerate(groups) if other is group)
    return groups[at + 1].retained if at + 1 < len(groups) else None


def _find_pause(
    words: Sequence[Word], before: int, following: int | None, *, start_ms: int, end_ms: int
) -> _Pause:
    """Return where new words between two retained ones belong: see the module."""
    right_ms = end_ms if following is None else words[following].start_ms
    left_ms = min(words[before].end_ms, right_ms) if before >= 0 else start_ms
    earliest_ms = left_ms if before < 0 else min(left_ms, _middle(words[before]))
    latest_ms = right_ms if following is None else max(right_ms, _middle(words[following]))
    replaced = words[before + 1 : len(words) if following is None else following]
    if replaced:
        first_ms = between(replaced[0].start_ms, left_ms, right_ms)
        last_ms = between(replaced[-1].end_ms, first_ms, right_ms)
        if first_ms < last_ms:
            left_ms, right_ms = first_ms, last_ms
    return _Pause(left_ms, right_ms, earliest_ms, latest_ms)


def _middle(word: Word) -> int:
    return (word.start_ms + word.end_ms + 1) // 2
