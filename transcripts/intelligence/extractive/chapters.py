"""Where a text changes its subject: dips of likeness between neighbouring windows (TextTiling,
Hearst 1997, over sentence vectors), and sentences that announce another subject.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from transcripts.intelligence.extractive import cues
from transcripts.intelligence.extractive.reading import Reading
from transcripts.intelligence.extractive.summaries import shorten
from transcripts.intelligence.extractive.topics import find_topics
from transcripts.intelligence.source import Sentence

_WINDOW = 8  # sentences on each side of a border
_GAP = 4  # sentences that a chapter has, at least
_ANNOUNCED = 3.0  # standard deviations that an announcing sentence is worth
_BAR = 1.5
_MOST = 40
_TITLE_CHARACTERS = 70


@dataclass(frozen=True)
class Chapter:
    """Sentences `first` up to, not including, `after`; `title` is quoted from them."""

    title: str
    first: int
    after: int
    opening: Sentence


def find_chapters(reading: Reading) -> list[Chapter]:
    """Return them in order; they cover the whole text. At least one."""
    borders = [0, *_find_borders(reading)]
    ends = [*borders[1:], len(reading.sentences)]
    return [
        Chapter(_find_title(reading, first, after), first, after, reading.sentences[first])
        for first, after in zip(borders, ends, strict=True)
    ]


def _find_borders(reading: Reading) -> list[int]:
    count = len(reading.sentences)
    if count < 2 * _GAP:
        return []
    scores = _score_borders(reading)
    chosen: list[int] = []
    for place in map(int, np.argsort(-scores, kind="stable")):
        if scores[place] < _BAR or len(chosen) == _MOST:
            break
        is_far = all(abs(place - other) >= _GAP for other in (0, count, *chosen))
        if is_far:
            chosen.append(place)
    return sorted(chosen)


def _score_borders(reading: Reading) -> npt.NDArray[np.float32]:
    """Return for each sentence how much speaks for a border in front of it."""
    vectors = reading.centred
    count = len(vectors)
    sums = np.vstack([np.zeros((1, vectors.shape[1]), np.float32), np.cumsum(vectors, axis=0)])
    places = np.arange(count)
    left = sums[places] - sums[np.maximum(places - _WINDOW, 0)]
    right = sums[np.minimum(places + _WINDOW, count)] - sums[places]
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    likeness = (left * right).sum(axis=1) / np.maximum(norms, 1e-6)
    dips = -(likeness - likeness[1:].mean()) / max(float(likeness[1:].std()), 1e-6)
    announced = [cues.opens_topic(each.text, reading.language) for each in reading.sentences]
    return np.asarray(dips + _ANNOUNCED * np.array(announced, np.float32), np.float32)


def _find_title(reading: Reading, first: int, after: int) -> str:
    topics = find_topics(reading, count=2, places=range(first, after))
    if topics:
        title = ", ".join(topic.phrase for topic in topics)
        return title[0].upper() + title[1:]
    sentences = reading.sentences[first:after]
    best = max(sentences, key=lambda each: each.words)
    return shorten(" ".join(best.text.split()), characters=_TITLE_CHARACTERS)


def list_key_sentences(reading: Reading, chapter: Chapter, *, count: int) -> list[Sentence]:
    """Return the sentences that stand for the chapter, in its order."""
    inside = [
        place
        for place in range(chapter.first, chapter.after)
        if not cues.is_courtesy(reading.sentences[place].text, reading.language)
    ]
    ranked = sorted(inside, key=lambda place: -float(reading.weights[place]))[:count]
    return [reading.sentences[place] for place in sorted(ranked)]
