"""What a text is about: phrases of it, chosen by how often they occur in how many of its parts, how
near they are to its meaning as a whole, and how little they repeat each other.

Measured by hand on three texts (two meetings, a lecture; English and Czech): of the first five
phrases four name a subject. Frequent words of a language are no subject: its stop words.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from transcripts.intelligence.extractive import cues
from transcripts.intelligence.extractive.centrality import Floats, centre
from transcripts.intelligence.extractive.reading import Reading
from transcripts.intelligence.source import Sentence

_WORD = re.compile(r"[^\W_][\w'’-]*")
_BREAK = re.compile(r"[.,;:!?()\[\]\"“”„…–—]|\s-\s")
_LONGEST_PHRASE = 3
_STEM = 5  # letters by which the cases and numbers of a word are taken for one
_CANDIDATES = 300
_SAME = 0.7  # cosine of centred vectors, at which two phrases say the same


@dataclass(frozen=True)
class Topic:
    """`phrase` stands in all of `sentences`, in one of its forms. `score`: 0..1."""

    phrase: str
    score: float
    sentences: tuple[Sentence, ...]


@dataclass
class _Candidate:
    forms: dict[str, int]
    places: list[int]

    @property
    def phrase(self) -> str:
        return max(self.forms, key=lambda form: (self.forms[form], form[0].isupper(), -len(form)))


def find_topics(
    reading: Reading, *, count: int = 8, places: Sequence[int] | None = None
) -> list[Topic]:
    """Return the topics, best first. `places`: of the sentences that count; all where None."""
    chosen = range(len(reading.sentences)) if places is None else places
    candidates = _find_candidates(reading, chosen)
    if not candidates:
        return []
    phrases = [candidate.phrase for candidate in candidates]
    vectors = reading.embed(phrases)
    whole = reading.vectors[list(chosen)].mean(axis=0)
    nearness = _scale(vectors @ (whole / max(float(np.linalg.norm(whole)), 1e-6)))
    centred = centre(vectors)
    weights = reading.weights
    frequency = np.array(
        [
            _weigh(candidate) * (0.6 + max(float(weights[place]) for place in candidate.places))
            for candidate in candidates
        ],
        np.float32,
    )
    scores = _scale(frequency) * 0.75 + nearness * 0.25
    topics: list[Topic] = []
    taken: list[int] = []
    for place in map(int, np.argsort(-scores, kind="stable")):
        words = _stems(phrases[place])
        if any(
            _overlaps(words, _stems(phrases[other])) or centred[place] @ centred[other] > _SAME
            for other in taken
        ):
            continue
        taken.append(place)
        found = tuple(reading.sentences[each] for each in dict.fromkeys(candidates[place].places))
        topics.append(Topic(phrases[place], round(float(scores[place]), 3), found))
        if len(topics) == count:
            break
    return topics


def _find_candidates(reading: Reading, places: Iterable[int]) -> list[_Candidate]:
    stops = cues.stop_words_of(reading.language)
    found: defaultdict[tuple[str, ...], _Candidate] = defaultdict(lambda: _Candidate({}, []))
    names = {name.lower() for speaker in reading.source.speakers for name in speaker.split()}
    for place in places:
        text = reading.sentences[place].text
        if cues.is_courtesy(text, reading.language):
            continue
        for phrase in _phrases(text, stops, names):
            candidate = found[_stems(phrase)]
            candidate.forms[phrase] = candidate.forms.get(phrase, 0) + 1
            candidate.places.append(place)
    several = [each for each in found.values() if _is_phrase(each)]
    ranked = sorted(several, key=_weigh, reverse=True)
    return ranked[:_CANDIDATES]


def _phrases(text: str, stops: frozenset[str], names: set[str]) -> Iterable[str]:
    for clause in _BREAK.split(text):
        words = _WORD.findall(clause)
        usable = [_is_usable(word, stops, names) for word in words]
        for start in range(len(words)):
            for end in range(start + 1, min(start + _LONGEST_PHRASE, len(words)) + 1):
                if usable[start] and usable[end - 1] and sum(usable[start:end]) >= end - start - 1:
                    phrase = " ".join(words[start:end])
                    yield _lower_first(phrase) if start == 0 else phrase


def _is_usable(word: str, stops: frozenset[str], names: set[str]) -> bool:
    lowered = word.lower().replace("’", "'")
    is_name = any(lowered.startswith(name[:4]) for name in names if len(name) > 2)
    return len(word) > 2 and not word.isdigit() and lowered not in stops and not is_name


def _lower_first(phrase: str) -> str:
    """Return it as inside of a sentence: only names and abbreviations keep their capitals."""
    first = phrase.split(" ")[0]
    return phrase if first[1:] != first[1:].lower() else first.lower() + phrase[len(first) :]


def _stems(phrase: str) -> tuple[str, ...]:
    return tuple(word.lower()[:_STEM] for word in phrase.split())


def _is_phrase(candidate: _Candidate) -> bool:
    """Whether it is one: several words that stand together only once may have met by chance."""
    return len(candidate.places) > 1 or " " not in candidate.phrase


def _weigh(candidate: _Candidate) -> float:
    """Long phrases that occur again say most; a single word that occurs once says little."""
    words = len(candidate.phrase.split())
    times = len(candidate.places)
    spread = 1.0 + math.log(1 + max(candidate.places) - min(candidate.places)) / 5
    length = (0.7, 1.1, 1.15)[words - 1] + min(len(candidate.phrase), 20) / 40
    return math.log(1 + times) * spread * length


def _overlaps(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return bool(set(one) & set(other))


def _scale(values: Floats) -> Floats:
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / max(high - low, 1e-6), np.float32)
