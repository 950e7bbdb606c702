"""What is named in a text: people, organisations, places where cues name them, dates, amounts,
and what personal data there is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from transcripts.intelligence.extractive.cues import words_of
from transcripts.intelligence.source import SourceText
from transcripts.pii.find import find_personal_data
from transcripts.pii.kinds import CAPITALS
from transcripts.pii.spoken import NUMBER_WORDS

_I = re.IGNORECASE
_CAPITAL = rf"[{CAPITALS}А-Я][\w’'-]*"
_ORGANISATION = re.compile(
    rf"\b{_CAPITAL}(?: (?:{_CAPITAL}|&|and|a|of)){{0,4}},? (?:Inc|Ltd|LLC|PLC|Corp|GmbH|AG"
    rf"|s\.r\.o|a\.s"
    rf"|spol|S\.A|B\.V|Oy|AB)\b\.?|\b(?:{_CAPITAL} ){{1,3}}(?:University|Bank|Institute|Company"
    r"|Corporation|Agency|Ministry|Committee|Council|Hospital|Group)\b"
    r"|\b(?:University|Ministry|Bank|Institute) of (?:the )?[A-Z]\w+(?: [A-Z]\w+)?"
    rf"|\b(?:Univerzita|Ministerstvo|Nemocnice|Ústav) \w+(?: {_CAPITAL})?"
)
_MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December"
    "|ledna|února|března|dubna|května|června|července|srpna|září|října|listopadu|prosince"
)
_DATE = re.compile(
    rf"\b(?:(?:the )?\d{{1,2}}(?:st|nd|rd|th|\.)?(?: of)? (?:{_MONTHS})(?:,? \d{{4}})?"
    rf"|(?:{_MONTHS}) (?:the )?\d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?"
    rf"|the \w*(?:first|second|third|th) of (?:{_MONTHS})|\w+(?:ého|ího) (?:{_MONTHS})"
    r"|\d{1,2}\. ?\d{1,2}\. ?\d{4}|\d{4}-\d{2}-\d{2}|(?:in|v roce|roku) (?:1[5-9]|20)\d\d"
    r"|(?:next |last |this )?(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"
    r"|(?:příští |minulé )?(?:pondělí|úterý|středu|čtvrtek|pátek|sobotu|neděli))\b"
)
_MONEY = re.compile(
    r"(?:[$€£] ?\d[\d,. ]*(?: ?(?:million|billion|thousand|k|m))?\b)"
    r"|\b\d[\d., \u00a0]*(?: ?(?:tisíc|milion\w*|thousand|million|billion))? ?(?:€|\$|£|Kč|CZK"
    r"|USD|EUR"
    r"|GBP|euros?|dollars?|pounds?|korun\w*|eur)(?!\w)"
    rf"|\b(?:(?:{'|'.join(NUMBER_WORDS)}|thousand|million|tisíce?"
    rf"|milion\w*)[ -]){{1,8}}(?:euros?|dollars?"
    r"|pounds?|korun\w*)\b",
    _I,
)
_PERCENT = re.compile(r"\b\d+(?:[.,]\d+)? ?(?:%|percent\b|procent\w*)", _I)
_PLACE = re.compile(
    rf"\b(?:in|from|to|near|at) (?P<it>{_CAPITAL}(?: {_CAPITAL})?)|\b(?:v|ve|z|ze|do|u|nad) "
    rf"(?P<it2>{_CAPITAL}(?: nad {_CAPITAL})?)"
)
_NAMED = re.compile(rf"(?<=[\w,;] )(?P<it>{_CAPITAL}(?: {_CAPITAL}){{0,3}})")
_NO_PLACES = words_of(
    "I I'm I'll I'd Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March"
    " April May June July August September October November December"
)


@dataclass(frozen=True)
class Entity:
    """Characters `start` to `end` of the text."""

    label: str
    start: int
    end: int


def find_entities(source: SourceText) -> list[Entity]:
    """Return what is named, in the text's order; none overlaps another. `label`: a kind of personal
    data, or DATE, MONEY, PERCENT, ORGANISATION, PLACE, NAME (capitals that no cue explains).
    """
    taken = bytearray(len(source.text))
    found: list[Entity] = []
    for entity in _list_candidates(source):
        if entity.start < entity.end and taken.find(1, entity.start, entity.end) < 0:
            found.append(entity)
            taken[entity.start : entity.end] = b"\x01" * (entity.end - entity.start)
    return sorted(found, key=lambda entity: entity.start)


def _list_candidates(source: SourceText) -> Iterator[Entity]:
    """Yield them, those first that win where two overlap."""
    text = source.text
    names = source.speakers
    for item in find_personal_data(text, language=source.language, names=names):
        yield Entity(item.kind.value, item.start, item.end)
    for label, pattern in (
        ("ORGANISATION", _ORGANISATION),
        ("MONEY", _MONEY),
        ("PERCENT", _PERCENT),
        ("DATE", _DATE),
    ):
        for match in pattern.finditer(text):
            yield Entity(label, match.start(), match.start() + len(match.group().rstrip()))
    for match in _PLACE.finditer(text):
        group = "it" if match["it"] else "it2"
        if match[group].split()[0] not in _NO_PLACES:
            yield Entity("PLACE", match.start(group), match.end(group))
    for match in _NAMED.finditer(text):
        if match["it"].split()[0] not in _NO_PLACES and source.language != "de":
            yield Entity("NAME", match.start("it"), match.end("it"))
