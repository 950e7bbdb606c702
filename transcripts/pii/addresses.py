"""Addresses of the net and of the street, and dates of birth."""

import ipaddress
import re
from re import Match

from transcripts.pii.kinds import CAPITALS, PiiKind, PiiRule, checked

_I = re.IGNORECASE
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,8}")
_TLD = r"(?:com|org|net|edu|gov|info|biz|app|dev|io|ai|eu|cz|sk|pl|de|at|ch|uk|fr|es|it|nl|se|us)"
_URL = re.compile(
    rf"\b(?:https?://|www\.)[^\s<>\"']{{2,500}}|(?<![\w@.-])(?:[a-z0-9-]{{1,63}}\.){{1,4}}{_TLD}"
    rf"(?:/[^\s<>\"']{{0,500}}|\b(?![\w@.-]*[\w@]))",
    _I,
)
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\w)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])", _I)
_VERSION = re.compile(
    r"\b(?:version|verz[eií]|v|release|build|section|chapter|kapitol\w*)\.? ?\Z", _I
)

_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
    "|ledna|února|března|dubna|května|června|července|srpna|září|října|listopadu|prosince"
)
_ORDINALS = (
    "(?:(?:twenty|thirty)[- ])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth"
    "|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth"
    "|nineteenth|twentieth|thirtieth)"
)
_CZECH_ORDINALS = (
    "(?:dvacátého |třicátého )?(?:prvního|druhého|třetího|čtvrtého|pátého|šestého|sedmého|osmého"
    "|devátého|desátého|jedenáctého|dvanáctého|třináctého|čtrnáctého|patnáctého|šestnáctého"
    "|sedmnáctého|osmnáctého|devatenáctého|dvacátého|třicátého)"
)
_SPOKEN_YEAR = (
    r"(?:nineteen|twenty|two thousand)(?:[ -](?:and|hundred|oh|[a-z]+ty|[a-z]+teen|ten|eleven"
    r"|twelve|one|two|three|four|five|six|seven|eight|nine)){0,3}"
    r"|(?:devatenáct set|dva tisíce|tisíc devět set)(?: \w+(?:cet|desát|sát|náct)| jedna| dva| tři"
    r"| čtyři| pět| šest| sedm| osm| devět){0,2}"
)
_DAY = rf"(?:\d{{1,2}}(?:st|nd|rd|th|\.)?|{_ORDINALS}|{_CZECH_ORDINALS})"
_YEAR = rf"(?:\d{{4}}|{_SPOKEN_YEAR})"
_DATE = re.compile(
    rf"\b(?:(?:the )?{_DAY} ?(?:of )?(?:{_MONTHS})(?:,? (?:in )?{_YEAR})?"
    rf"|(?:{_MONTHS}) (?:the )?{_DAY},? {_YEAR}"
    r"|\d{1,2}\. ?\d{1,2}\. ?\d{4}|\d{1,2}[/-]\d{1,2}[/-]\d{4}|\d{4}-\d{2}-\d{2})\b",
    _I,
)
_BORN = re.compile(
    r"\bborn\b|date of birth|\bd\.?o\.?b\b|birthday|narozen|narodil|datum naroz|\bnar\.", _I
)

_CAPITAL = rf"[{CAPITALS}][\w'’-]*"
_STREETS = (
    r"street|st|avenue|ave|road|rd|lane|ln|drive|boulevard|blvd|court|square|terrace|close"
    r"|crescent|gardens|parkway|way|place|row|hill"
)
_ENGLISH_STREET = re.compile(
    rf"(?<![\w.,])\d{{1,5}}[a-z]? (?:[A-Za-z][\w'’.-]{{1,20}} ){{1,3}}(?:{_STREETS})\b"
    r"(?:,? (?:apt|apartment|flat|suite|unit)\.? ?\w{1,5}\b)?",
    _I,
)
_NO_STREET = re.compile(r"\b(?:the|a|of|on|in|is|was|to|and|that|this|per|by|no)\b", _I)
_POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2}\b")
_TOWN = rf"(?:,? (?:\d{{3}} ?\d{{2}} )?{_CAPITAL}(?: \d{{1,2}})?)?"
_CZECH_STREET = re.compile(
    rf"\b(?:[Uu]lic[ei]|[Nn]áměstí|[Tt]říd[aě]|[Nn]ábřeží)"
    rf" (?P<it>{_CAPITAL}(?: \w{{2,20}}){{0,3}} \d{{1,4}}(?:/\d{{1,4}})?[a-z]?{_TOWN})\b"
)
_CZECH_HOME = re.compile(
    rf"\b(?!Adres|Bydl|Doru|Trval)(?P<it>{_CAPITAL}(?: (?:{_CAPITAL}|\w{{1,3}})){{0,3}}"
    rf" \d{{1,4}}(?:/\d{{1,4}})?[a-z]?{_TOWN})\b"
)
_HOME_WORDS = re.compile(r"bydl|adres|doruč|trval[éý] poby", _I)
_GERMAN_STREET = re.compile(
    r"\b[A-ZÄÖÜ]\w{2,30}(?:straße|strasse|str\.|weg|platz|allee|gasse) \d{1,4}[a-z]?\b"
)
_ROMANCE_STREET = re.compile(
    rf"\b\d{{1,4}},? (?:rue|avenue|boulevard|place) (?:d[eu'’]s? ?|l[ae'’] ?){{0,2}}{_CAPITAL}"
    rf"(?: {_CAPITAL})?"
    rf"|\b(?:[Cc]alle|[Aa]venida|[Pp]laza|[Vv]ia|[Pp]iazza) (?:de(?:l| la)? )?{_CAPITAL}"
    rf"(?: {_CAPITAL})?,? (?:n[úº.]*m?e?r?o? ?)?\d{{1,4}}\b"
)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _find_url_end(match: Match[str]) -> int:
    """Return its end without the marks of the sentence that it stands in."""
    return match.start() + len(match.group().rstrip(".,;:!?)]}»“”"))


def _is_street(text: str) -> bool:
    return _NO_STREET.search(text) is None


NET_ADDRESSES = (
    PiiRule(kind=PiiKind.EMAIL, pattern=_EMAIL, needs="@"),
    PiiRule(kind=PiiKind.URL, pattern=_URL, find_end=_find_url_end, needs="."),
    PiiRule(kind=PiiKind.IP, pattern=_IPV4, find_end=checked(_is_ip), unless=_VERSION),
    PiiRule(kind=PiiKind.IP, pattern=_IPV6, find_end=checked(_is_ip), needs=":"),
)
PLACES_AND_DATES = (
    PiiRule(kind=PiiKind.DOB, pattern=_DATE, context=_BORN, needs=""),
    PiiRule(kind=PiiKind.ADDRESS, pattern=_ENGLISH_STREET, find_end=checked(_is_street)),
    PiiRule(kind=PiiKind.ADDRESS, pattern=_POSTCODE),
    PiiRule(kind=PiiKind.ADDRESS, pattern=_CZECH_STREET),
    PiiRule(kind=PiiKind.ADDRESS, pattern=_CZECH_HOME, context=_HOME_WORDS),
    PiiRule(kind=PiiKind.ADDRESS, pattern=_GERMAN_STREET),
    PiiRule(kind=PiiKind.ADDRESS, pattern=_ROMANCE_STREET),
)
