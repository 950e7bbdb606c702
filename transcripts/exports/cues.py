"""Subtitle cues from word times: what stands on the screen, from when to when, in which lines.

Sources of the rules: Netflix Timed Text Style Guide (general requirements; English, Japanese and
Chinese templates) and the BBC Subtitle Guidelines.

Speech of one speaker without a long pause is divided as a whole, over the borders of segments: so
that no rest of a sentence stands alone, and no border of the recogniser's shows. Text is never
altered: the cues in order, their lines joined, spell the transcript's words.

With a translation beside it, a cue has half of the profile's lines for each language, the original
above; the speech is cut where both fit.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from transcripts.exports.cue_below import place_below
from transcripts.exports.cue_cuts import RowsBelow, cut_flow
from transcripts.exports.cue_times import CueSlot, fit_times
from transcripts.exports.document import Document, GapSegment
from transcripts.exports.linebreaks import break_units, fill_lines, may_break_words
from transcripts.exports.lines import break_lines
from transcripts.exports.measures import Measure, measure_for
from transcripts.exports.profiles import PROFILES, Profile
from transcripts.exports.translations import parts_beside
from transcripts.text.segments import Segment
from transcripts.text.words import Word
from transcripts.text.writing import is_spaced_between

PAUSE_MS = 1_500  # speech that pauses so long goes on in a new cue
_BLANK = re.compile(r"\s")


@dataclass(frozen=True)
class Cue:
    """`start_ms` < `end_ms`; cues follow each other with at least the profile's gap between.
    `below`: the lines of the translation."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    speaker: str | None
    below: tuple[str, ...] = ()

    @property
    def all_lines(self) -> tuple[str, ...]:
        return (*self.lines, *self.below)


@dataclass(frozen=True)
class _Flow:
    """The words of one speaker without a long pause; nothing in it is wider than a line. `borders`:
    before which words a segment begins."""

    words: list[Word]
    borders: set[int]
    speaker: int | None
    speaker_name: str | None
    measure: Measure
    is_mark: bool = False  # of a gap: one cue, however many words
    followers: list[tuple[Word, ...]] = field(default_factory=list)  # of the words: the translation

    def is_of(self, segment: Segment, measure: Measure) -> bool:
        own = (self.speaker, self.speaker_name, self.measure)
        return own == (segment.speaker, segment.speaker_name, measure)


def make_cues(document: Document, profile: Profile = PROFILES["default"]) -> list[Cue]:
    """Cut the document into cues that follow the profile's rules, as their scripts are read."""
    if document.is_bilingual:
        profile = halve_lines(profile)
    target = document.translation.language if document.translation else ""
    cues: list[Cue] = []
    slots: list[CueSlot] = []
    for flow in _flows(document, profile):
        below = measure_for(profile, _text_below(flow), language=target)
        for start, end in _groups(flow, below, language=document.language):
            cue = _make_cue(flow, start, end, below)
            cues.append(cue)
            reading_ms = max(
                sum(flow.measure.reading_ms(line) for line in cue.lines),
                sum(below.reading_ms(line) for line in cue.below),
            )
            slots.append(CueSlot(cue.start_ms, cue.end_ms, int(reading_ms)))
    times = fit_times(slots, profile, duration_ms=document.duration_ms)
    return [
        replace(cue, start_ms=start_ms, end_ms=end_ms)
        for cue, (start_ms, end_ms) in zip(cues, times, strict=True)
    ]


