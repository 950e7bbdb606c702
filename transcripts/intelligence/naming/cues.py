"""Sentences by which people name themselves, or each other, in English and Czech.

A rule that finds a wrong name does harm, one that finds none does not: what may be a third person,
a quotation, a question or a condition counts for nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from transcripts.pii.kinds import CAPITALS
from transcripts.pii.names import read_given_names

# How sure a cue is, from 0 to 1; by judgement.
_BY_NAME, _ON_THE_PHONE, _BY_GIVEN_NAME = 0.95, 0.9, 0.75

_CAPITAL = rf"[{CAPITALS}][\w'’]*(?:-[{CAPITALS}]\w+)?"
_NAME = rf"(?P<it>{_CAPITAL}(?: (?!(?:I|And|The)\b){_CAPITAL}){{0,2}})(?!['’]s?\b)(?!\w)"
_TITLE = r"(?:(?i:dr|mr|mrs|ms|prof|ing|mgr|doctor|pan|paní|doktor|doktorka)\.? )?"
_END = (
    r"(?=\s*(?:[,.;!—–]|\Z|(?:and|from|with|at|of|in|I|I'm|calling|speaking|here|a|z|ze|jsem)\b))"
)

_INTRODUCTIONS: tuple[tuple[float, re.Pattern[str]], ...] = tuple(
    (score, re.compile(pattern))
    for score, pattern in (
        (_BY_NAME, rf"\b(?i:my (?:full )?name is|my name's) {_TITLE}{_NAME}"),
        (_BY_NAME, rf"\b(?i:jmenuj[iu] se|(?:mé|moje) jméno je) {_TITLE}{_NAME}"),
        (
            _ON_THE_PHONE,
            rf"(?<![Ii]s )(?<![Ww]as )\b[Tt]his is {_TITLE}{_NAME},? (?:speaking|calling)",
        ),
        (_ON_THE_PHONE, rf"\A{_TITLE}{_NAME} speaking(?=\s*(?:[,.!]|\Z|how))"),
        (_ON_THE_PHONE, rf"\b[Uu] telefonu {_TITLE}{_NAME}"),
        (_ON_THE_PHONE, rf"\b(?:[Tt]ady|[Zz]de) {_TITLE}{_NAME},? u telefonu"),
    )
)
# Only with a given name that is on the list: "I'm Happy", "this is Prague".
_GIVEN_NAME: tuple[re.Pattern[str], ...] = tuple(
    map(
        re.compile,
        (
            rf"(?<![Ii]f )\b(?:I'm|I’m|I am) {_NAME}{_END}",
            rf"(?<![Ii]s )(?<![Ww]as )\b[Tt]his is {_NAME} (?:here|from)\b",
            rf"\A(?:(?:[Hh]i|[Hh]ello|[Hh]ey),? )?{_NAME} here(?=[,.!]|\Z)",
            rf"\b(?:[Tt]ady|[Zz]de) {_NAME}(?=\s*(?:[,.!]|\Z|(?:ze?|od) ))",
            rf"\b(?:[Jj]á jsem|[Jj]sem) {_NAME}(?=\s*(?:[,.!]|\Z|(?:ze?|a) ))",
        ),
    )
)
_NOT_MEANT = re.compile(
    r"\b(?:sa(?:y|id|ys|ying)|tells?|told|asked?|asking|call(?:s|ed) me|wrote|reads?|pretend\w*"
    r"|imagine|suppose|if|unless|whether|as if|like|not|isn't|never|used to|thought|thinks?|movie"
    r"|character|play(?:s|ed|ing)?|role|řek\w*|říká\w*|povíd\w*|ptal\w*|psal\w*|představ\w* si"
    r"|kdyby\w*|jestli|jako by|prý|nejsem|nejmenuj\w*|hraj\w*|hrál\w*|roli|myslel\w*)\b",
    re.IGNORECASE,
)
_THIRD_PERSON = re.compile(
    r"\b(?:he|she|him|her|his|hers|he's|she's|they|on|ona|jeho|její|jemu|jí|ho|mu|kolega|kolegyně"
    r"|colleague|friend|boss|brother|sister|manžel\w*|kamarád\w*)\b",
    re.IGNORECASE,
)
_MORE = re.compile(r"[\"“„‘]")
# fmt: off
_NO_NAMES = frozenset((
    "I", "A", "The", "This", "That", "My", "God", "Ok", "Okay", "Monday", "Tuesday", "Wednesday",
    "Thursday", "Friday", "Saturday", "Sunday", "Not", "January", "February", "March", "April",
    "May", "June", "July", "August", "September", "October", "November", "December", "English",
    "Czech", "German", "French", "American", "British", "Sorry", "Yes", "No", "Happy",
))
# fmt: on


@dataclass(frozen=True, slots=True)
class NameCue:
    """A name that a sentence gives its speaker."""

    name: str
    score: float


def find_introduction(sentence: str, following: str = "") -> NameCue | None:
    """Return how the speaker of the sentence introduces themselves; None where nothing is certain.

    following: the next sentence, which may show that another person was meant.
    """
    for score, pattern in _INTRODUCTIONS:
        match = pattern.search(sentence)
        if match and _is_meant(sentence, match) and _is_a_name(match["it"]):
            return NameCue(match["it"], score)
    for pattern in _GIVEN_NAME:
        match = pattern.search(sentence)
        if match is None or not _is_meant(sentence, match) or not _is_given(match["it"]):
            continue
        if not _THIRD_PERSON.search(sentence) and not _THIRD_PERSON.search(_first(following)):
            return NameCue(match["it"], _BY_GIVEN_NAME)
    return None


def list_addressed(sentence: str, language: str) -> Iterator[str]:
    """Yield whom the sentence hands over to by name: asked something, or asked to go on.

    language: of Czech the form of address is turned into the name.
    """
    bare = sentence.strip().rstrip("\"'”“")
    for pattern, has_question in _ADDRESSES:
        match = pattern.search(bare)
        if match is None or (has_question and not bare.endswith("?")):
            continue
        name = _nominative(match["it"], language)
        if name:
            yield name
            return


def is_given_name(name: str) -> bool:
    """Whether the list has the name, in the form in which people introduce themselves."""
    return name in _given_names()


def _is_meant(sentence: str, match: re.Match[str]) -> bool:
    """Whether the cue is the speaker's own statement: no quotation, condition, or question."""
    before, after = sentence[: match.start()], sentence[match.end() :]
    is_asked = after.lstrip()[:1] == "?"
    return not (_NOT_MEANT.search(before) or _MORE.search(before) or is_asked)


