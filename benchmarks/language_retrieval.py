"""How well questions find what answers them, and how well those that nothing answers are refused.

`python -m benchmarks.language_retrieval` asks the questions of `tests/labelled` of their texts with
600 sentences about other things beside them, by `transcripts.intelligence.retrieval`, on the weights
of STT_TEST_CACHE: multilingual-e5-small, and all-MiniLM-L6-v2 beside it. R@5±1: a neighbour of the
line counts. Bars of refusal are chosen by one half of the questions (even) and reported on the other.
"""

import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from inference_service.catalog.text_models import E5_SMALL, MINILM
from inference_service.engines.embedding.text_encoder import TextEncoder, TextKind, embed_texts
from tests.labelled_texts import (
    LabelledText,
    Question,
    halve,
    read_distractors,
    read_far,
    read_texts,
)
from tests.real.packages import read_cache_dir
from transcripts.inference.language import Vectors
from transcripts.intelligence.retrieval import (
    BARS,
    Found,
    Passage,
    SegmentIndex,
    build_index,
    search,
)


class Embedder:
    """A text encoder as retrieval calls it."""

    def __init__(self, model: str, folder: Path) -> None:
        self.model = model
        self._encoder = TextEncoder(folder / model, model_id=model)

    def queries(self, texts: Sequence[str]) -> Vectors:
        return np.asarray(embed_texts(self._encoder, list(texts), TextKind.QUERY), np.float32)

    def passages(self, texts: Sequence[str]) -> tuple[Vectors, str, str]:
        vectors = embed_texts(self._encoder, list(texts), TextKind.PASSAGE)
        return np.asarray(vectors, np.float32), self.model, "1"


@dataclass(frozen=True)
class Corpus:
    """`starts`: where each text begins."""

    passages: tuple[Passage, ...]
    index: SegmentIndex
    starts: tuple[int, ...]


@dataclass(frozen=True)
class Asked:
    """A question, its place among the passages, and whether it is in the other language."""

    text: str
    place: int
    is_paraphrased: bool
    is_crossed: bool


def main() -> None:
    folder = read_cache_dir() / "models"
    for model in (E5_SMALL, MINILM):
        embedder = Embedder(model, folder)
        for language in ("en", "cs"):
            texts = read_texts(language)
            corpus = make_corpus(texts, read_distractors(language), embedder)
            _report(f"{model} {language}", ask(texts, corpus, is_crossed=False), corpus, embedder)
            if language == "en":
                crossed = ask(texts, corpus, is_crossed=True)
                _report(f"{model} cs→en", crossed, corpus, embedder)
    embedder = Embedder(E5_SMALL, folder)
    for language, is_crossed in (("en", False), ("cs", False), ("en", True)):
        _report_bars(language, embedder, is_crossed=is_crossed)


def make_corpus(
    texts: Sequence[LabelledText], distractors: Sequence[str], embedder: Embedder
) -> Corpus:
    lines: list[str] = []
    starts = []
    for text in texts:
        starts.append(len(lines))
        lines += [line.text for line in text.lines]
    passages = make_passages([*lines, *distractors])
    return Corpus(passages, build_index(passages, embedder.passages), tuple(starts))


def make_passages(lines: Sequence[str]) -> tuple[Passage, ...]:
    return tuple(
        Passage(at, f"k{at}", line, 1000 * at, 1000 * at + 1000, None)
        for at, line in enumerate(lines)
    )


def ask(texts: Sequence[LabelledText], corpus: Corpus, *, is_crossed: bool) -> list[Asked]:
    return [
        Asked(each.text, start + (each.line or 0), each.is_paraphrased, is_crossed)
        for text, start in zip(texts, corpus.starts, strict=True)
        for each in (text.crossed if is_crossed else text.questions)
    ]


def _report(name: str, asked: Sequence[Asked], corpus: Corpus, embedder: Embedder) -> None:
    queries = embedder.queries([each.text for each in asked])
    ranks = [
        find_ranks(search(each.text, query, corpus.passages, corpus.index), each.place)
        for each, query in zip(asked, queries, strict=True)
    ]
    print(f"{name}: {describe(ranks)} ({len(ranks)} questions)")
    for label, parity in (("chosen by", 0), ("reported", 1)):
        print(f"  {label:10} {describe(ranks[parity::2])}")
    other = [rank for rank, each in zip(ranks, asked, strict=True) if each.is_paraphrased]
    print(f"  {'in other words':10} {describe(other)} ({len(other)})")


def find_ranks(found: Found, place: int) -> tuple[int, int]:
    """Return the rank of the line, and of it or a neighbour, from 0; 99: not among the hits."""
    places = [hit.place for hit in found.hits]
    own = places.index(place) if place in places else 99
    near = min((at for at, each in enumerate(places) if abs(each - place) <= 1), default=99)
    return own, near


def describe(ranks: Sequence[tuple[int, int]]) -> str:
    first = statistics.mean(own < 1 for own, _ in ranks)
    five = statistics.mean(own < 5 for own, _ in ranks)
    near = statistics.mean(near < 5 for _, near in ranks)
    return f"R@1 {first:.2f}, R@5 {five:.2f}, R@5±1 {near:.2f}"


def _report_bars(language: str, embedder: Embedder, *, is_crossed: bool) -> None:
    """Each question is asked of its own text; far ones of every text in turn."""
    texts = read_texts(language)
    asked_in = "cs" if is_crossed else language
    said: list[Question] = []
    scores: dict[str, list[float]] = {"said": [], "near": [], "far": []}
    for number, text in enumerate(texts):
        index = build_index(
            make_passages([line.text for line in text.lines]), embedder.passages
        )
        own = text.crossed if is_crossed else text.questions
        near = text.near_crossed if is_crossed else text.near
        scores["said"] += _best(index, [each.text for each in own], embedder)
        scores["near"] += _best(index, near, embedder)
        scores["far"] += _best(index, read_far(asked_in)[number :: len(texts)], embedder)
        said += own
    bar = BARS[E5_SMALL][is_crossed]
    name = f"{E5_SMALL} {asked_in}{'→en' if is_crossed else ''}"
    chosen = choose_bar(scores["said"][::2], scores["far"][::2])
    for label, used in (("in use", bar), ("best on the first half", chosen)):
        refused, near_said, far_said = (
            [score for score in scores[kind][1::2] if (score < used) is (kind == "said")]
            for kind in ("said", "near", "far")
        )
        counts = [len(scores[kind][1::2]) for kind in ("said", "near", "far")]
        print(
            f"{name}, bar {used:.3f} ({label}): refused wrongly {len(refused)} of {counts[0]},"
            f" answered near {len(near_said)} of {counts[1]}, far {len(far_said)} of {counts[2]}"
        )


def _best(index: SegmentIndex, questions: Sequence[str], embedder: Embedder) -> list[float]:
    own = index.vectors[:, 0].astype(np.float32)
    return [float((own @ query).max()) for query in embedder.queries(questions)]


def choose_bar(said: Sequence[float], unsaid: Sequence[float]) -> float:
    """Return the bar with the fewest mistakes in shares: refusals of said, answers of unsaid."""

    def count_mistakes(bar: float) -> float:
        refused = statistics.mean(score < bar for score in said)
        return refused + statistics.mean(score >= bar for score in unsaid)

    bars = [round(0.7 + 0.0025 * step, 4) for step in range(100)]
    return min(bars, key=count_mistakes)


if __name__ == "__main__":
    main()