def halve_lines(profile: Profile) -> Profile:
    """Return what each language has of a profile where two share a cue: a line at least."""
    return replace(profile, lines=max(1, profile.lines // 2))


def _text_below(flow: _Flow) -> str:
    return " ".join(word.text for each in flow.followers for word in each)


def _groups(flow: _Flow, below: Measure, *, language: str) -> Iterator[tuple[int, int]]:
    """Yield which words each cue has."""
    if flow.is_mark:
        yield 0, len(flow.words)
        return
    rows = RowsBelow(flow.followers, below) if any(flow.followers) else None
    yield from cut_flow(
        flow.words, flow.borders, measure=flow.measure, language=language, below=rows
    )


def _make_cue(flow: _Flow, start: int, end: int, below: Measure) -> Cue:
    group = flow.words[start:end]
    translated = [word for each in flow.followers[start:end] for word in each]
    return Cue(
        group[0].start_ms,
        max(word.end_ms for word in group),
        _break(group, flow.measure),
        flow.speaker_name,
        _break(translated, below) if translated else (),
    )


def _break(words: list[Word], measure: Measure) -> tuple[str, ...]:
    profile = measure.profile
    return break_lines(
        words, width=profile.line_characters, count=profile.lines, width_of=measure.width_of
    )


def _flows(document: Document, profile: Profile) -> Iterator[_Flow]:
    flow: _Flow | None = None
    for segment, parts in zip(document.segments, parts_beside(document), strict=True):
        measure = measure_for(profile, segment.text, language=document.language)
        is_gap = isinstance(segment, GapSegment)
        if flow is not None and (is_gap or not flow.is_of(segment, measure)):
            yield flow
            flow = None
        if is_gap:
            yield _mark(segment, measure)
            continue
        is_first = True
        units = list(_units(_timed_words(segment, measure), measure))
        for word, followers in zip(units, place_below(units, parts, measure), strict=True):
            if flow is not None and _is_apart(flow.words[-1], word):
                yield flow
                flow = None
            flow = flow or _Flow([], set(), segment.speaker, segment.speaker_name, measure)
            if is_first:
                word = _begin_segment(flow, word)
                is_first = False
            flow.words.append(word)
            flow.followers.append(followers)
    if flow is not None:
        yield flow


def _mark(segment: Segment, measure: Measure) -> _Flow:
    """Return what stands for a gap, in one piece where a line has room for it."""
    words = list(_units(_timed_words(segment, measure), measure))
    return _Flow(words, set(), segment.speaker, segment.speaker_name, measure, is_mark=True)


def _is_apart(before: Word, after: Word) -> bool:
    """Whether speech pauses between, or another segment goes back in time (people who overlap)."""
    return after.start_ms - before.end_ms > PAUSE_MS or after.start_ms < before.start_ms


def _begin_segment(flow: _Flow, word: Word) -> Word:
    if not flow.words:
        return word
    flow.borders.add(len(flow.words))
    return replace(word, space_before=is_spaced_between(flow.words[-1].text, word.text))


def _units(words: Iterator[Word], measure: Measure) -> Iterator[Word]:
    """Yield the words with those joined between which no line may end: "MS" and "-13"."""
    unit: Word | None = None
    for word in words:
        if unit is None:
            unit = word
        elif (joined := _joined(unit, word, measure)) is not None:
            unit = joined
        else:
            yield unit
            unit = word
    if unit is not None:
        yield unit


def _joined(unit: Word, word: Word, measure: Measure) -> Word | None:
    if word.space_before or may_break_words(unit.text, word.text):
        return None
    text, profile = unit.text + word.text, measure.profile
    end_ms = max(unit.end_ms, word.end_ms)
    is_too_wide = measure.width_of(text) > profile.line_characters
    if is_too_wide or end_ms - unit.start_ms > profile.max_duration_ms:
        return None
    return replace(unit, text=text, end_ms=end_ms)


def _timed_words(segment: Segment, measure: Measure) -> Iterator[Word]:
    """Yield the segment's words, none wider than a line; times are shared out by characters
    where the recogniser gave none or a word must be cut."""
    words = segment.words or (
        Word(segment.text, segment.start_ms, segment.end_ms, segment.confidence, False),
    )
    for word in words:
        yield from _cut_word(word, measure)


def _cut_word(word: Word, measure: Measure) -> Iterator[Word]:
    """Yield the word, or what it must be cut into; nothing for one without a letter."""
    is_narrow = measure.width_of(word.text) <= measure.profile.line_characters
    if word.text and is_narrow and not _BLANK.search(word.text):
        yield word
        return
    total = max(1, len(word.text))
    interval_ms = word.end_ms - word.start_ms
    position = 0
    for number, part in enumerate(word.text.split()):
        for place, chunk in enumerate(_cut_part(part, measure)):
            end = position + len(chunk)
            yield Word(
                chunk,
                word.start_ms + interval_ms * position // total,
                word.start_ms + interval_ms * min(total, end) // total,
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
