"""Where a line of running text may end (after UAX #14, simplified), and filling lines with it.

Spaces break; so does the place between two Chinese or Japanese characters, but never before a
closing mark nor after an opening one (JIS X 4051, *kinsoku*). Thai has neither spaces between words
nor a dictionary here: it breaks between syllable clusters, which reads, though it may cut a word.
"""

import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

from transcripts.text.writing import may_divide

NEVER_FIRST = frozenset(
    "、。，．・：；？！゛゜ヽヾゝゞ々ー’”）〕］｝〉》」』】…‥ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ,.:;?!)]}"
)
NEVER_LAST = frozenset("‘“（〔［｛〈《「『【([{")
_THAI = range(0x0E00, 0x0E80)
_THAI_LEADING_VOWELS = frozenset("เแโใไ")
_THAI_FOLLOWERS = frozenset("ะาำๅๆฯ")
_IDEOGRAPHIC = (
    range(0x2E80, 0xA4D0),
    range(0xF900, 0xFB00),
    range(0xFF00, 0xFFF0),
    range(0x20000, 0x32000),
)

# What stands behind a number and belongs to it, and what stands before.
_UNITS = frozenset(
    "% ‰ ° °C °F € $ £ Kč EUR USD CZK km cm mm kg ml min ms kW MB GB".split()  # noqa: SIM905
)
_SIGNS = frozenset("€$£№#§")
# Longer ones are cut unshaped: HarfBuzz gives up where marks are stacked by the thousand.
_LONGEST_UNIT = 500


def fill_lines(text: str, *, width: float, measure: Callable[[str], float]) -> Iterator[str]:
    """Yield lines no wider than `width`, in the unit of `measure`, without the spaces between.

    What has no break inside is cut where it must be.
    """
    line, line_width = "", 0.0
    for unit in _bounded(break_units(text)):
        unit_width = measure(unit)
        is_full = line_width + measure(unit.rstrip(" ")) > width
        if line and (is_full or len(line) + len(unit) > 2 * _LONGEST_UNIT):
            yield line.rstrip(" ")
            line, line_width = "", 0.0
        if unit_width > width:
            *whole, unit = _cut(unit, width=width, measure=measure)
            yield from whole
            unit_width = measure(unit)
        line, line_width = line + unit, line_width + unit_width
    if line:
        yield line.rstrip(" ")


def _bounded(units: Iterator[str]) -> Iterator[str]:
    for unit in units:
        for start in range(0, len(unit), _LONGEST_UNIT):
            yield unit[start : start + _LONGEST_UNIT]


def _cut(unit: str, *, width: float, measure: Callable[[str], float]) -> list[str]:
    parts: list[str] = []
    start, used = 0, 0.0
    for place, character in enumerate(unit):
        step = measure(character)
        if place > start and used + step > width and not unicodedata.combining(character):
            parts.append(unit[start:place])
            start, used = place, 0.0
        used += step
    return [*parts, unit[start:]]


def break_units(text: str) -> Iterator[str]:
    """Yield the smallest parts between which a line may end."""
    for word in _words(text):
        if word.isascii() or not any(_breaks_inside(character) for character in word):
            yield word
            continue
        unit = ""
        for character in word:
            if unit and _may_break(unit[-1], character):
                yield unit
                unit = ""
            unit += character
        yield unit


def _words(text: str) -> Iterator[str]:
    """Yield words, each with the spaces behind it."""
    start, end = 0, text.find(" ")
    while end >= 0:
        while end < len(text) and text[end] == " ":
            end += 1
        yield text[start:end]
        start, end = end, text.find(" ", end)
    if start < len(text):
        yield text[start:]


def may_break_words(before: str, after: str) -> bool:
    """Return whether a line may end between two words that no space divides, as a recogniser
    divides text: between characters of scripts without spaces (Lao, Khmer and Burmese too, which
    are never broken inside a word), not inside what is one word ("MS" and "-13")."""
    last, first = before[-1:], after[:1]
    if first in NEVER_FIRST or last in NEVER_LAST or not may_divide(last, first):
        return False
    return last not in _THAI_LEADING_VOWELS and first not in _THAI_FOLLOWERS


def is_inside_number(before: str, after: str) -> bool:
    """Return whether the space between two words is one of a number ("10 000"), or between a number
    and its unit or sign ("5 %", "€ 30")."""
    last, first = before[-1:], after[:1]
    if last.isdigit():
        return first.isdigit() or after.rstrip(".,;:!?") in _UNITS
    return before in _SIGNS and first.isdigit()


@lru_cache(maxsize=20_000)
def _breaks_inside(character: str) -> bool:
    code = ord(character)
    return code in _THAI or any(code in block for block in _IDEOGRAPHIC)


@lru_cache(maxsize=20_000)
def _may_break(before: str, after: str) -> bool:
    if after == " " or after in NEVER_FIRST or before in NEVER_LAST:
        return False
    if unicodedata.category(after).startswith("M"):
        return False
    if ord(before) in _THAI and ord(after) in _THAI:
        return before not in _THAI_LEADING_VOWELS and after not in _THAI_FOLLOWERS
    return _breaks_inside(before) or _breaks_inside(after)
