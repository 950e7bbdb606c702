"""A text that is being worked on: its sentences and, once something asks for them, their"
" vectors."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from transcripts.intelligence.extractive import cues
from transcripts.intelligence.extractive.centrality import centre, rank_sentences
from transcripts.intelligence.source import Sentence, SourceText

Vectors = npt.NDArray[np.float32]  # (texts, dimensions), each of unit length
Embed = Callable[[Sequence[str]], Vectors]

_QUESTION = 0.3
_FILLER = 0.2
_SHORT_WORDS = 14


class Reading:
    """`embed` may block, and is asked once for each text. The model's name is known to its"
    " owner."""

    def __init__(self, source: SourceText, *, embed: Embed) -> None:
        self.source = source
        self._embed = embed
        # Not `cached_property`: until Python 3.12 its lock is shared by all objects of the class,
        # and one text would wait for the vectors of another.
        self._vectors: Vectors | None = None
        self._centred: Vectors | None = None
        self._weights: npt.NDArray[np.float32] | None = None

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        return self.source.sentences

    @property
    def language(self) -> str:
        return self.source.language

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self._embed(texts)

    @property
    def vectors(self) -> Vectors:
        if self._vectors is None:
            self._vectors = self._embed([sentence.text for sentence in self.sentences])
        return self._vectors

    @property
    def centred(self) -> Vectors:
        if self._centred is None:
            self._centred = centre(self.vectors)
        return self._centred

    @property
    def weights(self) -> npt.NDArray[np.float32]:
        """Return how much each stands for the text: questions, short ones, courtesies less."""
        if self._weights is None:
            ranks = rank_sentences(self.centred)
            factors = [self._weigh(sentence) for sentence in self.sentences]
            self._weights = np.asarray(ranks * np.array(factors, np.float32), np.float32)
        return self._weights

    def _weigh(self, sentence: Sentence) -> float:
        factor = min(1.0, max(sentence.words, len(sentence.text) / 6) / _SHORT_WORDS)
        if sentence.is_question:
            factor *= _QUESTION
        if cues.is_courtesy(sentence.text, self.language):
            factor *= _FILLER
        return factor
