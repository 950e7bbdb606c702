"""Which of our fonts writes which character, and in what script a run of text is.

Coverage is read from the fonts themselves; `README.md` beside them lists what they hold.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path

from reportlab.pdfbase import pdfmetrics

from transcripts.exports.typeface import Typeface

_FOLDER = Path(__file__).parent / "fonts"
_CJK_ORDERS = {
    "ja": ("NotoSansJP", "NotoSansSC", "NotoSansKR"),
    "ko": ("NotoSansKR", "NotoSansJP", "NotoSansSC"),
}
_CJK = ("NotoSansSC", "NotoSansJP", "NotoSansKR")
_SCRIPTS = ("NotoSansArabic", "NotoSansHebrew", "NotoSansDevanagari", "NotoSansThai")
_EMOJI = "NotoEmoji"  # families and flags are several characters each
_KEYCAP = "\ufe0f\u20e3"  # makes an emoji of the digit before
_SHAPED = (*_SCRIPTS, _EMOJI)
_WITH_BOLD = frozenset({"NotoSans", *_SCRIPTS})
# Characters of these need no shaping, unless marks combine: every glyph is one character.
_COMBINING = (range(0x0300, 0x0370), range(0x1AB0, 0x1B00), range(0x1DC0, 0x1E00))
_MISSING = "missing"
# Which form of a character is meant; like joiners, they are unseen where a font knows none.
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


@dataclass(frozen=True)
class Run:
    """A run of text that one font writes. `is_shaped`: glyphs depend on their neighbours.
    `shown`: what is drawn for a text that no font has."""

    text: str
    font: str
    is_shaped: bool
    shown: str = ""


@cache
def load_font(name: str) -> Typeface:
    """Return the font, registered with reportlab; loaded once a process, cached (13 MB at most)."""
    font = Typeface(name, str(_FOLDER / f"{name}.ttf"))
    pdfmetrics.registerFont(font)
    return font


def split_runs(text: str, *, language: str, is_bold: bool) -> Iterator[Run]:
    """Yield the text in runs of one font. What no font has is shown by its code points."""
    if not text:
        return
    if text.isascii():
        yield Run(text, _file_of("NotoSans", is_bold), False)
        return
    placed: list[tuple[str, str]] = []
    for place, character in enumerate(text):
        last = placed[-1][1] if placed else ""
        family = _family_of(character, last, _CJK_ORDERS.get(language, _CJK))
        if text.startswith(_KEYCAP, place + 1):
            family = _EMOJI
        if family or not _is_unseen(character):
            placed.append((character, family or _MISSING))
    for family, pairs in groupby(placed, key=lambda pair: pair[1]):
        text_run = "".join(character for character, _ in pairs)
        if family == _MISSING:
            shown = "".join(f"[U+{ord(character):04X}]" for character in text_run)
            yield Run(text_run, _file_of("NotoSans", is_bold), False, shown)
            continue
        is_shaped = family in _SHAPED or _has_combining(text_run)
        yield Run(text_run, _file_of(family, is_bold), is_shaped)


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or any(
        ord(character) in block for block in _SELECTORS
    )


@lru_cache(maxsize=100_000)
def _family_of(character: str, last: str, cjk: tuple[str, ...]) -> str:
    """Return the family that writes the character: the one before it goes on where it can."""
    code = ord(character)
    is_latin = character.isascii() and (character.isalnum() or last == _EMOJI)
    if last in _SHAPED and _covers(last, code) and not is_latin:
        return last
    # Spaces stay with their neighbours, so that words of one script are shaped as one.
    if character == " " and last not in ("", _MISSING, _EMOJI):
        return last
    families = ("NotoSans", *_SHAPED, *cjk)
    if 0x0590 <= code < 0x1E00:  # NotoSans has some of Devanagari too
        families = (*_SHAPED, "NotoSans", *cjk)
    elif code >= 0x2E80 or (last in cjk and not character.isascii()):
        families = (*cjk, "NotoSans", *_SHAPED)
    return next((family for family in families if _covers(family, code)), "")


def _covers(family: str, code: int) -> bool:
    return code in _characters_of(family)


@cache
def _characters_of(family: str) -> frozenset[int]:
    return frozenset(load_font(f"{family}-Regular").face.charToGlyph)


def _file_of(family: str, is_bold: bool) -> str:
    return f"{family}-Bold" if is_bold and family in _WITH_BOLD else f"{family}-Regular"


def _has_combining(text: str) -> bool:
    return any(ord(character) in block for character in text for block in _COMBINING)
