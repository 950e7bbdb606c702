"""Subtitle cues from word times: what stands on the screen, from when to when, in which lines.

Sources of the rules: Netflix Timed Text Style Guide (general requirements; English, Japanese and
Chinese templates) and the BBC Subtitle Guidelines; `contract/compat.md`, *Subtitles*.

Text is never altered: the cues in order, their lines joined, spell the transcript's words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from transcripts.exports.cue_times import Slot, fit_times
from transcripts.exports.document import Document, DocumentSegment, DocumentWord
from transcripts.exports.linebreaks import break_units, fill_lines
from transcripts.exports.lines import break_lines
from transcripts.exports.measures import Measure, measure_for
from transcripts.exports.profiles import PROFILES, Profile

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
    """Cut the document into cues that keep the profile's rules, as their scripts are read."""
    cues: list[Cue] = []
    slots: list[Slot] = []
    for segment in document.segments:
        measure = measure_for(profile, segment.text, language=document.language)
        for group in _group_words(_timed_words(segment, measure), measure):
            cue = _make_cue(group, segment.speaker, measure)
            cues.append(cue)
            reading_ms = sum(measure.reading_ms(line) for line in cue.lines)
            slots.append(Slot(cue.start_ms, cue.end_ms, int(reading_ms)))
    times = fit_times(slots, profile, duration_ms=document.duration_ms)
    return [
        replace(cue, start_ms=start_ms, end_ms=end_ms)
        for cue, (start_ms, end_ms) in zip(cues, times, strict=True)
    ]


def _make_cue(group: list[DocumentWord], speaker: str | None, measure: Measure) -> Cue:
    profile = measure.profile
    lines = break_lines(
        group, width=profile.line_characters, count=profile.lines, width_of=measure.width_of
    )
    return Cue(group[0].start_ms, max(word.end_ms for word in group), lines, speaker)


class _Group:
    """The words of a cue in the making, and how far they fill its lines, broken greedily."""

    def __init__(self, measure: Measure) -> None:
        self.words: list[DocumentWord] = []
        self._profile, self._width_of = measure.profile, measure.width_of
        self._lines = 1
        self._line_width = self._width = 0.0

    def add(self, word: DocumentWord) -> None:
        self._lines, self._line_width = self._filled_by(word)
        self._width += self._width_of(word.text) + (1 if word.space_before and self.words else 0)
        self.words.append(word)

    def must_end_before(self, word: DocumentWord) -> bool:
        """Say whether the cue is full, a sentence ends or speech pauses."""
        if not self.words:
            return False
        last, profile = self.words[-1], self._profile
        if word.end_ms - self.words[0].start_ms > profile.max_duration_ms:
            return True
        if word.start_ms - last.end_ms > PAUSE_MS or self._filled_by(word)[0] > profile.lines:
            return True
        # A sentence that fills a line is a cue; shorter ones share it with the next.
        if self._width < profile.line_characters:
            return False
        return last.text.rstrip(CLOSING_MARKS).endswith(SENTENCE_ENDS)

    def _filled_by(self, word: DocumentWord) -> tuple[int, float]:
        """Return how many lines there would be, and how full the last."""
        added = self._width_of(word.text)
        joined = self._line_width + added + (1 if word.space_before and self.words else 0)
        if joined > self._profile.line_characters and self.words:
            return self._lines + 1, added
        return self._lines, joined


def _group_words(words: list[DocumentWord], measure: Measure) -> Iterator[list[DocumentWord]]:
    group = _Group(measure)
    for word in words:
        if group.must_end_before(word):
            yield group.words
            group = _Group(measure)
        group.add(word)
    if group.words:
        yield group.words


def _timed_words(segment: DocumentSegment, measure: Measure) -> list[DocumentWord]:
    """Return the segment's words, none wider than a line; times are shared out by characters
    where the recogniser gave none or a word must be cut."""
    words = list(segment.words) or [
        DocumentWord(segment.text, segment.start_ms, segment.end_ms, segment.confidence, False)
    ]
    return [piece for word in words for piece in _cut_word(word, measure)]


def _cut_word(word: DocumentWord, measure: Measure) -> Iterator[DocumentWord]:
    """Yield the word, or what it must be cut into; nothing for one without a letter."""
    is_narrow = measure.width_of(word.text) <= measure.profile.line_characters
    if word.text and is_narrow and not _BLANK.search(word.text):
        yield word
        return
    total = max(1, len(word.text))
    span_ms = word.end_ms - word.start_ms
    position = 0
    for number, part in enumerate(word.text.split()):
        for place, piece in enumerate(_cut_part(part, measure)):
            end = position + len(piece)
            yield DocumentWord(
                piece,
                word.start_ms + span_ms * position // total,
                word.start_ms + span_ms * min(total, end) // total,
                word.confidence,
                (word.space_before or number > 0) and place == 0,
            )
            position = end
        position += 1


def _cut_part(part: str, measure: Measure) -> Iterator[str]:
    """Yield what a line may be broken between, no wider than a line."""
    width, width_of = measure.profile.line_characters, measure.width_of
    for unit in break_units(part):
        if width_of(unit) <= width:
            yield unit
        else:
            yield from fill_lines(unit, width=width, measure=width_of)
