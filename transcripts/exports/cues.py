"""Subtitle cues from word times: what stands on the screen, from when to when, in which lines.

Sources of the rules: Netflix Timed Text Style Guide (general requirements; English, Japanese and
Chinese templates) and the BBC Subtitle Guidelines; `contract/compat.md`, *Subtitles*.

Text is never altered: the cues in order, their lines joined, spell the transcript's words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

from transcripts.exports.document import Document, DocumentSegment, DocumentWord
from transcripts.exports.lines import break_lines, fits
from transcripts.exports.profiles import PROFILES, Profile, profile_for

PAUSE_MS = 1_500  # speech that pauses so long goes on in a new cue
SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！")
_BLANK = re.compile(r"\s")
CLOSING_MARKS = "\"'”’»)]」』）"


@dataclass(frozen=True)
class Cue:
    """`start_ms` < `end_ms`; cues follow each other with at least the profile's gap between."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    speaker: str | None


def make_cues(document: Document, profile: Profile = PROFILES["default"]) -> list[Cue]:
    """Cut the document into cues that keep the profile's rules, as its language reads them."""
    profile = profile_for(profile, language=document.language)
    cues = [
        _make_cue(group, segment.speaker, profile)
        for segment in document.segments
        for group in _group_words(_timed_words(segment, profile), profile)
    ]
    return _fit_times(cues, profile, duration_ms=document.duration_ms)


def _make_cue(group: list[DocumentWord], speaker: str | None, profile: Profile) -> Cue:
    lines = break_lines(group, width=profile.line_characters, count=profile.lines)
    return Cue(group[0].start_ms, max(word.end_ms for word in group), lines, speaker)


def _group_words(words: list[DocumentWord], profile: Profile) -> Iterator[list[DocumentWord]]:
    """Cut a segment's words where a cue is full, where a sentence ends and where speech pauses."""
    group: list[DocumentWord] = []
    length = 0  # of the group as it is spelled
    for word in words:
        if group and _must_break(group, word, profile, length=length):
            yield group
            group, length = [], 0
        length += len(word.text) + (1 if word.space_before and group else 0)
        group.append(word)
    if group:
        yield group


def _must_break(
    group: list[DocumentWord], word: DocumentWord, profile: Profile, *, length: int
) -> bool:
    if word.end_ms - group[0].start_ms > profile.max_duration_ms:
        return True
    if word.start_ms - group[-1].end_ms > PAUSE_MS:
        return True
    is_one_line = length + 1 + len(word.text) <= profile.line_characters
    if not is_one_line and not fits(
        [*group, word], width=profile.line_characters, count=profile.lines
    ):
        return True
    # A sentence that fills a line is a cue; shorter ones share it with the next.
    if length < profile.line_characters:
        return False
    return group[-1].text.rstrip(CLOSING_MARKS).endswith(SENTENCE_ENDS)


def _timed_words(segment: DocumentSegment, profile: Profile) -> list[DocumentWord]:
    """Return the segment's words, none wider than a line; times are shared out by characters
    where the recogniser gave none or a word must be cut."""
    words = list(segment.words) or [
        DocumentWord(segment.text, segment.start_ms, segment.end_ms, segment.confidence, False)
    ]
    return [piece for word in words for piece in _cut_word(word, profile.line_characters)]


def _cut_word(word: DocumentWord, width: int) -> Iterator[DocumentWord]:
    total = max(1, len(word.text))
    span_ms = word.end_ms - word.start_ms
    if len(word.text) <= width and not _BLANK.search(word.text):
        yield word
        return
    position = 0
    for number, part in enumerate(word.text.split()):
        for offset in range(0, len(part), width):
            piece = part[offset : offset + width]
            is_first = offset == 0
            yield replace(
                word,
                text=piece,
                start_ms=word.start_ms + span_ms * position // total,
                end_ms=word.start_ms + span_ms * min(total, position + len(piece)) // total,
                space_before=(word.space_before if number == 0 else True) and is_first,
            )
            position += len(piece)
        position += 1


def _fit_times(cues: list[Cue], profile: Profile, *, duration_ms: int) -> list[Cue]:
    """Give each cue the time to be read: text may stay longer than it is spoken, within the
    recording, and starts late only where speech leaves no room for the cue before."""
    fitted: list[Cue] = []
    earliest_ms = 0
    for cue, following in zip_longest(cues, cues[1:]):
        start_ms = max(cue.start_ms, earliest_ms)
        wanted_ms = start_ms + _reading_ms(cue, profile)
        end_ms = min(max(cue.end_ms, wanted_ms), start_ms + profile.max_duration_ms)
        limit_ms = (
            _latest_end_ms(start_ms, following, profile)
            if following
            else max(duration_ms, cue.end_ms)
        )
        end_ms = max(min(end_ms, limit_ms), start_ms + 1)
        fitted.append(replace(cue, start_ms=start_ms, end_ms=end_ms))
        earliest_ms = end_ms + profile.gap_ms
    return fitted


def _reading_ms(cue: Cue, profile: Profile) -> int:
    characters = sum(len(line) for line in cue.lines)
    return max(int(characters * 1000 / profile.characters_a_second), profile.min_duration_ms)


def _latest_end_ms(start_ms: int, following: Cue, profile: Profile) -> int:
    """Return where a cue must end for the next one; a cue that would flash by borrows from the
    next, as long as that one keeps its own shortest time while it is spoken."""
    before_next_ms = following.start_ms - profile.gap_ms
    affordable_ms = following.end_ms - profile.min_duration_ms - profile.gap_ms
    return max(before_next_ms, min(start_ms + profile.min_duration_ms, affordable_ms))
