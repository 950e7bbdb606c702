"""PiiItem personal data in a text, and masking it: the one place, for exports and for answers."""

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from transcripts.pii import names as people
from transcripts.pii import phones
from transcripts.pii.addresses import NET_ADDRESSES, PLACES_AND_DATES
from transcripts.pii.kinds import ALL_KINDS, PiiItem, PiiKind, PiiRule, start_of
from transcripts.pii.numbers import NUMBERS
from transcripts.pii.spoken import write_out

_CONTEXT_BEFORE = 60
_CONTEXT_BEHIND = 25
_DIGITS = frozenset("0123456789")
_NAMES_KNOWN = 100


def find_personal_data(
    text: str,
    *,
    language: str = "",
    kinds: Collection[PiiKind] = ALL_KINDS,
    names: Iterable[str] = (),
) -> list[PiiItem]:
    """Return what is found, in the text's order; none overlaps another.

    language: ISO 639-1, of whose countries telephone numbers without a prefix are; names: of the
    speakers. Linear in the text's length. What is spoken ("j dot smith at gmail dot com", digits
    as words) is found as what is written.
    """
    table = _table(language, tuple(names)[:_NAMES_KNOWN])
    findings = _find(text, table, kinds)
    written = write_out(text)
    if written is not None:
        taken = _take_characters(text, findings)
        for finding in _find(written.text, table, kinds):
            start, end = written.locate(finding.start, finding.end)
            if taken.find(1, start, end) < 0:
                findings.append(PiiItem(finding.kind, start, end))
                taken[start:end] = b"\x01" * (end - start)
    return sorted(findings, key=lambda finding: finding.start)


def mask(text: str, findings: Sequence[PiiItem]) -> str:
    """Return the text with the placeholder of each finding in its place."""
    parts = []
    position = 0
    for finding in findings:
        parts += [text[position : finding.start], finding.placeholder]
        position = finding.end
    return "".join([*parts, text[position:]])


@lru_cache(maxsize=256)
def _table(language: str, names: tuple[str, ...]) -> tuple[PiiRule, ...]:
    """Return the rules; where two find something, the earlier one counts."""
    return (
        *NET_ADDRESSES,
        *NUMBERS,
        *PLACES_AND_DATES[:1],
        *phones.list_rules(language),
        *PLACES_AND_DATES[1:],
        *people.list_rules(language, names),
    )


def _find(text: str, table: Sequence[PiiRule], kinds: Collection[PiiKind]) -> list[PiiItem]:
    """What is of another kind than asked for still keeps its characters: no card is a telephone."""
    findings: list[PiiItem] = []
    taken = bytearray(len(text))  # 1 where a finding covers the character
    has_digit = not _DIGITS.isdisjoint(text)
    for rule in table:
        needs = rule.needs
        if needs and not (has_digit if needs == "digit" else needs in text):
            continue
        for match in rule.pattern.finditer(text):
            start = start_of(match)
            if not _fits_context(text, start, match.end(), rule):
                continue
            end = rule.find_end(match)
            if end is not None and start < end and taken.find(1, start, end) < 0:
                findings.append(PiiItem(rule.kind, start, end))
                taken[start:end] = b"\x01" * (end - start)
    return [finding for finding in findings if finding.kind in kinds]


def _fits_context(text: str, start: int, end: int, rule: PiiRule) -> bool:
    before = text[max(0, start - _CONTEXT_BEFORE) : start]
    if rule.unless is not None and rule.unless.search(before):
        return False
    if rule.context is None:
        return True
    behind = text[end : end + _CONTEXT_BEHIND]
    return bool(rule.context.search(before) or rule.context.search(behind))


def _take_characters(text: str, findings: Iterable[PiiItem]) -> bytearray:
    taken = bytearray(len(text))
    for finding in findings:
        taken[finding.start : finding.end] = b"\x01" * (finding.end - finding.start)
    return taken
