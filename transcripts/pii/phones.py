"""Telephone numbers: a form by rules, valid by the numbering plans that phonenumbers has.

With `+` or `00` a number names its country. Without, it is one of the countries that speak the
text's language, or, behind a word such as "call", of any of the countries below.
"""

import re
from functools import partial
from re import Match

import phonenumbers
from phonenumbers import NumberParseException

from transcripts.pii.kinds import PiiKind, PiiRule

_REGIONS = {
    "en": ("US", "GB", "AU"),
    "cs": ("CZ", "SK"),
    "sk": ("SK", "CZ"),
    "de": ("DE", "AT", "CH"),
    "fr": ("FR", "BE", "CH"),
    "es": ("ES", "MX"),
    "pt": ("PT", "BR"),
    "it": ("IT",),
    "pl": ("PL",),
    "nl": ("NL", "BE"),
    "uk": ("UA",),
    "ru": ("RU",),
    "hu": ("HU",),
    "ro": ("RO",),
    "sv": ("SE",),
}
_ANYWHERE = ("CZ", "SK", "US", "GB", "DE", "AT", "PL", "FR", "ES", "IT")
# At most 15 digits (E.164), in groups with the usual marks.
_FORM = re.compile(
    r"(?<![\w+/.,:@-])(?:\+|00)?\(?\d(?:[ ./()\u00a0-]{0,2}\d){6,14}(?![\w@]|[.,:/-]\d)"
)
_SHORT_FORM = re.compile(r"(?<![\w+/.,:@-])\d{3}[ -]?\d{4}(?![\w@]|[.,:/-]\d| ?\d)")
_FEWEST_DIGITS = 9  # without a country; shorter ones need a word, and have a form of their own
# A decimal fraction, and a birth number with a wrong check.
_NO_PHONE = re.compile(r"\d{1,2}\.\d{4,}|\d{6}/\d{3,4}")
_CALL = re.compile(
    r"\bcall|\bphone|\bring\b|\btel|\bmobile|\bcell\b|\bfax|\btext (?:me|him|her|us)|\bsms\b"
    r"|\bwhatsapp|\breach (?:me|him|her|us)|\bextension|\bdial"
    r"|volej|zavol|telefon|mobil|\bčísl[oe]\b(?! (?:objedn|faktur|zakáz|smlouv|účt))|\bspojení",
    re.IGNORECASE,
)
_OTHER_NUMBER = re.compile(
    r"(?:order|invoice|ticket|case|tracking|reference|serial|model|part|batch|contract|isbn|account"
    r"|policy|version|claim|article|item|objednáv\w*|faktur\w*|zakázk\w*|smlouv\w*|variabiln\w*"
    r"|symbol|výrobní\w*|sériov\w*|zásilk\w*|rezervac\w*|reklamac\w*|booking|parcel|shipment"
    r"|účt\w*|pojistk\w*|verz\w*)[ :,]*(?:number|no\.?|nr\.?|id|code|číslo|č\.)?[ :,]*"
    r"(?:is|was|je|byl[ao]?)?[ :#,]*\Z",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"[ \u00a0]?(?:kus|korun|kč|eur|usd|czk|dollar|pound|unit|people|lidí|%|€|\$)", re.I
)


def list_rules(language: str) -> tuple[PiiRule, ...]:
    """Return how telephone numbers are found in a text of the language (ISO 639-1)."""
    own = _REGIONS.get(language, ())
    return (
        _rule(_FORM, regions=own, unless=_OTHER_NUMBER),
        _rule(_FORM, regions=_ANYWHERE, context=_CALL, unless=_OTHER_NUMBER),
        PiiRule(
            kind=PiiKind.PHONE, pattern=_SHORT_FORM, context=_CALL, unless=_OTHER_NUMBER,
            find_end=_find_short_end,
        ),
    )  # fmt: skip


def _rule(
    pattern: re.Pattern[str],
    *,
    regions: tuple[str, ...],
    unless: re.Pattern[str],
    context: re.Pattern[str] | None = None,
) -> PiiRule:
    return PiiRule(
        kind=PiiKind.PHONE,
        pattern=pattern,
        find_end=partial(_find_end, regions=regions),
        context=context,
        unless=unless,
    )


def _find_end(match: Match[str], *, regions: tuple[str, ...]) -> int | None:
    text = match.group()
    if _COUNTED.match(match.string, match.end()):
        return None
    if text.startswith(("+", "00")):
        digits = "+" + re.sub(r"\D", "", text).removeprefix("00" if text[0] == "0" else "")
        return match.end() if _is_number(digits, None) else None
    if _NO_PHONE.fullmatch(text) or sum(map(str.isdigit, text)) < _FEWEST_DIGITS:
        return None
    return match.end() if any(_is_number(text, region) for region in regions) else None


def _find_short_end(match: Match[str]) -> int | None:
    return None if _COUNTED.match(match.string, match.end()) else match.end()


def _is_number(text: str, region: str | None) -> bool:
    """Whether its country has such numbers; of one that names its country, such a length."""
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return False
    if region is None:
        return phonenumbers.is_possible_number(number)
    return phonenumbers.is_valid_number_for_region(number, region)
