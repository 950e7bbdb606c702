"""How what is said sounds: a ridge regression over sentence vectors, trained on our own sixty
English sentences (`sentiment_seed.tsv`) when it is asked for.

The vectors of a multilingual model carry it into other languages. Measured on sentences that it was
not trained on: `tests/real`. A text's label is that of the words in it, weighed by their sentences.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from transcripts.intelligence.extractive.reading import Embed, Vectors
from transcripts.intelligence.source import Sentence

LABELS = ("negative", "neutral", "positive")
_RIDGE = 0.1
_SHARPNESS = 4.0
_OVERALL = 0.15  # of polarity, from which on a whole text is more than neutral


@dataclass(frozen=True)
class Sentiment:
    """`score`: how sure the label is, 0..1. `polarity`: -1 negative to 1 positive."""

    label: str
    score: float
    polarity: float


class SentimentModel:
    """What one embedding model's vectors say about sentiment."""

    def __init__(self, embed: Embed) -> None:
        texts, labels = read_seed()
        vectors = embed(texts)
        self._mean = vectors.mean(axis=0)
        moved = vectors - self._mean
        targets = np.eye(len(LABELS), dtype=np.float32)[labels]
        self._bias = targets.mean(axis=0)
        gram = moved.T @ moved + _RIDGE * np.eye(moved.shape[1], dtype=np.float32)
        self._weights = np.linalg.solve(gram, moved.T @ (targets - self._bias))

    def judge(self, vectors: Vectors) -> npt.NDArray[np.float32]:
        """Return the probabilities of the labels for each vector."""
        values = ((vectors - self._mean) @ self._weights + self._bias) * _SHARPNESS
        raised = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)


@lru_cache(maxsize=1)
def read_seed() -> tuple[list[str], list[int]]:
    lines = (Path(__file__).parent / "sentiment_seed.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    return [text for _, text in rows], [LABELS.index(label) for label, _ in rows]


def describe(probabilities: npt.NDArray[np.float32]) -> Sentiment:
    """Return what the probabilities of one sentence say."""
    best = int(probabilities.argmax())
    polarity = float(probabilities[2] - probabilities[0])
    return Sentiment(LABELS[best], round(float(probabilities[best]), 3), round(polarity, 3))


def describe_all(
    probabilities: npt.NDArray[np.float32], sentences: Sequence[Sentence]
) -> Sentiment:
    """Return what the sentences say together, long ones more than short ones."""
    words = np.array([sentence.words for sentence in sentences], np.float32)
    mean = (probabilities * words[:, None]).sum(axis=0) / words.sum()
    polarity = float(mean[2] - mean[0])
    label = "neutral" if abs(polarity) < _OVERALL else ("positive" if polarity > 0 else "negative")
    return Sentiment(label, round(float(mean[LABELS.index(label)]), 3), round(polarity, 3))
