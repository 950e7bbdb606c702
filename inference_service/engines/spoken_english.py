"""How written English is spoken: figures, signs and abbreviations as words, each with its readings.

A written word is one or more units (runs of speech between which a pause may lie: "know-how" has
two), and a unit has one or more readings, each a sequence of plain words: "1984" may be "nineteen
eighty four" or "one thousand nine hundred eighty four". The aligner takes the reading that fits
the sound. Nothing here decides what was spoken.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

Reading = tuple[str, ...]

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_TENS = (
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
)  # fmt: skip
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
    "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip
_CURRENCIES = {"$": "dollars", "€": "euros", "£": "pounds", "¥": "yen"}
_SIGNS = {"%": "percent", "&": "and", "+": "plus", "=": "equals", "@": "at", "°": "degrees"}
_ABBREVIATIONS = {
    "mr": "mister", "mrs": "missus", "ms": "miz", "dr": "doctor", "st": "saint", "vs": "versus",
    "etc": "etcetera", "jr": "junior", "sr": "senior", "prof": "professor", "no": "number",
    "km": "kilometers", "kg": "kilograms", "cm": "centimeters", "mm": "millimeters",
}  # fmt: skip
_WORDS_TOO = frozenset({"no", "st", "ms"})  # not short for anything without a full stop
_MOST_DIGITS = 15
_UNIT = re.compile(
    r"(?P<number>[$€£¥]?\d[\d,]*(?:\.\d+)?(?P<tail>st|nd|rd|th|s|%)?)(?![^\W\d_])"
    r"|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*['’]?\.?)"
    r"|(?P<digits>\d)"
    r"|(?P<sign>[%&+=@°])"
)


@dataclass(frozen=True, slots=True)
class SpokenUnit:
    """A run of speech; at least one reading, the likeliest first, of at least one plain word."""

    readings: tuple[Reading, ...]


def read_aloud(text: str) -> tuple[SpokenUnit, ...]:
    """Return what is spoken for one written word; nothing for signs that aren't spoken."""
    return tuple(_read_unit(match) for match in _UNIT.finditer(text.replace("’", "'")))


def _read_unit(match: re.Match[str]) -> SpokenUnit:
    if match["number"]:
        return SpokenUnit(tuple(dict.fromkeys(_read_number(match["number"], match["tail"] or ""))))
    if match["digits"]:
        return SpokenUnit(((_ONES[int(match["digits"])],),))
    if match["sign"]:
        return SpokenUnit(((_SIGNS[match["sign"]],),))
    return SpokenUnit(tuple(dict.fromkeys(_read_word(match["word"]))))


def _read_word(word: str) -> Iterator[Reading]:
    """Letters one by one where all are capitals; the dictionary's names of letters end in "."."""
    plain = word.rstrip(".").lower()
    if plain in _ABBREVIATIONS and (word.endswith(".") or plain not in _WORDS_TOO):
        yield (_ABBREVIATIONS[plain],)
    yield (plain,)
    letters = plain.replace("'", "")
    if word.rstrip(".").removesuffix("s").isupper() and 2 <= len(letters) <= 6:
        yield tuple(f"{letter}." for letter in letters)


def _read_number(number: str, tail: str) -> Iterator[Reading]:
    currency = _CURRENCIES.get(number[0], "")
    figures = number.strip("$€£¥").removesuffix(tail).replace(",", "")
    whole, _, fraction = figures.partition(".")
    after = (currency or ("percent" if tail == "%" else ""),)
    for reading in _read_whole(whole):
        if fraction and currency:
            yield (*reading, *after, *next(_read_whole(fraction)))
        digits = ("point", *(_ONES[int(digit)] for digit in fraction)) if fraction else ()
        words = (*reading, *digits)
        if tail in ("st", "nd", "rd", "th", "s"):
            words = (*words[:-1], _inflect(words[-1], tail))
        yield tuple(word for word in (*words, *after) if word)
        if currency:
            yield words


def _read_whole(digits: str) -> Iterator[Reading]:
    singly = tuple(_ONES[int(digit)] for digit in digits)
    if len(digits) > _MOST_DIGITS or (len(digits) > 1 and digits.startswith("0")):
        yield singly
        return
    value = int(digits)
    if len(digits) == 4 and digits[1:] != "000":
        yield _read_year(value)
    yield tuple(_count(value))
    if 100 <= value < 1000 and value % 100:
        yield (*_count(value // 100), *_read_tail(value % 100))
    if value > 100 and value % 100:
        yield (*_count(value - value % 100), "and", *_count(value % 100))
    if len(digits) > 2:
        yield singly


def _read_year(value: int) -> Reading:
    """Return "nineteen eighty four", "twenty oh three", "nineteen hundred"."""
    return (*_count(value // 100), *_read_tail(value % 100))


def _read_tail(value: int) -> Iterator[str]:
    if value == 0:
        yield "hundred"
    elif value < 10:
        yield from ("oh", _ONES[value])
    else:
        yield from _count(value)


def _count(value: int) -> Iterator[str]:
    for scale, name in _SCALES:
        if value >= scale:
            yield from _count(value // scale)
            yield name
            value %= scale
            if not value:
                return
    if value >= 100:
        yield from (_ONES[value // 100], "hundred")
        value %= 100
        if not value:
            return
    if value >= 20:
        yield _TENS[value // 10]
        value %= 10
        if not value:
            return
    yield _ONES[value]


def _inflect(word: str, tail: str) -> str:
    """Return the ordinal ("twentieth"), or the plural of "1980s"."""
    if tail == "s":
        return word.removesuffix("y") + "ies" if word.endswith("y") else f"{word}s"
    known = _ORDINALS.get(word)
    return known or (word.removesuffix("y") + "ieth" if word.endswith("y") else f"{word}th")
