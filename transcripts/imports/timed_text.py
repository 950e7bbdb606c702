"""Pieces of a cue as segments: one for each voice in a row, with the words' own times if given."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby

from transcripts.imports.markup import VoicedText
from transcripts.text.segments import Segment
from transcripts.text.words import IMPORTED, Word

_WORD = re.compile(r"\S+")


def place_chunks(chunks: Sequence[VoicedText], *, start_ms: int, end_ms: int) -> Iterator[Segment]:
    """Yield segments within the cue's time. Between given times, time goes by letters."""
    clock = _Clock(chunks, start_ms=start_ms, end_ms=end_ms)
    has_times = any(chunk.start_ms is not None for chunk in chunks)
    letters = 0
    for voice, group in groupby(chunks, key=lambda chunk: chunk.voice):
        text = "".join(chunk.text for chunk in group)
        begun, letters = letters, letters + _letters(text)
        spoken = " ".join(text.split())
        if not spoken:
            continue
        begin_ms = clock.at(begun)
        finish_ms = max(begin_ms + 1, clock.at(letters))
        words = tuple(_words(text, begun, clock)) if has_times else ()
        yield Segment(begin_ms, finish_ms, spoken, speaker_name=voice or None, words=words)


def _words(text: str, begun: int, clock: "_Clock") -> Iterator[Word]:
    letters = begun
    for number, match in enumerate(_WORD.finditer(text)):
        begin_ms, letters = clock.at(letters), letters + len(match[0])
        end_ms = max(begin_ms, clock.at(letters, is_end=True))
        yield Word(match[0], begin_ms, end_ms, None, number > 0, IMPORTED)


class _Clock:
    """When a letter of the cue is spoken; letters are counted without spaces."""

    def __init__(self, chunks: Sequence[VoicedText], *, start_ms: int, end_ms: int) -> None:
        self._letters, self._times_ms = [0], [start_ms]
        letters = 0
        for chunk in chunks:
            own_ms = chunk.start_ms
            if own_ms is not None and self._times_ms[-1] <= own_ms <= end_ms:
                if letters == self._letters[-1]:
                    self._times_ms[-1] = own_ms
                else:
                    self._letters.append(letters)
                    self._times_ms.append(own_ms)
            letters += _letters(chunk.text)
        self._letters.append(max(letters, self._letters[-1] + 1))
        self._times_ms.append(end_ms)

    def at(self, letters: int, *, is_end: bool = False) -> int:
        """Return the time before letter number `letters`; `is_end`: behind the one before it."""
        place = bisect_right(self._letters, letters - is_end) - 1
        place = min(place, len(self._letters) - 2)
        first, last = self._letters[place], self._letters[place + 1]
        begin_ms, end_ms = self._times_ms[place], self._times_ms[place + 1]
        return begin_ms + (end_ms - begin_ms) * (letters - first) // (last - first)


def _letters(text: str) -> int:
    return sum(map(len, text.split()))
