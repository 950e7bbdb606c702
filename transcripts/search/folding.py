"""Words as they are searched for: case and accents folded, the same for every database.

A text is cut into words here and not by the database, whose own ways of cutting differ: a word is a
run of letters, digits and the marks on them; where a script writes without spaces, each character
is one, so that a search finds any run of them. Accents are taken off letters of the European
alphabets, points off Hebrew and Arabic ones; the vowel signs of Indic scripts stay.
"""

import re
import sys
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from transcripts.text.writing import SPACELESS_LETTERS

_POINTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0640\u064b-\u065f\u0670]")
# Letters that Unicode takes apart in no way.
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe"})
MAX_WORD_CHARACTERS = 60
_LONGEST_READ = 4 * MAX_WORD_CHARACTERS  # of a word, marks included


def _marks() -> str:
    """Return all marks of the basic plane as the inside of a character class."""
    codes = range(min(0x10000, sys.maxunicode))
    return "".join(chr(code) for code in codes if unicodedata.category(chr(code))[0] == "M")


_MARKS = _marks()
_WORD = re.compile(f"[{SPACELESS_LETTERS}][{_MARKS}]*|(?:[^\\W_{SPACELESS_LETTERS}]|[{_MARKS}])+")


@dataclass(frozen=True, slots=True)
class IndexedWord:
    folded: str
    start: int  # characters of the text as it was given
    end: int


def fold_text(text: str) -> list[str]:
    """Return the folded words of a text, in order."""
    return [word for match in _WORD.finditer(text) for word in _fold(match.group()[:_LONGEST_READ])]


def find_words(text: str) -> list[IndexedWord]:
    """Return them with where they stand."""
    return [
        IndexedWord(word, match.start(), match.end())
        for match in _WORD.finditer(text)
        for word in _fold(match.group()[:_LONGEST_READ])
    ]


@lru_cache(maxsize=50_000)
def _fold(word: str) -> tuple[str, ...]:
    bare = _POINTS.sub("", unicodedata.normalize("NFKD", word)).casefold().translate(_LETTERS)
    found = _WORD.findall(unicodedata.normalize("NFC", _POINTS.sub("", bare)))
    return tuple(part[:MAX_WORD_CHARACTERS] for part in found)
