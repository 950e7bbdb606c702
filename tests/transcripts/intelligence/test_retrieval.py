"""When nothing of a text is about a question: not where a line names the very thing."""

import zlib
from collections.abc import Sequence

import numpy as np
import pytest

from transcripts.inference.language import Vectors
from transcripts.intelligence.retrieval import (
    Found,
    Passage,
    build_index,
    embed_query,
    search,
)

ENGLISH = (
    "We met Dr. Watson at the gate of the old garden.",
    "The budget is nearly spent, so no new chairs this year.",
    "Anna will write to the town hall on Monday.",
)
CZECH = ("Sešli jsme se u brány zahrady.", "Rozpočet je vyčerpaný.", "Anna napíše na radnici.")


def embed_far(texts: Sequence[str]) -> tuple[Vectors, str, str]:
    """Each text is far from each other one: random directions of 512 dimensions."""
    rows = [np.random.default_rng(zlib.crc32(text.encode())).normal(size=512) for text in texts]
    vectors = np.stack([row / np.linalg.norm(row) for row in rows])
    return vectors.astype(np.float32), "far", "1"


def ask(question: str, lines: Sequence[str], **about: object) -> Found:
    passages = [
        Passage(at, f"k{at}", text, 1000 * at, 1000 * at + 900, None)
        for at, text in enumerate(lines)
    ]
    index = build_index(passages, embed_far)
    query = embed_query(question, embed_far, server="test")
    return search(query, passages, index, **about)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "question",
    [
        "What about the garden?",
        "What was said about the garden?",
        "Does anyone mention the garden?",
        "Which gate of the old garden?",
        "GARDEN",
    ],
)
def test_a_line_that_has_all_that_the_question_names_is_found_first(question: str) -> None:
    found = ask(question, ENGLISH, language="en")
    assert found.is_found
    assert (found.hits[0].place, found.hits[0].is_verbatim) == (0, True)
    assert not found.hits[1].is_verbatim


def test_so_it_is_in_czech() -> None:
    assert ask("Kdo mluvil u zahrady?", CZECH, language="cs").is_found
    assert not ask("Kdo maloval u zahrady?", CZECH, language="cs").is_found


@pytest.mark.parametrize(
    "question",
    [
        "Who painted the garden?",  # it isn't said that anyone did
        "What about the gard?",  # a part of a word is none
        "What about the garden and the budget?",  # they are in no line together
        "What do they say about it?",  # it names nothing
        "Who invented the pencil?",
        "17",
    ],
)
def test_other_questions_are_left_to_their_vectors(question: str) -> None:
    found = ask(question, ENGLISH, language="en")
    assert not found.is_found
    assert not any(hit.is_verbatim for hit in found.hits)


def test_words_of_another_language_prove_nothing() -> None:
    assert not ask("Garden?", ENGLISH, language="en", is_crossed=True).is_found
