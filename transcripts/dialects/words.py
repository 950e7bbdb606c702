"""Words as other services show them where no punctuation is wanted."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from transcripts.text.segments import Segment
from transcripts.text.words import Word, join_words
from transcripts.text.writing import is_spaced_between, is_spaceless

_WITHIN_WORDS = frozenset("'’-‐.,:/&@")


def bare(text: str) -> str:
    """Return a word in lower case, without the marks around it: "“Don't!" is "don't"."""
    inside = [number for number, character in enumerate(text) if not _is_mark(character)]
    return (text[inside[0] : inside[-1] + 1] if inside else text).lower()


def bare_words(words: Iterable[Word]) -> Iterator[Word]:
    """Yield the words bare, without those that are marks alone."""
    for word in words:
        text = bare(word.text)
        if not all(map(_is_mark, text)):
            yield replace(word, text=text)


def join_bare(words: Iterable[Word]) -> str:
    """Return them as running text without marks but those within a word: "d'accord", "3.14"."""
    text = join_words(tuple(words)).lower()
    return " ".join("".join(_bare_characters(text)).split())


def _bare_characters(text: str) -> Iterator[str]:
    for number, character in enumerate(text):
        if not _is_mark(character):
            yield character
            continue
        before, after = text[max(0, number - 1) : number], text[number + 1 : number + 2]
        is_within = before.isalnum() and after.isalnum()
        if is_within and not (is_spaceless(before) or is_spaceless(after)):
            yield character if character in _WITHIN_WORDS else " "


def find_phrase(words: Sequence[str], phrase: str) -> Iterator[tuple[int, int]]:
    """Yield where all of it stands among bare words, as the bounds of a slice."""
    parts = [bare(part) for part in phrase.split()]
    for at in range(len(words) - len(parts) + 1 if parts else 0):
        if list(words[at : at + len(parts)]) == parts:
            yield at, at + len(parts)


def running_words(segments: Iterable[Segment]) -> Iterator[tuple[Word, Segment]]:
    """Yield the words with their segments, as one text: a segment's first word has its space."""
    before = ""
    for segment in segments:
        for number, word in enumerate(segment.words):
            has_space = word.space_before if number else is_spaced_between(before, word.text)
            yield replace(word, space_before=has_space), segment
            before = word.text


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("P")
