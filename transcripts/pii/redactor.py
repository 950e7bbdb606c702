"""Masking of one document: what rules find in a part of it is masked in every part, wherever it
stands, and the masked text is searched again until nothing more is found.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import stop_words

from transcripts.pii.find import find_personal_data
from transcripts.pii.kinds import ALL_KINDS, PLACEHOLDERS, PiiItem, PiiKind
from transcripts.pii.traces import Traces

_ROUNDS = 4


class StillFoundError(Exception):
    """Masked again and again, the text still shows personal data. `kinds`: which."""

    def __init__(self, kinds: Collection[PiiKind]) -> None:
        super().__init__(", ".join(sorted(kinds)))
        self.kinds = tuple(sorted(kinds))


class Redactor:
    """`texts`: all parts of the document; `names`: of those who speak in it; one with a digit
    ("Speaker 1") is none.

    Made in time linear in the texts' length, as each `find` is.
    """

    def __init__(
        self,
        texts: Iterable[str],
        *,
        language: str = "",
        kinds: Collection[PiiKind] = ALL_KINDS,
        names: Iterable[str] = (),
    ) -> None:
        parts = [text for text in texts if text]
        self._language = language
        self._kinds = frozenset(kinds)
        self._names = tuple(name for name in names if not any(map(str.isdigit, name)))
        self.traces = Traces(
            common_words=_list_common_words(language),
            is_cased=any(character.isupper() for part in parts for character in part),
        )
        self._known = {part: self._apply_rules(part) for part in parts}
        for part, items in self._known.items():
            for item in items:
                self.traces.add(item.kind, part[item.start : item.end])
        if PiiKind.PERSON in self._kinds:
            for name in self._names:
                self.traces.add(PiiKind.PERSON, name)

    def find(self, text: str) -> list[PiiItem]:
        """Return what is to be masked, in the text's order; none overlaps another.

        Raises StillFoundError.
        """
        items = self._known.get(text)
        items = self._apply_rules(text) if items is None else items
        items = _join([*items, *self.traces.find(text)])
        for _ in range(_ROUNDS):
            masked = _MaskedText(text, items)
            more = [*masked.locate(self._apply_rules(masked.text))]
            if not more:
                return items
            items = _join([*items, *more])
        raise StillFoundError({item.kind for item in more})

    def _apply_rules(self, text: str) -> list[PiiItem]:
        return find_personal_data(
            text, language=self._language, kinds=self._kinds, names=self._names
        )


@dataclass(frozen=True)
class _Chunk:
    """`length` characters of the masked text from `start` on. `origin`, `origin_length`: of what
    in the text."""

    start: int
    length: int
    origin: int
    origin_length: int
    is_placeholder: bool


class _MaskedText:
    """A text with its placeholders, and where in the text each of its characters comes from."""

    def __init__(self, text: str, items: Sequence[PiiItem]) -> None:
        self._chunks: list[_Chunk] = []
        parts: list[str] = []
        self._length = position = 0
        for item in items:
            self._add(parts, text[position : item.start], position, item.start, is_mask=False)
            self._add(parts, PLACEHOLDERS[item.kind], item.start, item.end, is_mask=True)
            position = item.end
        self._add(parts, text[position:], position, len(text), is_mask=False)
        self.text = "".join(parts)
        self._starts = [chunk.start for chunk in self._chunks]

    def locate(self, items: Iterable[PiiItem]) -> Iterator[PiiItem]:
        """Yield what was found in the masked text as places of the text itself; not what lies
        within a placeholder."""
        for item in items:
            first = self._chunk_at(item.start)
            last = self._chunk_at(item.end - 1)
            if first is last and first.is_placeholder:
                continue
            start = first.origin + (0 if first.is_placeholder else item.start - first.start)
            end = last.origin + (
                last.origin_length if last.is_placeholder else item.end - last.start
            )
            yield PiiItem(item.kind, start, end)

    def _add(self, parts: list[str], part: str, start: int, end: int, *, is_mask: bool) -> None:
        if part:
            parts.append(part)
            chunk = _Chunk(self._length, len(part), start, end - start, is_mask)
            self._chunks.append(chunk)
            self._length += len(part)

    def _chunk_at(self, place: int) -> _Chunk:
        return self._chunks[bisect_right(self._starts, place) - 1]


def _join(items: Iterable[PiiItem]) -> list[PiiItem]:
    """Return them in order; those that overlap as one, of the kind of the longest."""
    joined: list[PiiItem] = []
    for item in sorted(items, key=lambda each: (each.start, -each.end)):
        last = joined[-1] if joined else None
        if last is None or item.start >= last.end:
            joined.append(item)
            continue
        longer = item if item.end - item.start > last.end - last.start else last
        joined[-1] = PiiItem(longer.kind, last.start, max(last.end, item.end))
    return joined


def _list_common_words(language: str) -> frozenset[str]:
    try:
        return frozenset(stop_words.get_stop_words(language or "en"))
    except stop_words.StopWordError:
        return frozenset()
