"""Gaps as they are shown: which ones, joined how, and the one warning that names them.

A gap is speech that the text does not cover, or text that was not accepted (`models.Gap`). Stored
are all; this module alone decides which of them are shown. Pure functions on rows.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from transcripts.gaps.models import GapReason
from transcripts.text.clock import format_clock
from transcripts.text.words import Word, with_first_space
from transcripts.text.writing import is_spaced, join_texts
from transcripts.warnings import NO_SPEECH, NO_WORDS

# Shorter ones are not shown: a hesitation, the edge of a word (the coverage check of the inference
# service reads runs of 1 s and more). One that holds text may be as short as a word.
LEAST_MS = 1_000
LEAST_WITH_TEXT_MS = 300
# Gaps this close together are one: between them lies a pause within a phrase, not a sentence.
JOIN_MS = 300

CODE = "speech_not_transcribed"
# The warnings of recordings that have no text and no shown gap: nothing of them is charged.
WORDLESS = frozenset({NO_SPEECH, NO_WORDS})
_PLACES_NAMED = 10
_BRIEF_S = 9.95  # what rounds to less than 10.0


class GapRow(Protocol):
    """`models.Gap`, as far as it is read here."""

    key: str
    start_ms: int
    end_ms: int
    reason: str
    text: str
    words: Any  # as `Segment.words`
    confidence: float | None
    language: str
    resolution: str
    source: int


@dataclass(frozen=True)
class ShownGap:
    """One or more stored gaps. `keys`: theirs; the first is the id that the outside knows."""

    keys: tuple[str, ...]
    start_ms: int
    end_ms: int
    reason: str
    text: str = ""
    words: tuple[Word, ...] = ()
    language: str = ""
    source: int = 0  # index in `TranscriptionJob.sources`: in which sound of the recording it is

    @property
    def id(self) -> str:
        return self.keys[0]

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms


def show_gaps(rows: Iterable[GapRow], *, is_original: bool = False) -> tuple[ShownGap, ...]:
    """Return what is shown of the stored gaps, in time order.

    is_original: also those that were resolved since, as the machine left them.
    """
    shown = (
        row
        for row in rows
        if row.reason != GapReason.NOT_SPEECH and (is_original or not row.resolution)
    )
    groups: list[list[GapRow]] = []
    end_ms = 0
    for row in sorted(shown, key=lambda each: each.start_ms):
        is_one = bool(groups) and groups[-1][-1].source == row.source
        if is_one and row.start_ms - end_ms <= JOIN_MS:
            groups[-1].append(row)
        else:
            groups.append([row])
        end_ms = max(end_ms, row.end_ms)
    joined = (_join(group) for group in groups)
    return tuple(gap for gap in joined if gap.length_ms >= _least_ms(gap))


def gap_warning(gaps: Sequence[ShownGap]) -> dict[str, Any]:
    """Return the warning that names these gaps (one at least): how many, how long, where."""
    places = [place_of(gap) for gap in gaps[:_PLACES_NAMED]]
    if len(gaps) > _PLACES_NAMED:
        places.append(f"and {len(gaps) - _PLACES_NAMED} more")
    total_s = seconds_of(gaps)
    length = rounded_seconds(total_s)
    what = "1 part of the speech" if len(gaps) == 1 else f"{len(gaps)} parts of the speech"
    verb = "is" if len(gaps) == 1 else "are"
    return {
        "code": CODE,
        "message": f"{what} ({length} s) {verb} not in the text: {', '.join(places)}.",
        "gaps": len(gaps),
        "seconds": total_s,
    }


def with_gap_warning(
    warnings: Iterable[dict[str, Any]], gaps: Sequence[ShownGap]
) -> list[dict[str, Any]]:
    """Return the warnings with the one about these gaps; with none of that kind for no gaps."""
    others = [warning for warning in warnings if warning["code"] != CODE]
    return [*others, gap_warning(gaps)] if gaps else others


def seconds_of(gaps: Iterable[ShownGap]) -> float:
    return sum(gap.length_ms for gap in gaps) / 1000


def seconds_in(warnings: Iterable[Mapping[str, Any]]) -> float:
    """Return the seconds that a transcript's warnings name; 0 where no gap is shown. No query."""
    return next((float(each["seconds"]) for each in warnings if each["code"] == CODE), 0.0)


def has_gap_warning(warnings: Iterable[Mapping[str, Any]]) -> bool:
    return any(warning["code"] == CODE for warning in warnings)


def rounded_seconds(seconds: float) -> float:
    """Return them as they are shown: in tenths below ten seconds (a float), else whole (an int)."""
    return round(seconds, 1) if is_brief(seconds) else round(seconds)


def is_brief(seconds: float) -> bool:
    """Whether it is shown in tenths of a second: whole ones would be 0 s, or 0:00–0:00."""
    return seconds < _BRIEF_S


def place_of(gap: ShownGap) -> str:
    """Return from when to when it is: "0:12–0:34", or "0:01.2–0:01.7" for a brief one."""
    has_tenths = is_brief(gap.length_ms / 1000)
    return "–".join(format_clock(ms, has_tenths=has_tenths) for ms in (gap.start_ms, gap.end_ms))


def _least_ms(gap: ShownGap) -> int:
    return LEAST_WITH_TEXT_MS if gap.text else LEAST_MS


def _join(group: Sequence[GapRow]) -> ShownGap:
    """The reason is that of most of the time."""
    intervals: Counter[str] = Counter()
    for row in group:
        intervals[str(row.reason)] += row.end_ms - row.start_ms
    language = next((row.language for row in group if row.language), "")
    return ShownGap(
        keys=tuple(row.key for row in group),
        start_ms=group[0].start_ms,
        end_ms=max(row.end_ms for row in group),
        reason=intervals.most_common(1)[0][0],
        text=join_texts((row.text for row in group if row.text), language=language),
        words=tuple(_gather_words(group, language=language)),
        language=language,
        source=group[0].source,
    )


def _gather_words(group: Sequence[GapRow], *, language: str) -> list[Word]:
    gathered: list[Word] = []
    for row in group:
        has_space = is_spaced(language) and bool(gathered)
        gathered += with_first_space([*map(Word.from_json, row.words)], has_space=has_space)
    return gathered
