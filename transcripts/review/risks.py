"""Which places of a transcript are most likely wrong, the worst first. Pure functions.

    words     unsure words that stand together: 1 - their mean confidence
    gap       speech without text
    language  a segment in another language than its transcript's
    speaker   a change of speaker in mid-sentence, without a pause

The numbers of the last three are ours: where these are wrong, more than a word is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from transcripts.services.shown_gaps import ShownGap
from transcripts.text.segments import Segment
from transcripts.text.words import Word
from transcripts.text.writing import ends_sentence

UNSURE = 0.5  # a word that is less certain is marked
MAX_RISKS = 300
_GAP, _LANGUAGE, _SPEAKER = 0.9, 0.6, 0.45
_NO_PAUSE_MS = 250
_MAX_TEXT = 500


@dataclass(frozen=True, slots=True)
class Risk:
    """`place`: the key of its segment or gap; `first` to `last`: characters of the segment's text,
    both 0 where it is all of it. `score`: 0..1, how likely it is wrong."""

    kind: str
    place: str
    start_ms: int
    end_ms: int
    text: str
    score: float
    first: int = 0
    last: int = 0

    @property
    def identity(self) -> tuple[str, str, str]:
        return self.place, self.kind, self.text[:_MAX_TEXT]


def list_risks(
    segments: Iterable[Segment], gaps: Iterable[ShownGap], *, language: str
) -> list[Risk]:
    """Return what is to be looked at, the worst first."""
    known = list(segments)
    found = [risk for segment in known for risk in _unsure_words(segment)]
    found += _other_languages(known, language)
    found += _doubted_speakers(known, language)
    found += [
        Risk("gap", gap.id, gap.start_ms, gap.end_ms, gap.text[:_MAX_TEXT], _GAP) for gap in gaps
    ]
    return sorted(found, key=lambda risk: (-risk.score, risk.start_ms))


def _unsure_words(segment: Segment) -> Iterator[Risk]:
    run: list[tuple[Word, int]] = []
    at = 0
    for index, word in enumerate(segment.words):
        at += word.space_before and index > 0
        if word.confidence is not None and word.confidence < UNSURE:
            run.append((word, at))
        elif run:
            yield _risk_of(segment, run)
            run = []
        at += len(word.text)
    if run:
        yield _risk_of(segment, run)


def _risk_of(segment: Segment, run: list[tuple[Word, int]]) -> Risk:
    (begin, first), (end, last) = run[0], run[-1]
    doubt = sum(1 - (word.confidence or 0) for word, _ in run) / len(run)
    return Risk(
        "words",
        segment.key,
        begin.start_ms,
        end.end_ms,
        segment.text[first : last + len(end.text)],
        round(doubt, 3),
        first,
        last + len(end.text),
    )


def _other_languages(segments: list[Segment], language: str) -> Iterator[Risk]:
    for segment in segments:
        if segment.language and language and segment.language != language:
            yield _whole("language", segment, _LANGUAGE)


def _doubted_speakers(segments: list[Segment], language: str) -> Iterator[Risk]:
    for before, segment in pairwise(segments):
        is_change = segment.speaker != before.speaker and segment.words and before.words
        if not is_change or segment.start_ms - before.end_ms > _NO_PAUSE_MS:
            continue
        last, first = before.words[-1].text, segment.words[0].text
        if not ends_sentence(last, first, language=segment.language or language):
            yield _whole("speaker", segment, _SPEAKER)


def _whole(kind: str, segment: Segment, score: float) -> Risk:
    text = segment.text[:_MAX_TEXT]
    return Risk(kind, segment.key, segment.start_ms, segment.end_ms, text, score)
