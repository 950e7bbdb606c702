"""What was found once, found again, whatever stands between its characters.

Texts are compared by their letters and digits: spaces, hyphens, line breaks, accents and the width
of characters don't count, so that neither the end of a line nor a cue's end hides anything. A match
begins and ends with a word: "Ann" is not in "Hanna".
"""

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from transcripts.pii.kinds import PARTIAL, PLACEHOLDERS, PiiItem, PiiKind

# Stands where a placeholder stood: a private character, which no finding has in it.
_BARRIER = "\ue000"
_LONGEST = 160  # characters of what is compared; more of an address says no more
_SHORTEST, _SHORTEST_PART = 2, 3


@dataclass(frozen=True, slots=True)
class FoldedText:
    """Letters and digits alone. `places`: where in the text each stands; `starts` and `ends`: the
    words' ones, as indexes of `cased` and `lower`, which are equally long.
    """

    cased: str
    lower: str
    places: list[int]
    starts: list[int]
    ends: list[int]


class Traces:
    """What was found in a document. Names and streets count as they are written, else "Rose" would
    be found in each rose; all other kinds in upper and lower case.

    common_words: of the language, in lower case; they are no part of a name by themselves.
    is_cased: whether the document has capitals at all; where it has, a name has one.
    """

    def __init__(self, *, common_words: Collection[str] = (), is_cased: bool = True) -> None:
        self._cased: dict[str, PiiKind] = {}
        self._lower: dict[str, PiiKind] = {}
        self._longest = 0
        self._common_words = common_words
        self._is_cased = is_cased

    def __bool__(self) -> bool:
        return self._longest > 0

    def add(self, kind: PiiKind, text: str) -> None:
        """Remember a finding; of a name of several words each word, too."""
        if kind not in PARTIAL:
            self._add(self._lower, kind, fold(text).lower)
            return
        if self._is_cased and not any(map(str.isupper, text)):
            return
        self._add(self._cased, kind, fold(text).cased)
        words = text.split()
        if kind != PiiKind.PERSON or len(words) < 2:
            return
        for word in words:
            is_name = word[:1].isupper() and word.lower() not in self._common_words
            part = fold(word).cased
            if is_name and len(part) >= _SHORTEST_PART:
                self._add(self._cased, kind, part)

    def include(self, other: "Traces") -> None:
        """Remember what the other has, too."""
        self._cased = {**other._cased, **self._cased}
        self._lower = {**other._lower, **self._lower}
        self._longest = max(self._longest, other._longest)

    def find(self, text: str) -> list[PiiItem]:
        """Return where they stand in the text. Linear in its length."""
        if not self:
            return []
        folded = fold(text)
        found = []
        for first, end, kind in self._matches(folded):
            found.append(PiiItem(kind, folded.places[first], folded.places[end - 1] + 1))
        return found

    def count(self, text: str) -> Counter[tuple[PiiKind, str]]:
        """Return how often each stands in a text that was masked."""
        folded = fold(_without_placeholders(text))
        return Counter(
            (kind, folded.cased[first:end]) for first, end, kind in self._matches(folded)
        )

    def _add(self, known: dict[str, PiiKind], kind: PiiKind, key: str) -> None:
        key = key[:_LONGEST]
        if len(key) >= _SHORTEST:
            known.setdefault(key, kind)
            self._longest = max(self._longest, len(key))

    def _matches(self, folded: FoldedText) -> Iterator[tuple[int, int, PiiKind]]:
        """Yield the longest match from each word on; none overlaps another."""
        done = first_end = 0
        for start in folded.starts:
            while first_end < len(folded.ends) and folded.ends[first_end] <= start:
                first_end += 1
            if start < done:
                continue
            longest: tuple[int, PiiKind] | None = None
            for number in range(first_end, len(folded.ends)):
                end = folded.ends[number]
                if end - start > self._longest and number > first_end:
                    break
                kind = self._match(folded, start, end)
                if kind is not None:
                    longest = end, kind
            if longest is not None:
                done = longest[0]
                yield start, *longest

    def _match(self, folded: FoldedText, start: int, end: int) -> PiiKind | None:
        stop = min(end, start + _LONGEST)
        kind = self._cased.get(folded.cased[start:stop])
        return kind or self._lower.get(folded.lower[start:stop])


def fold(text: str) -> FoldedText:
    """Return the text's letters and digits, and its words among them."""
    cased: list[str] = []
    lower: list[str] = []
    places: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    is_inside = False
    for place, character in enumerate(text):
        folded = _fold_character(character)
        if folded is None:  # an accent: of the word it stands in
            continue
        if bool(folded) != is_inside:
            (starts if folded else ends).append(len(cased))
            is_inside = not is_inside
        for each in folded:
            cased.append(each)
            lower.append(each.lower()[0])
            places.append(place)
    if is_inside:
        ends.append(len(cased))
    return FoldedText("".join(cased), "".join(lower), places, starts, ends)


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str | None:
    """Return its letters and digits, empty for what divides words, None for what only marks."""
    if character == _BARRIER:
        return character
    parts = unicodedata.normalize("NFKD", character)
    folded = "".join(
        each
        for each in parts
        if not unicodedata.combining(each)
        and (each.isalnum() or unicodedata.category(each).startswith("M"))
    )
    return None if not folded and all(map(unicodedata.combining, parts)) else folded


def _without_placeholders(text: str) -> str:
    """Return the text, a placeholder as one character: what stands beside it stays apart."""
    flat = " ".join(text.split())
    for placeholder in PLACEHOLDERS.values():
        flat = flat.replace(placeholder, _BARRIER)
    return flat
