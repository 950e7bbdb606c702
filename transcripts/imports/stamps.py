"""Lines of times, as lenient as people's files: "00:00:01,000 --> 00:00:02,500", and what is meant
to be one.

Every expression here is bounded (no unlimited repetition over what may repeat) and is tried at the
start of a line only: the work for a line doesn't grow with its length.
"""

import re
from dataclasses import dataclass

LATEST_MS = 1000 * 3600 * 1000
# Two to four numbers: hours, minutes, seconds and what is behind the last divider. Spaces and
# colons before the milliseconds, and single digits, are found in the wild.
_CLOCK = r"(\d{1,4}(?:\s{0,2}[:.,;]\s{0,2}\d{1,9}){1,3})"
_NUMBER = r"(?:\d{1,9}[ \t]{1,4})?"  # of the cue, on the same line
_ARROW_STAMP = re.compile(rf"[ \t]{{0,40}}{_NUMBER}{_CLOCK}\s{{0,8}}-->\s{{0,8}}{_CLOCK}(?![\d:])")
_COMMA_STAMP = re.compile(
    r"\s{0,40}(\d{1,4}:\d{1,2}:\d{1,2}\.\d{1,9}),(\d{1,4}:\d{1,2}:\d{1,2}\.\d{1,9})\s{0,40}\Z"
)
# Meant to be a line of times: another arrow, or one of the times missing or garbled.
_MEANT = re.compile(
    rf"[ \t]{{0,40}}{_NUMBER}(?:{_CLOCK}\s{{0,8}}(?:-{{1,3}}|=)>|-->\s{{0,8}}{_CLOCK})"
)
_DIVIDER = re.compile(r"[:.,;]")
_MOST_OF_SIXTY = 59  # minutes of an hour, seconds of a minute
# Behind the times: WebVTT's settings, SubRip's positions.
_SETTING = re.compile(
    r"(?:align|position|line|size|vertical|region|[XY][12]):\S{1,200}\Z", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """`text` is what stands behind the times on their line and is no setting."""

    start_ms: int
    end_ms: int
    text: str = ""


BROKEN = Stamp(-1, -1)  # meant to be times, but can't be read


def read_stamp(line: str) -> Stamp | None:
    """Return the times of a SubRip or WebVTT line; None for any other line."""
    if ">" not in line:
        return None
    match = _ARROW_STAMP.match(line)
    if match is None:
        return BROKEN if _MEANT.match(line) is not None else None
    start_ms, end_ms = _milliseconds(match[1]), _milliseconds(match[2])
    if start_ms is None or end_ms is None:
        return BROKEN
    return Stamp(start_ms, end_ms, _without_settings(line[match.end() :]))


def read_comma_stamp(line: str) -> Stamp | None:
    """Return the times of a line of SBV: "0:00:01.000,0:00:02.500"."""
    match = _COMMA_STAMP.match(line)
    if match is None:
        return None
    start_ms, end_ms = _milliseconds(match[1]), _milliseconds(match[2])
    return BROKEN if start_ms is None or end_ms is None else Stamp(start_ms, end_ms)


def read_clock(text: str) -> int | None:
    """Return "1:02:03.45" in milliseconds; None for what is no time, such as "0:99:99"."""
    return _milliseconds(text) if re.fullmatch(_CLOCK, text) is not None else None


def _milliseconds(clock: str) -> int | None:
    numbers = [part.strip() for part in _DIVIDER.split(clock)]
    dividers = _DIVIDER.findall(clock)
    # Four numbers, or a point or comma before the last: that one is a fraction of a second.
    has_fraction = len(numbers) == 4 or dividers[-1] in ".,"
    fraction = numbers.pop() if has_fraction else "0"
    # "75:30.000" is an hour and a quarter, but no hour has 99 minutes.
    if any(int(number) > _MOST_OF_SIXTY for number in numbers[1:]):
        return None
    seconds = 0
    for number in numbers:
        seconds = seconds * 60 + int(number)
    total_ms = seconds * 1000 + int(fraction[:3].ljust(3, "0"))
    return total_ms if total_ms <= LATEST_MS else None


def _without_settings(rest: str) -> str:
    words = rest[:2000].split()
    return "" if all(_SETTING.match(word) for word in words) else rest.strip()
