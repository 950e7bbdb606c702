"""Masking of personal data by rules: e-mail addresses, telephone and card numbers, IBANs.

Rules know forms, not meanings: a name, an address or a number that is spoken in words stays, and
so does what a segment's end cuts in two. A card number must pass the Luhn check (ISO/IEC 7812-1)
and an IBAN its own (ISO 13616, modulo 97), so that few other numbers are taken for one.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from transcripts.exports.document import Document
from transcripts.text.segments import Segment
from transcripts.text.words import Word

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,8}")
# In groups of four, as printed, or in one: a run can be read in one way only.
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,3})?\b")
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
# At least nine digits, or seven behind a country's prefix; groups of them with the usual marks.
_PHONE = re.compile(r"(?<![\w+])(?:\+|00)?\(?\d(?:[ ./()-]{0,2}\d){6,14}(?!\w)")
_SHORTEST_PHONE_DIGITS = 9


@dataclass(frozen=True)
class _Rule:
    pattern: re.Pattern[str]
    mask: str
    accepts: Callable[[str], bool]


def _passes_luhn(text: str) -> bool:
    digits = [int(character) for character in reversed(text) if character.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    compact = text.replace(" ", "")
    turned = compact[4:] + compact[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def _is_phone(text: str) -> bool:
    digits = sum(character.isdigit() for character in text)
    return text.startswith(("+", "00")) or digits >= _SHORTEST_PHONE_DIGITS


# Tried in this order: a card number also matches a telephone number.
_RULES = {
    "email": _Rule(_EMAIL, "[e-mail]", lambda text: True),
    "iban": _Rule(_IBAN, "[IBAN]", _is_iban),
    "card": _Rule(_CARD, "[card number]", _passes_luhn),
    "phone": _Rule(_PHONE, "[phone number]", _is_phone),
}
KINDS = tuple(_RULES)


@dataclass(frozen=True)
class _Interval:
    start: int
    end: int
    mask: str


def redact_document(document: Document, *, kinds: Collection[str]) -> Document:
    """Return the document with what the rules find masked in texts, words, names and title."""
    rules = [rule for kind, rule in _RULES.items() if kind in kinds]
    return replace(
        document,
        title=_redact_text(document.title, rules),
        speakers=tuple(_redact_text(speaker, rules) for speaker in document.speakers),
        segments=tuple(_redact_segment(segment, rules) for segment in document.segments),
        gaps=tuple(
            replace(gap, text=_redact_text(gap.text, rules), words=()) for gap in document.gaps
        ),
    )


def _redact_segment(segment: Segment, rules: list[_Rule]) -> Segment:
    intervals = _find_intervals(segment.text, rules)
    name = segment.speaker_name
    return replace(
        segment,
        text=_mask(segment.text, intervals),
        words=tuple(_redact_words(segment, intervals)) if intervals else segment.words,
        speaker_name=_redact_text(name, rules) if name is not None else None,
    )


def _redact_text(text: str, rules: list[_Rule]) -> str:
    return _mask(text, _find_intervals(text, rules))


def _find_intervals(text: str, rules: list[_Rule]) -> list[_Interval]:
    """Return them in the text's order; none overlaps another, earlier rules come first."""
    intervals: list[_Interval] = []
    taken = bytearray(len(text))  # 1 where an interval covers the character
    for rule in rules:
        for match in rule.pattern.finditer(text):
            start, end = match.start(), match.end()
            if taken.find(1, start, end) < 0 and rule.accepts(match[0]):
                intervals.append(_Interval(start, end, rule.mask))
                taken[start:end] = b"\x01" * (end - start)
    return sorted(intervals, key=lambda interval: interval.start)


def _mask(text: str, intervals: list[_Interval]) -> str:
    masked = []
    position = 0
    for interval in intervals:
        masked += [text[position : interval.start], interval.mask]
        position = interval.end
    return "".join([*masked, text[position:]])


def _redact_words(segment: Segment, intervals: list[_Interval]) -> Iterator[Word]:
    """Yield the words; those that one masked interval touches become one, with all their time.

    Words that don't join to their text can't be located in it: they give way to one for it all.
    """
    placed = _place_words(segment)
    if placed is None:
        yield Word(
            _mask(segment.text, intervals),
            segment.start_ms,
            segment.end_ms,
            segment.confidence,
            False,
        )
        return
    group: list[tuple[int, Word]] = []
    for start, word in placed:
        if group and not _is_joined(group[-1], start, intervals):
            yield _join(group, segment.text, intervals)
            group = []
        group.append((start, word))
    if group:
        yield _join(group, segment.text, intervals)


def _place_words(segment: Segment) -> list[tuple[int, Word]] | None:
    """Return where in the text each word begins; None where the two don't fit together."""
    placed: list[tuple[int, Word]] = []
    position = 0
    for word in segment.words:
        start = segment.text.find(word.text, position)
        if start < 0 or segment.text[position:start].strip():
            return None
        placed.append((start, word))
        position = start + len(word.text)
    return None if segment.text[position:].strip() else placed


def _is_joined(last: tuple[int, Word], start: int, intervals: list[_Interval]) -> bool:
    """Whether an interval covers the end of the last word and the beginning of the next."""
    end = last[0] + len(last[1].text)
    number = bisect_right(intervals, start, key=lambda interval: interval.end)
    return number < len(intervals) and intervals[number].start < end


def _join(group: list[tuple[int, Word]], text: str, intervals: list[_Interval]) -> Word:
    start = group[0][0]
    end = group[-1][0] + len(group[-1][1].text)
    first = bisect_left(intervals, start, key=lambda interval: interval.start)
    after = bisect_right(intervals, end, key=lambda interval: interval.end)
    inside = [_moved(interval, by=-start) for interval in intervals[first:after]]
    words = [word for _, word in group]
    measured = [word.confidence for word in words if word.confidence is not None]
    return replace(
        words[0],
        text=_mask(text[start:end], inside),
        end_ms=max(word.end_ms for word in words),
        confidence=min(measured, default=None),
    )


def _moved(interval: _Interval, *, by: int) -> _Interval:
    return _Interval(interval.start + by, interval.end + by, interval.mask)
