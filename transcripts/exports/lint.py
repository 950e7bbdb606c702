"""Faults of subtitles, found by a profile's rules: what a person should check before they publish
air. The sources of the rules are in `profiles` and `lines`.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transcripts.exports.cues import Cue, halve_lines
from transcripts.exports.lines import NEVER_BREAK_AFTER
from transcripts.exports.measures import Measure, measure_for
from transcripts.exports.profiles import Profile

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """`cue`: 1-based. `value` and `limit` are in the rule's unit: characters, lines, characters a
    second, or seconds; None where nothing is counted."""

    cue: int
    rule: str
    severity: str
    message: str
    value: float | None = None
    limit: float | None = None


def lint_cues(
    cues: Sequence[Cue], profile: Profile, *, language: str = "", below_language: str = ""
) -> list[Finding]:
    """Return what breaks a rule, in the order of the cues. Each is measured by its own script.

    Of two languages each is read by itself: it has half of the lines, and all of the time.
    """
    findings: list[Finding] = []
    for number, cue in enumerate(cues, 1):
        own = halve_lines(profile) if cue.below else profile
        measure = measure_for(own, "".join(cue.lines), language=language)
        findings += _lint_text(number, cue.lines, measure)
        findings += _lint_duration(number, cue, measure)
        findings += _lint_speed(number, cue, cue.lines, measure)
        if cue.below:
            measure = measure_for(own, "".join(cue.below), language=below_language)
            findings += _lint_text(number, cue.below, measure)
            findings += _lint_speed(number, cue, cue.below, measure)
        if number > 1:
            findings += _lint_gap(number, cues[number - 2], cue, profile)
    return findings


def _lint_text(number: int, lines: Sequence[str], measure: Measure) -> Iterator[Finding]:
    profile = measure.profile
    if not any(line.strip() for line in lines):
        yield Finding(number, "empty", ERROR, "There is no text.")
    fullest = max(lines, key=measure.width_of, default="")
    if measure.width_of(fullest) > profile.line_characters:
        room, _ = measure.own_scale(fullest)
        length = math.ceil(measure.width_of(fullest) / room)
        limit = profile.line_characters / room
        message = f"A line has the length of {length} characters."
        yield Finding(number, "line_length", ERROR, message, length, round(limit, 1))
    if len(lines) > profile.lines:
        message = f"There are {len(lines)} lines."
        yield Finding(number, "lines", ERROR, message, len(lines), profile.lines)
    for before in lines[:-1]:
        last = before.split()[-1].lower() if before.split() else ""
        if last in NEVER_BREAK_AFTER:
            message = f"A line ends with “{last}”, which belongs to the next word."
            yield Finding(number, "break", WARNING, message)


def _lint_duration(number: int, cue: Cue, measure: Measure) -> Iterator[Finding]:
    profile = measure.profile
    duration_ms = cue.end_ms - cue.start_ms
    if duration_ms <= 0:
        yield Finding(number, "duration", ERROR, "It ends before it begins.", duration_ms / 1000)
        return
    if duration_ms < profile.min_duration_ms:
        yield _duration(number, "It stands too short.", duration_ms, profile.min_duration_ms)
    if duration_ms > profile.max_duration_ms:
        yield _duration(number, "It stands too long.", duration_ms, profile.max_duration_ms)


def _lint_speed(number: int, cue: Cue, lines: Sequence[str], measure: Measure) -> Iterator[Finding]:
    profile, text = measure.profile, "".join(lines)
    duration_ms = cue.end_ms - cue.start_ms
    if duration_ms <= 0:
        return
    speed = measure.reading_characters(text) * 1000 / duration_ms
    if speed > profile.warning_a_second:
        _, time = measure.own_scale(text)
        message = f"{speed / time:.1f} characters a second are too many to read."
        limit = round(profile.warning_a_second / time, 1)
        yield Finding(number, "reading_speed", WARNING, message, round(speed / time, 1), limit)


def _duration(number: int, message: str, duration_ms: int, limit_ms: int) -> Finding:
    return Finding(number, "duration", WARNING, message, duration_ms / 1000, limit_ms / 1000)


def _lint_gap(number: int, before: Cue, cue: Cue, profile: Profile) -> Iterator[Finding]:
    gap_ms = cue.start_ms - before.end_ms
    if gap_ms < 0:
        message = "It begins before the one before has ended."
        yield Finding(number, "overlap", ERROR, message, gap_ms / 1000, 0)
    elif gap_ms < profile.gap_ms:
        message = "It follows the one before too closely."
        yield Finding(number, "gap", WARNING, message, gap_ms / 1000, profile.gap_ms / 1000)
