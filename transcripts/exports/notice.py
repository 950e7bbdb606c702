"""The origin notice of every export (EU AI Act, article 50): that a machine wrote it, or that it
was imported and its origin is unknown, and whether a person has corrected it since.

`STT_EXPORT_NOTICE=false` switches it off for all of a server; the options carry that decision.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise

from transcripts.exports.cues import Cue, make_cues
from transcripts.exports.divisions import time_words
from transcripts.exports.document import Document
from transcripts.exports.lines import break_lines, fits
from transcripts.exports.measures import Measure, measure_for
from transcripts.exports.options import ExportOptions
from transcripts.exports.origin import CORRECTION, IMPORTED, MACHINE
from transcripts.exports.phrases import PHRASES, Phrases, phrases_for
from transcripts.text.segments import Segment
from transcripts.text.words import Word

# How long it stands in a file of cues, at least.
_LEAST_MS = 2_000
# As it was written until 2026.
_FORMER = {
    "This transcript was imported and corrected by a person. Who or what wrote it at first is not"
    " known.": IMPORTED + CORRECTION,
    "Tento přepis byl importován a opravil ho člověk. Kdo nebo co ho původně napsalo, není"
    " známo.": IMPORTED + CORRECTION,
    "Tento přepis byl importován. Není známo, zda ho napsal člověk, nebo stroj.": IMPORTED,
}


def origin_of(document: Document) -> str:
    """Return the same for programs: for metadata and columns. Never translated."""
    origin = MACHINE if document.is_machine_made else IMPORTED
    return origin + CORRECTION if document.is_corrected else origin


def notice_of(document: Document, options: ExportOptions) -> str:
    """Return the sentence for people, in the transcript's language where it is one of ours, else in
    that of who asks; empty if switched off."""
    if not options.notice:
        return ""
    known = _by_origin(phrases_for(document.language, locale=options.locale))
    return known[origin_of(document)]


def with_notice(cues: list[Cue], document: Document, options: ExportOptions) -> list[Cue]:
    """Return the cues and the notice, within the recording and never while another cue stands:
    behind the last one, else before the first, else in the longest pause. Where there is no room
    to read it, it stands below the last one. A file of cues has no other place for it."""
    own = notice_cues(document, options)
    if not own:
        return cues
    length_ms = own[-1].end_ms
    for place, start_ms, end_ms in _rooms(cues, document.duration_ms, options.profile.gap_ms):
        if end_ms - start_ms >= length_ms:
            return [*cues[:place], *_moved(own, start_ms), *cues[place:]]
    lines = tuple(line for cue in own for line in cue.lines)
    if not cues:
        return [Cue(0, document.duration_ms, lines, None)] if document.duration_ms else own
    return [*cues[:-1], replace(cues[-1], below=(*cues[-1].below, *lines))]


def notice_cues(document: Document, options: ExportOptions) -> list[Cue]:
    """Return the notice as subtitles from 0 on that follow the profile's rules: one where it fits,
    long enough to be read."""
    notice, profile = notice_of(document, options), options.profile
    if not notice:
        return []
    measure = measure_for(profile, notice, language=document.language)
    end_ms = max(_LEAST_MS, int(measure.reading_ms(notice)))
    words = time_words(notice, start_ms=0, end_ms=end_ms)
    lines = _as_one(words, measure)
    if lines is not None:
        return [Cue(0, min(end_ms, profile.max_duration_ms), lines, None)]
    alone = Document("", "", document.language, end_ms, (Segment(0, end_ms, notice, words),))
    return make_cues(alone, profile)


@cache
def all_notices() -> dict[str, str]:
    """Return each notice in each language of ours, without spaces, with the origin (`origin_of`)
    that it states: what an import of our own file is recognised by."""
    return {
        _bare(sentence): origin
        for phrases in PHRASES.values()
        for origin, sentence in _by_origin(phrases).items()
    } | {_bare(sentence): origin for sentence, origin in _FORMER.items()}


def _by_origin(phrases: Phrases) -> dict[str, str]:
    return {
        MACHINE: phrases.machine,
        MACHINE + CORRECTION: phrases.machine_corrected,
        IMPORTED: phrases.imported,
        IMPORTED + CORRECTION: phrases.imported_corrected,
    }


def _rooms(cues: list[Cue], duration_ms: int, gap_ms: int) -> Iterator[tuple[int, int, int]]:
    """Yield before which cue the notice may stand, and from when to when: the best first."""
    if not cues:
        yield 0, 0, duration_ms
        return
    yield len(cues), cues[-1].end_ms + gap_ms, duration_ms
    yield 0, 0, cues[0].start_ms - gap_ms
    pauses = (
        (place, before.end_ms + gap_ms, after.start_ms - gap_ms)
        for place, (before, after) in enumerate(pairwise(cues), 1)
    )
    yield from sorted(pauses, key=lambda pause: pause[1] - pause[2])


def _moved(cues: list[Cue], by_ms: int) -> list[Cue]:
    return [replace(cue, start_ms=cue.start_ms + by_ms, end_ms=cue.end_ms + by_ms) for cue in cues]


def _as_one(words: tuple[Word, ...], measure: Measure) -> tuple[str, ...] | None:
    """Return the lines of one subtitle; None where it takes more."""
    profile = measure.profile
    width, count = profile.line_characters, profile.lines
    if not fits(words, width=width, count=count, width_of=measure.width_of):
        return None
    lines = break_lines(words, width=width, count=count, width_of=measure.width_of)
    return lines if len(lines) <= count else None


def _bare(text: str) -> str:
    return "".join(text.split())
