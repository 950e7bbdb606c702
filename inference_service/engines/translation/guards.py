"""Which translations are not to be trusted: models cut, loop, invent and fall silent.

The rules look at the two texts alone; what they let through may still be wrong.
"""

import re
import unicodedata
from itertools import groupby

_LEAST_RATIO, _MOST_RATIO = 0.3, 3.0
_SHORT = 12  # below, lengths differ for good reasons
# A character of a script without an alphabet stands for about so many letters.
_DENSE_LETTERS = 2.5
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_MOST_REPEATS = 4
_LONGEST_PHRASE = 6
_NUMBER = re.compile(
    r"\d[\d.,:\s\u00a0\u202f]*\d"
)  # of two digits or more: a single one may be spelt
_LEAST_WORDS_TO_CHANGE = 5


def find_fault(source: str, translation: str) -> str:
    """Return which guard the translation fails: "empty", "length", "repetition", "digits" or
    "language"; empty where it passes."""
    if not translation.strip():
        return "empty"
    if _is_too_long_or_short(source, translation):
        return "length"
    if _repeats(translation) and not _repeats(source):
        return "repetition"
    if not _retains_numbers(source, translation):
        return "digits"
    if _is_unchanged(source, translation):
        return "language"
    return ""


def has_words(text: str) -> bool:
    """Return whether there is anything to translate."""
    return any(unicodedata.category(character).startswith("L") for character in text)


def _is_too_long_or_short(source: str, translation: str) -> bool:
    lengths = (_measure(source), _measure(translation))
    if max(lengths) < _SHORT:
        return False
    return not _LEAST_RATIO <= lengths[1] / max(lengths[0], 1) <= _MOST_RATIO


def _measure(text: str) -> float:
    return len(text.strip()) + (_DENSE_LETTERS - 1) * len(_DENSE.findall(text))


def _repeats(text: str) -> bool:
    """Return whether a phrase of up to six words stands there four times in a row or more."""
    words = text.casefold().split()
    for width in range(1, _LONGEST_PHRASE + 1):
        for start in range(width):
            phrases = zip(*(words[start + at :: width] for at in range(width)), strict=False)
            if any(len(list(run)) >= _MOST_REPEATS for _, run in groupby(phrases)):
                return True
    return bool(re.search(r"(\S{1,6})\1{7,}", text))


def _retains_numbers(source: str, translation: str) -> bool:
    digits = "".join(character for character in translation if character.isdigit())
    numbers = (
        "".join(character for character in match if character.isdigit())
        for match in _NUMBER.findall(source)
    )
    return all(number in digits for number in numbers)


def _is_unchanged(source: str, translation: str) -> bool:
    words = source.casefold().split()
    return len(words) >= _LEAST_WORDS_TO_CHANGE and words == translation.casefold().split()