def _is_a_name(name: str) -> bool:
    return not any(part in _NO_NAMES for part in name.split()) and len(name) > 1


def _is_given(name: str) -> bool:
    return _is_a_name(name) and is_given_name(name.split()[0])


def _first(text: str) -> str:
    return " ".join(text.split()[:6])


@cache
def _given_names() -> frozenset[str]:
    return _english() | frozenset(_czech().values())


@cache
def _english() -> frozenset[str]:
    return frozenset(read_given_names("en").split("|"))


@cache
def _czech() -> dict[str, str]:
    """Return names by the form in which one is addressed; of two the first one listed."""
    names: dict[str, str] = {}
    text = (Path(__file__).parent / "given_names_cs.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, address = line.split()
            names.setdefault(address, name)
    return names


def _nominative(address: str, language: str) -> str:
    if language in ("cs", "sk") and address in _czech():
        return _czech()[address]
    return address if address in _english() else ""


# Where a name is an address; whether the sentence must be a question.
_ONE = rf"(?P<it>[{CAPITALS}]\w+)"
_ADDRESSES: tuple[tuple[re.Pattern[str], bool], ...] = (
    (re.compile(rf",\s*{_ONE}\?\Z"), True),
    (
        re.compile(rf"\A(?:(?:[Aa]nd|[Ss]o|[Oo]kay|[Ww]ell|[Aa]|[Tt]ak|[Dd]obře),? )?{_ONE},\s"),
        True,
    ),
    (
        re.compile(
            rf"\A(?:(?:[Oo]kay|[Tt]hanks|[Aa]nd|[Ss]o|[Tt]ak),? )?{_ONE}, (?:over to you|go ahead"
            r"|please (?:go ahead|go on|start|begin)|your turn|máš slovo|máte slovo|prosím|můžeš"
            r"|můžete|začni|začněte|pokračuj|pokračujte)\b"
        ),
        False,
    ),
    (
        re.compile(
            r"(?i:\b(?:over to you|go ahead|your turn|please go on|máš slovo|máte slovo"
            rf"|pokračuj|pokračujte|začni|začněte|prosím))(?:,\s*| ){_ONE}[.!]?\Z"
        ),
        False,
    ),
)
