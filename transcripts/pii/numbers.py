"""Numbers with a checksum: cards, IBANs, bank accounts, and the numbers that states give people.

The checks are python-stdnum's. A number whose check is weak, or that has none, also needs a word
that names it nearby: a tenth of all numbers passes a check of one digit.
"""

import re
from re import Match

from stdnum import iban, luhn
from stdnum.cz import bankaccount, dic, rc
from stdnum.de import idnr
from stdnum.es import nie, nif
from stdnum.eu import vat
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.gb import vat as british_vat
from stdnum.it import codicefiscale
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.us import ssn

from transcripts.pii.kinds import PiiKind, PiiRule, checked

_I = re.IGNORECASE
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{1,4}){3,9}\b", _I)
_CARD = re.compile(r"(?<![\d+])\d(?:[ -]?\d){12,18}(?!\d)")
# Issuers: first digits and lengths (ISO/IEC 7812; the networks' published ranges).
_CARD_FORM = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|(?:5[0678]|6\d)\d{10,17}"
)
_ORDER = r"(?:order|invoice|ticket|reference|tracking|serial|objednávk|faktur|zakázk|smlouv)"


def _find_iban_end(match: Match[str]) -> int | None:
    """Return where it ends: words behind it look like more groups of it."""
    text, end = match.group(), len(match.group())
    while end > 14:
        if iban.is_valid(text[:end]):
            return match.start() + end
        end = max(text.rfind(" ", 0, end), text.rfind("-", 0, end))
    return None


def _is_card(text: str) -> bool:
    digits = "".join(filter(str.isdigit, text))
    return _CARD_FORM.fullmatch(digits) is not None and luhn.is_valid(digits)


def _is_birth_number(text: str) -> bool:
    return bool(rc.is_valid(text))


def _compact(text: str) -> str:
    return re.sub(r"[ ./-]", "", text).upper()


def _is_nir(text: str) -> bool:
    return bool(nir.is_valid(_compact(text)))


def _is_vat(text: str) -> bool:
    return bool(vat.is_valid(_compact(text)) or british_vat.is_valid(_compact(text)))


def _words(*words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words)})", _I)


_TAX = _words("tax", "steuer", "idnr", "daň", "fiscal", "ident")
_ID_WORDS = _words(
    "social security", "ssn", "national insurance", "id number", "personal number", "birth number",
    "rodn", r"r\. ?č", "pojištěn", "identity",
)  # fmt: skip
_DOCUMENT = _words(
    "passport", "driving licen[cs]e", "driver'?s licen[cs]e", "id card", "identity card",
    r"(?:číslo )?pas[uem]?\b", "cestovní", "občansk", r"č\. ?op\b", "řidičsk",
)  # fmt: skip
_ACCOUNT_WORDS = _words("account", "routing", "sort code", "účt", "účet", "konto", "iban")

