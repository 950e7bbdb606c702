"""Names of people, as far as cues and lists go: not every name is found, and the answers say so.

Cues are titles ("Dr", "paní") and introductions ("my name is"); given names are the frequent ones
of both languages, in all their Czech cases, without those that are words as well (Will, Mark,
Rose); the speakers of a transcript are known by name.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from transcripts.pii.kinds import CAPITALS, PiiKind, PiiRule

_CAPITAL = rf"[{CAPITALS}][\w'’]*(?:-[{CAPITALS}]\w+)?"
_TITLED = re.compile(
    r"\b(?:Mr|Mrs|Ms|Miss|Mister|Dr|Doctor|Prof|Professor|Sir|Madam|Herr|Frau|Señora?|Monsieur|Madame"
    r"|[Pp]an(?:a|u|em|í|e|ové)?|[Pp]ane|[Ss]lečn[aouěy]|[Dd]oktor(?:a|u|em|ka|ky|ce|ku|kou)?"
    r"|[Ii]ng|Mgr|MUDr|JUDr|[Ii]nženýr(?:a|u|em|ka|ky|ce)?|[Pp]rofesor(?:a|u|em|ka|ky|ce)?)"
    rf"\.? (?P<it>{_CAPITAL}(?: {_CAPITAL}){{0,2}})"
)
_ANY = r"[^\W\d_]{2,30}"
_INTRODUCED = re.compile(
    r"(?i:\b(?:my (?:full )?name is|my name's|[jJ]menuj[iu] se|m[ée] jméno je|moje jméno je"
    rf"|(?:you are|you're) speaking (?:to|with)|u telefonu)) (?P<it>{_ANY}(?: (?!(?i:and|from|with"
    rf"|i|a|ze?|volám|bydl\w*|i'm|the|in|at|speaking|here|but|calling)\b){_ANY})?)"
)
_SPEAKING = re.compile(
    rf"\b(?:[Tt]his is|[Ii]t's|[Tt]ady|[Zz]de) (?P<it>{_CAPITAL}(?: {_CAPITAL})?)"
    r"(?= (?:speaking|here|from|calling|u telefonu|ze? ))"
)


def read_given_names(language: str) -> str:
    """Return the list's names, or their stems, as alternatives of a pattern."""
    text = (Path(__file__).parent / "given_names.txt").read_text(encoding="utf-8")
    section = text.partition(f"[{language}]\n")[2].partition("\n[")[0]
    return "|".join(section.split())


_CASES = r"(?:ovi|ovou|ovy|em|ům|ou|ích|ami|ého|ému|ím|ím|[aeuiyěoíů])?"
_AFTER = rf"(?: [{CAPITALS}][\w’'-]+)?"
_ENGLISH = re.compile(rf"\b(?P<it>(?:{read_given_names('en')}){_AFTER})(?=\b)")
_CZECH = re.compile(rf"\b(?P<it>(?:{read_given_names('cs')}){_CASES}(?=[\W_]|\Z){_AFTER})(?=\b)")
CUES = (
    PiiRule(kind=PiiKind.PERSON, pattern=_TITLED, needs=""),
    PiiRule(kind=PiiKind.PERSON, pattern=_INTRODUCED, needs=""),
    PiiRule(kind=PiiKind.PERSON, pattern=_SPEAKING, needs=""),
)
_BY_LANGUAGE = {"en": (_ENGLISH,), "cs": (_CZECH,), "sk": (_CZECH,)}
_ANONYMOUS = re.compile(r"\w+ \d+\Z")  # "Speaker 1"


def list_rules(language: str, names: Iterable[str] = ()) -> tuple[PiiRule, ...]:
    """Return how people's names are found. `names`: of those who speak."""
    lists = _BY_LANGUAGE.get(language, (_ENGLISH,))
    known = [PiiRule(kind=PiiKind.PERSON, pattern=pattern, needs="") for pattern in lists]
    spoken = _find_known(names)
    if spoken is not None:
        known.insert(0, PiiRule(kind=PiiKind.PERSON, pattern=spoken, needs=""))
    return (*CUES, *known)


def _find_known(names: Iterable[str]) -> re.Pattern[str] | None:
    """Return a pattern for the parts of the names, with the endings that cases give them."""
    stems = set()
    for name in names:
        if not _ANONYMOUS.match(name):
            stems |= {part.rstrip("aeiouyáéíóúýě") for part in re.findall(r"[^\W\d_]{3,}", name)}
    ordered = sorted((re.escape(stem) for stem in stems if len(stem) > 1), key=len, reverse=True)
    if not ordered:
        return None
    return re.compile(
        rf"\b(?P<it>(?:{'|'.join(ordered)})(?:{_CASES}|[aeiouyáéíóúýě]{{0,2}}))(?=[\W_]|\Z)"
    )
