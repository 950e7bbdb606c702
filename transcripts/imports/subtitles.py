"""SubRip, WebVTT, SBV and SubStation Alpha, as they are found: with or without numbers, markup,
settings and styles.

Each line of times becomes a segment (two where two voices speak), is an empty cue, or is counted:
a remark states how many were left out, and at which lines. The marks of gaps in our own exports are
no text; a remark lists where they stand.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from transcripts.exports.origin import is_corrected_origin, is_machine_origin
from transcripts.imports.bounds import MAX_LINES, MAX_SEGMENT_CHARACTERS, MAX_SEGMENTS
from transcripts.imports.cue_lines import RawCue, divide_lines
from transcripts.imports.gap_marks import GapMarks
from transcripts.imports.markup import VoicedText, has_times, read_vtt, strip_srt
from transcripts.imports.rolling import without_repeats
from transcripts.imports.segments import (
    Imported,
    ImportFileError,
    Remark,
    name_lines,
)
from transcripts.imports.stamps import BROKEN, Stamp, read_comma_stamp, read_stamp
from transcripts.imports.substation import is_substation, read_substation
from transcripts.imports.timed_text import place_chunks
from transcripts.text.segments import Segment

_NOTE = re.compile(r"^NOTE origin: (.{1,100})$", re.MULTILINE)  # of our own WebVTT
_MOST_NOTICE_CUES = 20  # of one word a line, the longest notice is this many
# How our own SubRip names who begins to speak: no longer than a line of the widest profile.
_NAME = re.compile(r"([^\s:][^:]{0,98}):(?:\s+|\Z)")
_OTHERS = (
    (re.compile(r"\s{0,40}<(?:\?xml|tt[\s>:])", re.IGNORECASE), "TTML"),
    (re.compile(r"\s{0,40}<SAMI", re.IGNORECASE), "SAMI"),
    (re.compile(r"\s{0,40}\{\d{1,9}\}\{\d{0,9}\}"), "MicroDVD (.sub)"),
    (re.compile(r"\s{0,40}\[\d{1,3}:\d{2}[.:]\d{2,3}\]"), "LRC"),
    (re.compile(r"\s{0,40}Scenarist_SCC"), "Scenarist (.scc)"),
)


@dataclass
class _Lost:
    """Lines, from 1, of what was not taken as it stood."""

    broken: list[int] = field(default_factory=list)
    commented: list[int] = field(default_factory=list)
    before: list[int] = field(default_factory=list)
    reversed: list[int] = field(default_factory=list)
    marks: GapMarks = field(default_factory=GapMarks)

    def remarks(self) -> Iterator[Remark]:
        if self.broken:
            count = len(self.broken)
            what = "1 cue was" if count == 1 else f"{count} cues were"
            yield Remark(
                "cues_skipped",
                f"{what} left out: the times can't be read, in {name_lines(self.broken)}.",
                is_loss=True,
            )
        if self.commented:
            yield Remark(
                "comments_skipped",
                f"Times inside a comment or style were left out: {name_lines(self.commented)}.",
                is_loss=True,
            )
        if self.before:
            yield Remark(
                "lines_skipped",
                f"What stands before the first cue was left out: {name_lines(self.before)}.",
                is_loss=True,
            )
        if self.reversed:
            yield Remark(
                "times_corrected",
                "A cue that ends before it begins lasts a millisecond now:"
                f" {name_lines(self.reversed)}.",
            )
        yield from self.marks.remarks()


def read_subtitles(text: str, *, notices: Mapping[str, str]) -> Imported:
    """Return the cues as segments, in order of time. Raises ImportFileError.

    notices: what our own SubRip says of itself, without spaces, in each language of ours, and the
    origin that it states (`exports.notice.all_notices`). Linear in the characters of `text`.
    """
    if text.count("\n") + text.count("\r") > MAX_LINES:
        raise ImportFileError(f"A file to import may have at most {MAX_LINES:,} lines.")
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    lost = _Lost()
    if is_substation(unix):
        segments = read_substation(unix, broken=lost.broken, commented=lost.commented)
        origin = ""
    else:
        segments, origin = _read_cues(unix, lost, notices=notices)
    if not segments:
        raise ImportFileError(_nothing_found(unix, lost))
    return Imported(
        tuple(sorted(segments, key=lambda segment: segment.start_ms)),
        is_machine_made=is_machine_origin(origin),
        is_corrected=is_corrected_origin(origin),
        remarks=tuple(lost.remarks()),
    )


def _nothing_found(text: str, lost: _Lost) -> str:
    for pattern, name in _OTHERS:
        if pattern.match(text) is not None:
            return (
                f"This looks like {name}, which can't be imported. SubRip (.srt), WebVTT (.vtt),"
                " SubStation Alpha (.ass, .ssa), SBV and our own JSON can."
            )
    if lost.broken:
        return (
            "There are no subtitles in this file whose times can be read; see"
            f" {name_lines(lost.broken)}."
        )
    if lost.marks.places:
        return "This file holds only marks of speech that was not transcribed."
    return "There are no subtitles in this file."


def _read_cues(text: str, lost: _Lost, *, notices: Mapping[str, str]) -> tuple[list[Segment], str]:
    lines = text.split("\n")
    is_vtt = _first_filled(lines).startswith("WEBVTT")
    found = divide_lines(lines, _stamp_reader(lines), is_vtt=is_vtt)
    lost.commented, lost.before = found.commented, found.before
    if len(found.cues) > MAX_SEGMENTS:
        raise ImportFileError(f"A transcript may have at most {MAX_SEGMENTS:,} segments.")
    cues = list(_readable(found.cues, lost))
    segments = list(_read_vtt_cues(cues) if is_vtt else _read_srt_cues(cues))
    note = _NOTE.search(text) if is_vtt else None
    if note is not None:
        return lost.marks.take_from(segments), note[1].strip()
    segments, origin = _take_notice(segments, notices)
    segments = lost.marks.take_from(segments)
    return (_with_speakers(segments) if origin and not is_vtt else segments), origin


def _stamp_reader(lines: list[str]) -> Callable[[str], Stamp | None]:
    is_sbv = read_comma_stamp(_first_filled(lines)) is not None
    return read_comma_stamp if is_sbv else read_stamp


def _first_filled(lines: list[str]) -> str:
    return next((line for line in lines if line.strip()), "")


def _readable(cues: Iterable[RawCue], lost: _Lost) -> Iterator[RawCue]:
    """Yield the cues with times; what has none is counted."""
    for cue in cues:
        if cue.stamp is BROKEN:
            lost.broken.append(cue.line)
            continue
        if sum(map(len, cue.lines)) > MAX_SEGMENT_CHARACTERS:
            raise ImportFileError(
                f"The cue at line {cue.line} has more than {MAX_SEGMENT_CHARACTERS:,} characters."
                " Split it."
            )
        if cue.stamp.end_ms <= cue.stamp.start_ms:
            if cue.stamp.end_ms < cue.stamp.start_ms:
                lost.reversed.append(cue.line)
            stamp = replace(cue.stamp, end_ms=cue.stamp.start_ms + 1)
            cue = replace(cue, stamp=stamp)
        yield cue


def _read_srt_cues(cues: Iterable[RawCue]) -> Iterator[Segment]:
    for cue in cues:
        text = strip_srt(" ".join(cue.lines))
        if text:
            yield Segment(cue.stamp.start_ms, cue.stamp.end_ms, text)


def _read_vtt_cues(cues: list[RawCue]) -> Iterator[Segment]:
    if any(has_times(line) for cue in cues for line in cue.lines):
        cues = without_repeats(cues)
    for cue in cues:
        chunks: list[VoicedText] = read_vtt(" ".join(line.strip() for line in cue.lines))
        yield from place_chunks(chunks, start_ms=cue.stamp.start_ms, end_ms=cue.stamp.end_ms)


def _take_notice(segments: list[Segment], notices: Mapping[str, str]) -> tuple[list[Segment], str]:
    """Return the segments without our notice, and the origin that it states; "" where there is
    none. It stands alone, mostly at the end, or below the last one (`exports.notice`)."""
    for start in reversed(range(len(segments))):
        joined = ""
        for end in range(start + 1, min(len(segments), start + _MOST_NOTICE_CUES) + 1):
            joined += _bare(segments[end - 1].text)
            if joined in notices:
                return [*segments[:start], *segments[end:]], notices[joined]
            if not any(notice.startswith(joined) for notice in notices):
                break
    last = segments[-1].text if segments else ""
    below = max((each for each in notices if _bare(last).endswith(each)), key=len, default="")
    if not below:
        return segments, ""
    return [*segments[:-1], replace(segments[-1], text=_without_end(last, below))], notices[below]


def _bare(text: str) -> str:
    return "".join(text.split())


def _without_end(text: str, ending: str) -> str:
    """Return the text before `ending`, which has none of its spaces."""
    left = len(ending)
    end = len(text)
    while left:
        end -= 1
        left -= not text[end].isspace()
    return text[:end].rstrip()


def _with_speakers(segments: list[Segment]) -> list[Segment]:
    """Give the speakers back that our own SubRip named, each where the speaker changes.

    The first cue has a name if any has.
    """
    if not segments or _NAME.match(segments[0].text) is None:
        return segments
    named: list[Segment] = []
    speaker: str | None = None
    for segment in segments:
        match = _NAME.match(segment.text)
        text = segment.text
        if match is not None:
            speaker, text = match[1], text[match.end() :]
        if text:
            named.append(replace(segment, text=text, speaker_name=speaker))
    return named