NUMBERS = (
    PiiRule(kind=PiiKind.IBAN, pattern=_IBAN, find_end=_find_iban_end),
    PiiRule(kind=PiiKind.CARD, pattern=_CARD, find_end=checked(_is_card)),
    # Czech and Slovak birth numbers, with their slash or ten digits; nine have no checksum.
    PiiRule(
        kind=PiiKind.ID,
        pattern=re.compile(r"(?<![\w/+-])(?P<it>\d{6} ?/ ?\d{3,4})(?![\w/])"),
        find_end=checked(lambda text: _is_birth_number(text.replace(" ", ""))),
    ),
    PiiRule(
        kind=PiiKind.ID,
        pattern=re.compile(r"(?<![\w/+-])\d{6} ?\d{4}(?![\w/])"),
        find_end=checked(lambda text: _is_birth_number(text.replace(" ", ""))),
    ),
    PiiRule(
        kind=PiiKind.ID,
        pattern=re.compile(r"(?<![\w/+-])\d{6} ?\d{3,4}(?![\w/])"),
        context=_words("rodn", r"r\. ?č", "birth number", "pojištěn"),
    ),
    # Numbers of companies and of value added tax.
    PiiRule(
        kind=PiiKind.ID,
        pattern=re.compile(r"\b[A-Z]{2} ?[A-Z0-9]?\d(?:[ ]?[0-9A-Z]){6,11}\b"),
        find_end=checked(_is_vat),
    ),
    PiiRule(
        kind=PiiKind.ID,
        pattern=re.compile(r"(?<![\w/+-])\d(?: ?\d){7}(?![\w/])"),
        find_end=checked(lambda text: bool(dic.is_valid(_compact(text)))),
        context=_words("ičo?", "ico", "identifikač", "company (?:id|number)", "registration"),
    ),
    # Great Britain and the United States.
    PiiRule(
        kind=PiiKind.ID,
        pattern=re.compile(r"(?<![\w+])\d{3}[ -]?\d{3}[ -]?\d{4}(?!\w)"),
        find_end=checked(lambda text: bool(nhs.is_valid(_compact(text)))),
        context=_words("nhs", "patient", "health service"),
    ),
    PiiRule(
        kind=PiiKind.ID,
        pattern=re.compile(r"\b[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b"),
    ),
    PiiRule(
        kind=PiiKind.ID,
        pattern=re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"),
        find_end=checked(lambda text: bool(ssn.is_valid(text))),
    ),
    PiiRule(
        kind=PiiKind.ID,
        pattern=re.compile(r"(?<![\w+-])\d{3}[ -]?\d{2}[ -]?\d{4}(?![\w-])"),
        find_end=checked(lambda text: bool(ssn.is_valid(_compact(text)))),
        context=_ID_WORDS,
    ),
    # Spain, Germany, Poland, Italy, France, Sweden.
    PiiRule(
        kind=PiiKind.ID,
        pattern=re.compile(r"\b(?:\d{8}[ -]?[A-Z]|[XYZ][ -]?\d{7}[ -]?[A-Z])\b", _I),
        find_end=checked(
            lambda text: bool(nif.is_valid(_compact(text)) or nie.is_valid(_compact(text)))
        ),
    ),
    PiiRule(
        kind=PiiKind.ID,
        pattern=re.compile(r"(?<![\w+-])\d{2} ?\d{3} ?\d{3} ?\d{3}(?![\w-])"),
        find_end=checked(lambda text: bool(idnr.is_valid(_compact(text)))),
        context=_TAX,
    ),
    PiiRule(
        kind=PiiKind.ID,
        pattern=re.compile(r"(?<![\w+-])\d{11}(?![\w-])"),
        find_end=checked(lambda text: bool(pesel.is_valid(text))),
    ),
    PiiRule(
        kind=PiiKind.ID,
        pattern=re.compile(r"\b[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]\b", _I),
        find_end=checked(lambda text: bool(codicefiscale.is_valid(text))),
    ),
    PiiRule(
        kind=PiiKind.ID,
        pattern=re.compile(
            r"(?<![\w+])[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}(?!\w)"
        ),
        find_end=checked(_is_nir),
    ),
    PiiRule(
        kind=PiiKind.ID,
        pattern=re.compile(r"(?<![\w/+-])(?:\d{2})?\d{6}[-+]\d{4}(?![\w/-])"),
        find_end=checked(lambda text: bool(personnummer.is_valid(text))),
    ),
    # Documents have no checksum that is printed with them.
    PiiRule(
        kind=PiiKind.ID,
        pattern=re.compile(r"(?<![\w+-])[A-Z]{0,3} ?\d(?: ?\d){5,8}[A-Z]?(?![\w/-])"),
        context=_DOCUMENT,
        unless=re.compile(_ORDER, _I),
    ),
    # Accounts: the Czech form names its bank behind a slash; others need a word.
    PiiRule(
        kind=PiiKind.ACCOUNT,
        pattern=re.compile(r"(?<![\w/-])(?:\d{1,6}-)?\d{2,10} ?/ ?\d{4}(?![\w/-])"),
        find_end=checked(lambda text: bool(bankaccount.is_valid(text.replace(" ", "")))),
    ),
    PiiRule(
        kind=PiiKind.ACCOUNT,
        pattern=re.compile(r"(?<![\w/.,+-])\d(?:[ -]?\d){5,16}(?![\w/,-])"),
        context=_ACCOUNT_WORDS,
        unless=re.compile(rf"{_ORDER}|\+", _I),
    ),
)  # fmt: skip
