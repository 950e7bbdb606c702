"""Suggested names of a transcript's speakers, each with the segments that bear it out.

A speaker who has a name gets no suggestion, and a name that one speaker has goes to no other. Of
two names for one speaker neither is suggested, unless one is part of the other or much likelier.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transcripts.exports.document import Document
from transcripts.intelligence.naming.cues import find_introduction, list_addressed
from transcripts.text.segments import Segment
from transcripts.text.sentences import split_sentences

RULES = "rules"
_LEAST, _LEAST_OF_MANY = 0.6, 0.7  # of two speakers an address can mean only the other one
_ADDRESSED, _ACKNOWLEDGED, _AGAIN = 0.6, 0.1, 0.1
_MOST = 0.99
_CLEARLY = 0.25  # by which the likelier of two names leads
_ANSWERED_WITHIN_MS = 8_000
_MOST_EVIDENCE = 5
# fmt: off
_ACKNOWLEDGEMENTS = frozenset((
    "yes", "yeah", "sure", "thanks", "thank", "okay", "ok", "right", "well", "of", "certainly",
    "ano", "jo", "jasně", "děkuju", "děkuji", "díky", "dobře", "určitě", "no",
))
# fmt: on


@dataclass(frozen=True, slots=True)
class NameEvidence:
    """A segment by whose words somebody has a name. `order`: its place, from 0."""

    order: int
    segment: Segment
    score: float

    def as_json(self) -> dict[str, Any]:
        return {
            "segment_order": self.order,
            "segment": self.segment.key,
            "text": self.segment.text,
            "start": self.segment.start_ms / 1000,
            "end": self.segment.end_ms / 1000,
            "speaker": self.segment.speaker_name,
        }


@dataclass(frozen=True, slots=True)
class NameSuggestion:
    """`speaker`: the number. `score`: 0 to 1. `source`: the rules, or a language model's name."""

    speaker: int
    name: str
    score: float
    source: str
    evidence: tuple[NameEvidence, ...]

    def as_json(self, labels: Mapping[int, str]) -> dict[str, Any]:
        return {
            "speaker": self.speaker,
            "label": labels[self.speaker],
            "name": self.name,
            "score": self.score,
            "source": self.source,
            "evidence": [each.as_json() for each in self.evidence],
        }


@dataclass(frozen=True)
class SpeakerNames:
    """What is known of a transcript's speakers, by number. `dismissed`: names that people refused,
    in lower case.
    """

    labels: dict[int, str]
    given: dict[int, str]
    dismissed: dict[int, frozenset[str]]


FoundNames = dict[tuple[int, str], list[NameEvidence]]


def suggest_names(document: Document, known: SpeakerNames) -> list[NameSuggestion]:
    """Return what rules suggest, in the order of the speakers. No query."""
    found: FoundNames = defaultdict(list)
    for speaker, name, evidence in (*_introduced(document), *_addressed(document)):
        found[speaker, name].append(evidence)
    least = _LEAST if len(known.labels) <= 2 else _LEAST_OF_MANY
    return choose_names(found, known, source=RULES, least=least)


def choose_names(
    found: FoundNames, known: SpeakerNames, *, source: str, least: float
) -> list[NameSuggestion]:
    """Return at most one name for each speaker who has none."""
    taken = {name.split()[0].casefold() for name in known.given.values() if name.split()}
    by_speaker: dict[int, list[NameSuggestion]] = defaultdict(list)
    for (speaker, name), evidence in _join_parts(found).items():
        if speaker in known.labels and speaker not in known.given:
            score = min(_MOST, max(each.score for each in evidence) + _AGAIN * (len(evidence) - 1))
            shown = tuple(sorted(evidence, key=lambda each: -each.score)[:_MOST_EVIDENCE])
            by_speaker[speaker].append(
                NameSuggestion(speaker, name, round(score, 2), source, shown)
            )
    chosen = [best for each in by_speaker.values() if (best := _choose(each))]
    likely = [
        each
        for each in _without_doubles(chosen)
        if each.score >= least
        and each.name.split()[0].casefold() not in taken
        and each.name.casefold() not in known.dismissed.get(each.speaker, frozenset())
    ]
    return sorted(likely, key=lambda each: each.speaker)


def _introduced(document: Document) -> Iterator[tuple[int, str, NameEvidence]]:
    for order, segment, sentences in _read(document):
        if segment.speaker is None:
            continue
        for at, sentence in enumerate(sentences):
            following = sentences[at + 1] if at + 1 < len(sentences) else ""
            if not following and order + 1 < len(document.segments):
                following = document.segments[order + 1].text
            cue = find_introduction(sentence, following)
            if cue is not None:
                yield segment.speaker, cue.name, NameEvidence(order, segment, cue.score)


def _addressed(document: Document) -> Iterator[tuple[int, str, NameEvidence]]:
    """Yield who answers at once to a name by which another speaker ends."""
    segments = document.segments
    for order, segment, sentences in _read(document):
        language = segment.language or document.language
        answer = segments[order + 1] if order + 1 < len(segments) else None
        if answer is None or not sentences or not _is_answer(segment, answer):
            continue
        for name in list_addressed(sentences[-1], language):
            score = _ADDRESSED + (_ACKNOWLEDGED if _acknowledges(answer.text) else 0)
            yield answer.speaker or 0, name, NameEvidence(order, segment, score)


def _is_answer(segment: Segment, answer: Segment) -> bool:
    is_other = None not in (segment.speaker, answer.speaker) and segment.speaker != answer.speaker
    return is_other and answer.start_ms - segment.end_ms <= _ANSWERED_WITHIN_MS


def _acknowledges(text: str) -> bool:
    first = text.split()[:1]
    return bool(first) and first[0].strip(",.!?").lower() in _ACKNOWLEDGEMENTS


def _read(document: Document) -> Iterator[tuple[int, Segment, list[str]]]:
    for order, segment in enumerate(document.segments):
        language = segment.language or document.language or "en"
        parts = split_sentences(segment.text, language)
        yield order, segment, [segment.text[start:end] for start, end in parts]


def _join_parts(found: FoundNames) -> FoundNames:
    """Put the evidence of "Jana" to that of "Jana Nováková" of the same speaker."""
    joined: FoundNames = defaultdict(list)
    for (speaker, name), evidence in found.items():
        wholes = [other for at, other in found if at == speaker and _is_part(name, other)]
        joined[speaker, max(wholes, key=len, default=name)] += evidence
    return joined


def _is_part(name: str, other: str) -> bool:
    return name != other and set(name.casefold().split()) < set(other.casefold().split())


def _choose(suggested: Sequence[NameSuggestion]) -> NameSuggestion | None:
    best, *others = sorted(suggested, key=lambda each: -each.score)
    if others and best.score - others[0].score < _CLEARLY:
        return None
    return best


def _without_doubles(chosen: Iterable[NameSuggestion]) -> Iterator[NameSuggestion]:
    """Yield each name once: for the likelier speaker, for neither where both are as likely."""
    by_name: dict[str, list[NameSuggestion]] = defaultdict(list)
    for each in chosen:
        by_name[each.name.casefold()].append(each)
    for same in by_name.values():
        best = _choose(same)
        if best is not None:
            yield best


def known_names(rows: Collection[Any]) -> SpeakerNames:
    """rows: `models.Speaker`."""
    return SpeakerNames(
        labels={row.position: row.label for row in rows},
        given={row.position: row.display_name for row in rows if row.display_name},
        dismissed={
            row.position: frozenset(name.casefold() for name in row.dismissed_names) for row in rows
        },
    )
