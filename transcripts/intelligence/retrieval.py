"""Finding the segments that a question is about.

Two vectors a segment, of itself and of it between its neighbours: their mean cosine, and, with a
fifth of the weight, the words that the question shares with the segment (BM25 over the first five
letters; Robertson & Zaragoza 2009). Measured against other ways: keywords beside vectors at equal
weight find less.

A text that is not near enough to the question is about it all the same where one segment has every
word of it that names something ("What about the garden?"). Measured on the same questions: one more
is answered, and none more that the text leaves open.

What any question has in common (the mean of `_USUAL_QUESTIONS`) is taken from its vector first:
otherwise segments that are questions, or nothing in particular, are near to each of them. Of 124
Czech questions that found .12 more, of 118 English ones .08 more (`benchmarks.language_retrieval`).
"""

import math
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from transcripts.exports.document import Document
from transcripts.inference.language import Vectors
from transcripts.intelligence.extractive.cues import stop_words_of, words_of
from transcripts.text.clock import format_clock

_WORDS_WEIGHT = 0.2
_STEM = 5
_K1, _B = 1.5, 0.75
_HITS = 12
COARSE_SEGMENTS = 30  # two or three minutes of speech
# The best cosine of a segment below which nothing of a text is about a question, by embedding
# model: by the text's language (empty: any other), and where the question is in another one. Set
# where a tenth of far questions are answered (`benchmarks.language_retrieval` has what is refused
# then). No bar tells questions about the same subject that the text leaves open. Of other models
# it is a guess.
BARS = {"multilingual-e5-small": {"en": 0.81, "cs": 0.83, "": 0.82}}
CROSSED_BARS = {"multilingual-e5-small": 0.79}
_OTHER_BAR = 0.3
_USUAL_WEIGHT = 0.6
_USUAL_QUESTIONS = (
    "What did he say about it?",
    "When does it start?",
    "How much does it cost?",
    "Who is responsible for that?",
    "Why was it changed?",
    "Where will they meet?",
    "How many people are there?",
    "What is the problem?",
    "Which one did they choose?",
    "What happens next?",
    "How long does it take?",
    "Is it allowed?",
    "What does she want?",
    "How does it work?",
    "Who told them?",
    "What was decided?",
    "What is it called?",
    "Where does it come from?",
    "How often is it done?",
    "What should I do?",
    "Co o tom říkal?",
    "Kdy to začíná?",
    "Kolik to stojí?",
    "Kdo je za to zodpovědný?",
    "Proč se to změnilo?",
    "Kde se sejdou?",
    "Kolik je tam lidí?",
    "V čem je problém?",
    "Který si vybrali?",
    "Co bude dál?",
    "Jak dlouho to trvá?",
    "Je to dovoleno?",
    "Co chce?",
    "Jak to funguje?",
    "Kdo jim to řekl?",
    "Na čem se dohodli?",
    "Jak se to jmenuje?",
    "Odkud to pochází?",
    "Jak často se to dělá?",
    "Co mám dělat?",
)
# What asks, and names nothing, beside the usual questions' words and the languages' stop words.
_ASKING = words_of(
    "mention mentions mentioned happen happened talk talks talked discuss discussed speak spoke say"
    " says tell tells anyone anything something zmínil zmínila zmínili zmiňuje mluvil mluvila"
    " mluvili mluví řekla řekli říkala říkali stalo děje dělo říkalo mluvilo řeklo"
)
_ROWS_AT_ONCE = 512  # of float16 as float32: what stays in the processor's cache
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A segment. `order`: its place in the transcript, from 0."""

    order: int
    key: str
    text: str
    start_ms: int
    end_ms: int
    speaker: str | None

    def as_line(self) -> str:
        """Return it as a language model reads it: "[17] 12:03 Anna: …"."""
        speaker = f" {self.speaker}" if self.speaker else ""
        return f"[{self.order}] {format_clock(self.start_ms)}{speaker}: {self.text}"


Embed = Callable[[Sequence[str]], tuple[Vectors, str, str]]  # vectors, model, weights' revision


@dataclass(frozen=True)
class Query:
    """`vector`, `unusual`: float32 (dimensions,), with and without what any question has."""

    text: str
    vector: Vectors
    unusual: Vectors


@dataclass(frozen=True)
class SegmentIndex:
    """`vectors`: float16 (passages, 2, dimensions)."""

    model: str
    weights_revision: str
    keys: tuple[str, ...]
    vectors: npt.NDArray[np.float16]

    def as_bytes(self) -> bytes:
        return self.vectors.tobytes()

    def summarise_coarsely(self) -> npt.NDArray[np.float16]:
        """Return one vector for each `COARSE_SEGMENTS`: the mean of theirs, of unit length."""
        whole = self.vectors.astype(np.float32).mean(axis=1)
        starts = range(0, len(whole), COARSE_SEGMENTS)
        means = np.stack([whole[at : at + COARSE_SEGMENTS].mean(axis=0) for at in starts])
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        return np.asarray(means / np.maximum(lengths, 1e-6), np.float16)

    @classmethod
    def from_bytes(
        cls,
        stored: bytes,
        *,
        model: str,
        weights_revision: str,
        keys: Sequence[str],
        dimensions: int,
    ) -> "SegmentIndex":
        vectors = np.frombuffer(stored, np.float16).reshape(len(keys), 2, dimensions)
        return cls(model, weights_revision, tuple(keys), vectors)


@dataclass(frozen=True)
class Hit:
    """`score`: the cosine, of the segment and its surroundings together. `is_verbatim`: it is not
    near enough, but has all that the question names.
    """

    place: int
    score: float
    is_verbatim: bool = False


@dataclass(frozen=True)
class Found:
    """`hits`: best first. `is_found`: whether the best is near enough to be about the question, or
    one has its words. `best`: the highest cosine.
    """

    hits: tuple[Hit, ...]
    is_found: bool
    best: float


def list_passages(document: Document) -> list[Passage]:
    return [
        Passage(order, each.key, each.text, each.start_ms, each.end_ms, each.speaker_name)
        for order, each in enumerate(document.segments)
    ]


def build_index(passages: Sequence[Passage], embed: Embed) -> SegmentIndex:
    """Embed the passages."""
    texts = [passage.text for passage in passages]
    windows = [" ".join(texts[max(0, place - 1) : place + 2]) for place in range(len(texts))]
    vectors, model, revision = embed([*texts, *windows])
    both = np.stack([vectors[: len(texts)], vectors[len(texts) :]], axis=1)
    keys = tuple(passage.key for passage in passages)
    return SegmentIndex(model, revision, keys, both.astype(np.float16))


_usual: dict[tuple[str, str, str], Vectors] = {}  # by server, model and its weights' revision
_usual_lock = threading.Lock()


def embed_query(text: str, embed: Embed, *, server: str) -> Query:
    """Embed a question. server: who embeds; its first question has the usual ones embedded too."""
    vectors, model, revision = embed([text])
    with _usual_lock:
        usual = _usual.get((server, model, revision))
    if usual is None:
        usual = embed(_USUAL_QUESTIONS)[0].mean(axis=0)
        with _usual_lock:
            _usual[server, model, revision] = usual
    return Query(text, vectors[0], vectors[0] - _USUAL_WEIGHT * usual)


def search(
    query: Query,
    passages: Sequence[Passage],
    index: SegmentIndex,
    *,
    language: str = "",
    is_crossed: bool = False,
) -> Found:
    """Return the passages nearest to the question. language: theirs. `is_crossed`: the question is
    in another one.

    10 hours (7,200 segments) take 15 ms of one core.
    """
    if not passages:
        return Found((), False, 0.0)
    both = np.stack([query.vector, query.unusual], axis=1)
    cosines = multiply(index.vectors, both)  # (passages, 2 vectors of each, 2 of the question)
    mean = cosines.mean(axis=1)
    words = _score_words(query.text, [passage.text for passage in passages])
    scores = (1 - _WORDS_WEIGHT) * _standardise(mean[:, 1]) + _WORDS_WEIGHT * _standardise(words)
    best = float(cosines[:, 0, 0].max())
    is_near = best >= find_bar(index.model, language, is_crossed=is_crossed)
    verbatim = set() if is_near or is_crossed else _find_verbatim(query.text, passages, language)
    ranked = [int(place) for place in np.argsort(-scores, kind="stable")]
    ranked.sort(key=lambda place: place not in verbatim)  # stable
    hits = tuple(
        Hit(place, round(float(mean[place, 0]), 4), place in verbatim) for place in ranked[:_HITS]
    )
    return Found(hits, is_near or bool(verbatim), best)


def find_bar(model: str, language: str, *, is_crossed: bool) -> float:
    if is_crossed:
        return CROSSED_BARS.get(model, _OTHER_BAR)
    bars = BARS.get(model, {"": _OTHER_BAR})
    return bars.get(language, bars[""])


def multiply(vectors: npt.NDArray[np.float16], queries: Vectors) -> Vectors:
    """Return vectors (…, dimensions) times queries (dimensions, count), in float32.

    Some rows at a time: as a whole, the float32 of ten hours is 22 MB of fresh memory.
    """
    rows = vectors.reshape(-1, vectors.shape[-1])
    product = np.empty((len(rows), queries.shape[1]), np.float32)
    buffer = np.empty((min(_ROWS_AT_ONCE, len(rows)), rows.shape[1]), np.float32)
    for at in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[at : at + _ROWS_AT_ONCE]
        np.copyto(buffer[: len(part)], part)
        product[at : at + len(part)] = buffer[: len(part)] @ queries
    return product.reshape(*vectors.shape[:-1], queries.shape[1])


def surround(hits: Sequence[Hit], *, count: int) -> list[range]:
    """Return the blocks of passages that the hits and their neighbours make, in order."""
    places = sorted(
        {
            place
            for hit in hits
            for place in (hit.place - 1, hit.place, hit.place + 1)
            if 0 <= place < count
        }
    )
    blocks: list[range] = []
    for place in places:
        if blocks and blocks[-1].stop == place:
            blocks[-1] = range(blocks[-1].start, place + 1)
        else:
            blocks.append(range(place, place + 1))
    return blocks


def _find_verbatim(question: str, passages: Sequence[Passage], language: str) -> set[int]:
    """Return the places of the passages that have every word by which the question names
    something; none where it names nothing.
    """
    empty = stop_words_of(language) | _ASKING | _usual_words()
    words = {word for word in _WORD.findall(question.lower()) if len(word) > 2} - empty
    if not any(word.isalpha() for word in words):
        return set()
    return {
        place
        for place, passage in enumerate(passages)
        if all(word in (text := passage.text.lower()) for word in words)
        and words <= set(_WORD.findall(text))
    }


@lru_cache(maxsize=1)
def _usual_words() -> frozenset[str]:
    return frozenset(_WORD.findall(" ".join(_USUAL_QUESTIONS).lower()))


def _standardise(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-6), np.float32)


def _score_words(question: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    stems = {word[:_STEM] for word in _WORD.findall(question.lower()) if len(word) > 2}
    scores = np.zeros(len(texts), np.float32)
    if not stems:
        return scores
    lowered = [text.lower() for text in texts]
    joined = "".join(f" {text}\n" for text in lowered)
    lengths = np.fromiter(map(len, lowered), np.int64, len(lowered))
    ends = np.cumsum(lengths + 2)
    norms = _K1 * (1 - _B + _B * lengths / max(float(lengths.mean()), 1.0))
    for stem in sorted(stems):
        places = np.fromiter(_find_all(joined, f" {stem}"), np.int64)
        counts = np.bincount(np.searchsorted(ends, places, side="right"), minlength=len(texts))
        having = int((counts > 0).sum())
        if having:
            rarity = math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
            scores += rarity * counts * (_K1 + 1) / (counts + norms)
    return scores


def _find_all(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)
