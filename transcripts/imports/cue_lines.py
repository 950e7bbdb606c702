"""A file of lines, divided into cues at its lines of times: SubRip, WebVTT and SBV.

Divided at the times, not at empty lines: those stand inside cues, too. Between two lines of times
every line is the first one's text, but for the number or name directly before the second, and
WebVTT's comments. One pass over the lines.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from transcripts.imports.stamps import Stamp

_BLOCKS = ("NOTE", "STYLE", "REGION")  # WebVTT's comments and styles, until an empty line
_MOST_NAME_LINES = 2


@dataclass(frozen=True, slots=True)
class RawCue:
    """`line`: of the times, from 1. `lines`: the text's, without empty ones at the ends."""

    line: int
    stamp: Stamp
    lines: tuple[str, ...]


@dataclass
class CueLines:
    """`commented`: lines of times inside WebVTT's comments; `before`: lines before the first cue
    that are neither its number nor a header."""

    cues: list[RawCue] = field(default_factory=list)
    commented: list[int] = field(default_factory=list)
    before: list[int] = field(default_factory=list)


def divide_lines(
    lines: Sequence[str], read_stamp: Callable[[str], Stamp | None], *, is_vtt: bool
) -> CueLines:
    found = CueLines()
    in_block = _lines_of_blocks(lines) if is_vtt else frozenset()
    stamps: list[tuple[int, Stamp]] = []
    for place, line in enumerate(lines):
        stamp = read_stamp(line)
        if stamp is not None and place in in_block:
            found.commented.append(place + 1)
        elif stamp is not None:
            stamps.append((place, stamp))
    if not stamps:
        return found
    header_end = _header_end(lines) if is_vtt else 0
    names = _Names(lines, first=stamps[0][0], is_vtt=is_vtt)
    name_at = names.begin(stamps[0][0], floor=header_end)
    before = range(header_end, name_at)
    found.before += [at + 1 for at in before if lines[at].strip() and at not in in_block]
    for number, (place, stamp) in enumerate(stamps):
        following = stamps[number + 1][0] if number + 1 < len(stamps) else len(lines)
        end = names.begin(following, floor=place + 1) if following < len(lines) else following
        text = [stamp.text, *(lines[at] for at in range(place + 1, end) if at not in in_block)]
        found.cues.append(RawCue(place + 1, stamp, tuple(line for line in text if line.strip())))
    return found


def _lines_of_blocks(lines: Sequence[str]) -> frozenset[int]:
    inside: set[int] = set()
    is_inside, was_blank = False, True
    for place, line in enumerate(lines):
        is_blank = not line.strip()
        if is_blank:
            is_inside = False
        elif was_blank and line.split(None, 1)[0] in _BLOCKS:
            is_inside = True
        if is_inside:
            inside.add(place)
        was_blank = is_blank
    return frozenset(inside)


def _header_end(lines: Sequence[str]) -> int:
    """Return the first line behind WebVTT's header, which ends with an empty line."""
    has_begun = False
    for place, line in enumerate(lines):
        is_blank = not line.strip()
        if (is_blank and has_begun) or "-->" in line:
            return place
        has_begun = has_begun or not is_blank
    return len(lines)


class _Names:
    """Which lines before a line of times are the cue's number or name."""

    def __init__(self, lines: Sequence[str], *, first: int, is_vtt: bool) -> None:
        self._lines = lines
        self._is_vtt = is_vtt
        self._has_numbers = first > 0 and _is_number(lines[_last_filled(lines, first)])

    def begin(self, place: int, *, floor: int) -> int:
        """Return where the number or name of the cue at `place` begins; `place` if it has none.

        floor: the first line that may be part of it.
        """
        last = _last_filled(self._lines, place)
        if last < floor:
            return place
        if _is_number(self._lines[last]):
            return self._begin_of_number(last, place, floor=floor)
        if last < place - 1 or not self._is_vtt:
            return place
        begin = last
        while begin > floor and self._lines[begin - 1].strip():
            begin -= 1
        # Lines that follow the times before without an empty line are that cue's text.
        is_text = begin == floor and floor > 0 and self._lines[floor - 1].strip()
        return place if is_text or place - begin > _MOST_NAME_LINES else begin

    def _begin_of_number(self, last: int, place: int, *, floor: int) -> int:
        is_above = last == place - 1 and last > floor and not self._lines[last - 1].strip()
        if not (self._has_numbers or is_above):
            return place  # spoken in a file without numbers
        while last > floor and self._lines[last - 1].strip() == self._lines[last].strip():
            last -= 1  # doubled
        return last


def _last_filled(lines: Sequence[str], place: int) -> int:
    """Return the last line before `place` that isn't empty; -1 where there is none."""
    place -= 1
    while place >= 0 and not lines[place].strip():
        place -= 1
    return place


def _is_number(line: str) -> bool:
    number = line.strip()
    return number.isascii() and number.isdigit() and len(number) <= 9
