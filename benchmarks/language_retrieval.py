"""How well questions find what answers them, and how well those that nothing answers are refused.

`python -m benchmarks.language_retrieval [MODELS]`: the questions of `tests/labelled` by
`transcripts.intelligence.retrieval`, on multilingual-e5-small, and all-MiniLM-L6-v2 beside it, of
the folder MODELS (or STT_TEST_CACHE's). "In its text" is how a conversation asks; "among all" has
the other texts and 500 sentences about other things beside it, and takes the questions only that
can be understood there. R@5±1: a neighbour of the line counts. What is "reported" is the half of
the questions by which nothing was chosen: no weight, no bar.
"""
# ruff: noqa: E402  # Django is set up before its models are imported

import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from inference_service.catalog.text_models import E5_SMALL, MINILM
from inference_service.engines.embedding.text_encoder import TextEncoder, TextKind, embed_texts
from tests.labelled_texts import LabelledText, Question, read_distractors, read_far, read_texts
from tests.real.packages import read_cache_dir
from transcripts.inference.language import Vectors
from transcripts.intelligence.retrieval import (
    Found,
    Passage,
    SegmentIndex,
    build_index,
    embed_query,
    find_bar,
    search,
)

WAYS = (("en", "en"), ("cs", "cs"), ("cs", "en"))  # a question's language, its text's
Rank = tuple[int, int]  # of the line, and of it or a neighbour, from 0


class Embedder:
    """A text encoder as retrieval calls it."""

    def __init__(self, model: str, folder: Path) -> None:
        self.model = model
        self._encoder = TextEncoder(folder / model, model_id=model)

    def queries(self, texts: Sequence[str]) -> tuple[Vectors, str, str]:
        return self._embed(texts, TextKind.QUERY)

    def passages(self, texts: Sequence[str]) -> tuple[Vectors, str, str]:
        return self._embed(texts, TextKind.PASSAGE)

    def _embed(self, texts: Sequence[str], kind: TextKind) -> tuple[Vectors, str, str]:
        vectors = embed_texts(self._encoder, list(texts), kind)
        return np.asarray(vectors, np.float32), self.model, "1"


@dataclass(frozen=True)
class Corpus:
    """`starts`: where each text begins among the passages."""

    passages: tuple[Passage, ...]
    index: SegmentIndex
    starts: tuple[int, ...]

    def part(self, start: int, count: int) -> tuple[tuple[Passage, ...], SegmentIndex]:
        chosen = slice(start, start + count)
        index = self.index
        vectors = index.vectors[chosen]
        keys = index.keys[chosen]
        return self.passages[chosen], SegmentIndex(index.model, "1", keys, vectors)


@dataclass
class Outcomes:
    """Whether something was found, of questions that are answered, nearly, and not at all."""

    answered: list[bool]
    near: list[bool]
    far: list[bool]


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else read_cache_dir() / "models"
    for model in (E5_SMALL, MINILM):
        embedder = Embedder(model, folder)
        corpora = {each: make_corpus(each, embedder) for each in ("en", "cs")}
        for asked, spoken in WAYS:
            _report(f"{model} {asked}→{spoken}", asked, spoken, corpora[spoken], embedder)
            if model == E5_SMALL:
                _report_bars(asked, spoken, corpora[spoken], embedder)


def make_corpus(language: str, embedder: Embedder) -> Corpus:
    lines: list[str] = []
    starts = []
    for text in read_texts(language):
        starts.append(len(lines))
        lines += [line.text for line in text.lines]
    passages = tuple(
        Passage(at, f"k{at}", line, 1000 * at, 1000 * at + 1000, None)
        for at, line in enumerate([*lines, *read_distractors(language)])
    )
    return Corpus(passages, build_index(passages, embedder.passages), tuple(starts))


def questions_of(text: LabelledText, asked: str) -> tuple[Question, ...]:
    return text.questions if asked == text.language else text.crossed


def _report(name: str, asked: str, spoken: str, corpus: Corpus, embedder: Embedder) -> None:
    alone: list[Rank] = []
    among: list[Rank] = []
    reworded: list[Rank] = []
    for text, start, question in _each_question(asked, spoken, corpus):
        query = embed_query(question.text, embedder.queries, server="")
        found = search(query, *corpus.part(start, len(text.lines)))
        alone.append(find_rank(found, question.line))
        if question.needs_text:
            continue
        found = search(query, corpus.passages, corpus.index)
        among.append(find_rank(found, start + question.line))
        if question.is_paraphrased:
            reworded.append(among[-1])
    for label, ranks in (("in its text", alone), ("among all", among)):
        print(f"{name} {label}: {_describe(ranks)}; reported half {_describe(ranks[1::2])}")
    print(f"{name} among all, in other words: {_describe(reworded)}")


def _each_question(
    asked: str, spoken: str, corpus: Corpus
) -> Iterator[tuple[LabelledText, int, Question]]:
    for text, start in zip(read_texts(spoken), corpus.starts, strict=True):
        for question in questions_of(text, asked):
            yield text, start, question


def find_rank(found: Found, place: int) -> Rank:
    """Return the ranks; 99: not among the hits."""
    places = [hit.place for hit in found.hits]
    own = places.index(place) if place in places else 99
    near = min((at for at, each in enumerate(places) if abs(each - place) <= 1), default=99)
    return own, near


def _describe(ranks: Sequence[Rank]) -> str:
    first = statistics.mean(own < 1 for own, _ in ranks)
    five = statistics.mean(own < 5 for own, _ in ranks)
    near = statistics.mean(near < 5 for _, near in ranks)
    return f"R@1 {first:.2f}, R@5 {five:.2f}, R@5±1 {near:.2f} ({len(ranks)})"


def _report_bars(asked: str, spoken: str, corpus: Corpus, embedder: Embedder) -> None:
    """Each question is asked of its own text; each far one of every text."""
    chosen, reported = Outcomes([], [], []), Outcomes([], [], [])
    is_crossed = asked != spoken
    for text, start in zip(read_texts(spoken), corpus.starts, strict=True):
        part = corpus.part(start, len(text.lines))
        near = text.near if asked == spoken else text.near_crossed
        for half, outcomes in enumerate((chosen, reported)):
            own = [each.text for each in questions_of(text, asked)]
            for found, questions in (
                (outcomes.answered, own),
                (outcomes.near, near),
                (outcomes.far, read_far(asked)),
            ):
                for question in questions[half::2]:
                    query = embed_query(question, embedder.queries, server="")
                    result = search(query, *part, language=spoken, is_crossed=is_crossed)
                    found.append(result.is_found)
    bar = find_bar(E5_SMALL, spoken, is_crossed=is_crossed)
    for label, outcomes in (("chosen by", chosen), ("reported", reported)):
        refused = _share([not each for each in outcomes.answered])
        print(
            f"  bar {bar:.3f}, {label}: refused though answered {refused},"
            f" answered though near {_share(outcomes.near)}, far {_share(outcomes.far)}"
        )


def _share(counted: Sequence[bool]) -> str:
    return f"{sum(counted)} of {len(counted)} ({sum(counted) / len(counted):.2f})"


if __name__ == "__main__":
    main()
