"""New words for an edited text, with times: pure functions on words as `Segment.words` has them.

The old and the new text are cut into units (a run of letters and digits; one character where a
script writes without spaces), and the units are compared without regard to case and punctuation
(`services/matching`). A word whose units all stand together in the new
text keeps its times and its confidence. What lies between kept words is placed anew, in the time
of the words that it replaces, or in the pause where it was put in.

Placing is a `WordPlacer`'s matter. Interpolation by length is the one there is; a forced aligner
needs the recording, and takes its place where there is one.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise
from typing import Any, Protocol

from transcripts.services.matching import match_sequences

Word = dict[str, Any]

# Scripts that are written without spaces: Thai, Lao, Tibetan, Myanmar, Khmer, kana, Han.
_SPACELESS = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
_UNIT = re.compile(rf"[{_SPACELESS}]|[^\W{_SPACELESS}]+|[^\w\s]+")
_SPACELESS_UNIT = re.compile(rf"[{_SPACELESS}]\Z")
TYPED_CONFIDENCE = 1.0  # a person wrote it


class WordPlacer(Protocol):
    """Says when words were spoken that are known to be spoken within a span."""

    timing: str  # what the words placed are marked with

    def place(self, texts: Sequence[str], start_ms: int, end_ms: int) -> list[tuple[int, int]]:
        """Return a start and an end for each, rising, within the span."""
        ...


class Interpolation:
    """Each word as long as its share of the characters."""

    timing = "interpolated"

    def place(self, texts: Sequence[str], start_ms: int, end_ms: int) -> list[tuple[int, int]]:
        ends = list(accumulate(len(text) for text in texts))
        total = ends[-1] if ends else 1
        edges = [start_ms + (end_ms - start_ms) * end // total for end in (0, *ends)]
        return list(pairwise(edges))


@dataclass
class _Unit:
    text: str
    has_space: bool  # before it, in the new text
    is_content: bool  # letters or digits, or a sign that stands alone
    kept: int | None = None  # the old word that it is a part of


@dataclass
class _Group:
    """Units that become one word."""

    text: str
    has_space: bool
    has_content: bool
    kept: int | None
    is_spaceless: bool = False


def tidy_text(text: str) -> str:
    """Return the text as a segment may have it: no control characters, single spaces."""
    spaced = " ".join(text.split())
    return "".join(char for char in spaced if unicodedata.category(char) not in ("Cc", "Cs"))


def spell(words: Sequence[Word]) -> str:
    """Return the text that the words spell."""
    return "".join(" " * word["space_before"] + word["word"] for word in words).lstrip(" ")


def respell(
    words: Sequence[Word],
    text: str,
    *,
    start_ms: int,
    end_ms: int,
    placer: WordPlacer | None = None,
) -> list[Word]:
    """Return words that spell `text` (tidied), with times that rise within start_ms–end_ms.

    words: the segment's, in time order within the same span; may be none.
    """
    units = _cut(text)
    _mark_kept(words, units)
    groups = _group(units)
    return _place(groups, words, start_ms=start_ms, end_ms=end_ms, placer=placer or Interpolation())


def _cut(text: str) -> list[_Unit]:
    units: list[_Unit] = []
    for chunk in text.split():
        found = _UNIT.findall(chunk) or [chunk]
        stands_alone = not any(_is_wordly(unit) for unit in found)
        if stands_alone:
            units.append(_Unit(chunk, has_space=True, is_content=True))
            continue
        units += [
            _Unit(unit, has_space=number == 0, is_content=_is_wordly(unit))
            for number, unit in enumerate(found)
        ]
    return units


def _is_wordly(unit: str) -> bool:
    return unit[0].isalnum() or unit[0] == "_" or _SPACELESS_UNIT.match(unit) is not None


def _mark_kept(words: Sequence[Word], units: list[_Unit]) -> None:
    old = [
        (unit.text.casefold(), index)
        for index, word in enumerate(words)
        for unit in _cut(word["word"])
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
                unit.kept = index


def _group(units: list[_Unit]) -> list[_Group]:
    groups: list[_Group] = []
    for unit in units:
        is_spaceless = _SPACELESS_UNIT.match(unit.text) is not None
        if groups and _continues(groups[-1], unit, is_spaceless=is_spaceless):
            group = groups[-1]
            group.text += unit.text
            if unit.is_content:
                group.has_content, group.kept = True, unit.kept
                group.is_spaceless = is_spaceless
            continue
        groups.append(_Group(unit.text, unit.has_space, unit.is_content, unit.kept, is_spaceless))
    if groups:
        groups[0].has_space = False
    return groups


def _continues(group: _Group, unit: _Unit, *, is_spaceless: bool) -> bool:
    """Whether the unit belongs to the word before it."""
    if unit.has_space:
        return False
    if not unit.is_content or not group.has_content:
        return True  # punctuation, behind a word or before one
    if group.kept is not None or unit.kept is not None:
        return group.kept == unit.kept
    return not (is_spaceless or group.is_spaceless)


def _place(
    groups: list[_Group],
    words: Sequence[Word],
    *,
    start_ms: int,
    end_ms: int,
    placer: WordPlacer,
) -> list[Word]:
    placed: list[Word] = []
    before = -1  # the last old word that was kept
    for kept, run in groupby(groups, key=lambda group: group.kept):
        members = list(run)
        if kept is not None:
            (group,) = members
            placed.append({**words[kept], "word": group.text, "space_before": group.has_space})
            before = kept
            continue
        following = _next_kept(groups, members[-1])
        left_ms, right_ms = _free_span(words, before, following, start_ms=start_ms, end_ms=end_ms)
        spans = placer.place([group.text for group in members], left_ms, right_ms)
        placed += [
            _new_word(group, span, timing=placer.timing)
            for group, span in zip(members, spans, strict=True)
        ]
    return placed


def _next_kept(groups: list[_Group], group: _Group) -> int | None:
    at = next(number for number, other in enumerate(groups) if other is group)
    return groups[at + 1].kept if at + 1 < len(groups) else None


def _free_span(
    words: Sequence[Word], before: int, following: int | None, *, start_ms: int, end_ms: int
) -> tuple[int, int]:
    """Return where new words between two kept ones belong: see the module."""
    right_ms = end_ms if following is None else words[following]["start_ms"]
    left_ms = min(words[before]["end_ms"], right_ms) if before >= 0 else start_ms
    replaced = words[before + 1 : len(words) if following is None else following]
    if not replaced:
        return left_ms, right_ms
    first_ms = min(max(replaced[0]["start_ms"], left_ms), right_ms)
    last_ms = min(max(replaced[-1]["end_ms"], first_ms), right_ms)
    return (first_ms, last_ms) if first_ms < last_ms else (left_ms, right_ms)


def _new_word(group: _Group, span: tuple[int, int], *, timing: str) -> Word:
    return {
        "word": group.text,
        "start_ms": span[0],
        "end_ms": span[1],
        "confidence": TYPED_CONFIDENCE,
        "space_before": group.has_space,
        "timing": timing,
    }
