"""What kinds of personal data there are, and what stands in their place once masked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from re import Match, Pattern

# Capital letters of the Latin scripts, as the inside of a character class: a range between two of
# them holds small ones, too.
CAPITALS = "A-Z" + "".join(chr(code) for code in range(0xC0, 0x17F) if chr(code).isupper())


class PiiKind(StrEnum):
    EMAIL = "EMAIL"
    IBAN = "IBAN"
    CARD = "CARD"
    PHONE = "PHONE"
    IP = "IP"
    URL = "URL"
    ID = "ID"
    ACCOUNT = "ACCOUNT"
    DOB = "DOB"
    ADDRESS = "ADDRESS"
    PERSON = "PERSON"


PLACEHOLDERS = {
    PiiKind.EMAIL: "[e-mail]",
    PiiKind.IBAN: "[IBAN]",
    PiiKind.CARD: "[card number]",
    PiiKind.PHONE: "[phone number]",
    PiiKind.IP: "[IP address]",
    PiiKind.URL: "[web address]",
    PiiKind.ID: "[ID number]",
    PiiKind.ACCOUNT: "[account number]",
    PiiKind.DOB: "[date of birth]",
    PiiKind.ADDRESS: "[address]",
    PiiKind.PERSON: "[name]",
}
# Of these, rules find a part only: they know cues and frequent names, not every name and street.
PARTIAL = (PiiKind.PERSON, PiiKind.ADDRESS)
ALL_KINDS = tuple(PiiKind)


@dataclass(frozen=True, slots=True)
class PiiItem:
    """Characters `start` to `end` of a text."""

    kind: PiiKind
    start: int
    end: int

    @property
    def placeholder(self) -> str:
        return PLACEHOLDERS[self.kind]


@dataclass(frozen=True, kw_only=True)
class PiiRule:
    """A form that a kind has in texts. Those that come first in the table win where two overlap.

    pattern: its group `it`, or the whole match, is the finding. Takes linear time.
    find_end: where the finding ends, given the match; None where its checksum is wrong.
    context: needed in the 60 characters before (or the 25 behind); unless: not directly before.
    """

    kind: PiiKind
    pattern: Pattern[str]
    find_end: Callable[[Match[str]], int | None] = field(default=lambda match: end_of(match))
    context: Pattern[str] | None = None
    unless: Pattern[str] | None = None
    needs: str = "digit"  # what a text must hold for it to be tried: "digit", or a literal; "": any


def end_of(match: Match[str]) -> int:
    return match.end("it") if "it" in match.re.groupindex else match.end()


def start_of(match: Match[str]) -> int:
    return match.start("it") if "it" in match.re.groupindex else match.start()


def checked(is_valid: Callable[[str], bool]) -> Callable[[Match[str]], int | None]:
    """Return a `find_end` that asks `is_valid` about the finding's text."""

    def find_end(match: Match[str]) -> int | None:
        start, end = start_of(match), end_of(match)
        return end if is_valid(match.string[start:end]) else None

    return find_end
