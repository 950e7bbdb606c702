"""What is quoted from texts by real vectors (multilingual-e5-small): sentiment, chapters, answers.

Our own texts, held back from what was chosen by them; small numbers, so the bars are coarse.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from inference_service.catalog.text_models import E5_SMALL
from inference_service.engines.embedding.text_encoder import TextEncoder, TextKind, embed_texts
from tests.labelled_texts import read_texts
from tests.transcripts.intelligence.texts import CZECH_MEETING, MEETING
from transcripts.intelligence.extractive.chapters import find_chapters
from transcripts.intelligence.extractive.reading import Reading, Vectors
from transcripts.intelligence.extractive.sentiment import SentimentModel, describe
from transcripts.intelligence.extractive.summaries import summarise
from transcripts.intelligence.retrieval import (
    Found,
    Passage,
    SegmentIndex,
    build_index,
    embed_query,
    search,
)
from transcripts.intelligence.source import is_in_language, read_text

pytestmark = pytest.mark.real_weights

SENTIMENTS = [
    ("What a lovely evening, I had so much fun.", "positive"),
    ("The support team solved it within minutes, brilliant.", "positive"),
    ("I can't wait to show this to my friends.", "positive"),
    ("The screen arrived cracked and nobody replies to me.", "negative"),
    ("We are losing customers every week because of these delays.", "negative"),
    ("I was insulted and had to leave.", "negative"),
    ("The bus stops in front of the library.", "neutral"),
    ("The report has four chapters and an appendix.", "neutral"),
    ("To byl nádherný koncert, moc jsme si to užili.", "positive"),
    ("Jsem nadšená, že to konečně funguje.", "positive"),
    ("Skvělá práce, moc děkuju celému týmu.", "positive"),
    ("Zase to nefunguje a nikoho to nezajímá, je to hrozné.", "negative"),
    ("Jsem zklamaný, peníze mi dosud nevrátili.", "negative"),
    ("Ta cesta byla noční můra, všechno bylo zpožděné.", "negative"),
    ("Vlak odjíždí ze třetího nástupiště.", "neutral"),
    ("Dokument má šest stran a dvě přílohy.", "neutral"),
]
# A question and what of the text answers it.
ENGLISH = [
    ("What is missing before people can bake?", "no gas connection"),
    ("On which day can customers come in for the first time?", "third of March"),
    ("What did fixing the car cost us?", "1,200 euros"),
    ("Who prepares quotes for a replacement vehicle?", "two offers"),
    ("What is the price of another van?", "thirty thousand"),
    ("When were the ovens delivered?", "arrived on Monday"),
]
CZECH = [
    ("Co ještě chybí, aby se mohlo péct?", "přípojku plynu"),
    ("Který den přijdou první zákazníci?", "třetího března"),
    ("Kolik stálo spravení auta?", "30 000"),
    ("Kdo sežene nabídky na jiné auto?", "dvě nabídky"),
]
CROSSED = [  # asked in Czech, said in English
    ("Kdy se otevírá pekárna?", "third of March"),
    ("Kolik stála oprava dodávky?", "1,200 euros"),
    ("Kolik stojí nová dodávka?", "thirty thousand"),
]
FAR = [
    "Who won the football championship?",
    "How many moons does Jupiter have?",
    "What is the capital of Australia?",
    "How do I cook risotto?",
    "Kdo vyhrál mistrovství světa v hokeji?",
    "Kolik měsíců má planeta Jupiter?",
]


class Embedder:
    def __init__(self, folder: Path) -> None:
        self._encoder = TextEncoder(folder / E5_SMALL, model_id=E5_SMALL)
        self._indexes: dict[str, SegmentIndex] = {}

    def index(self, text: str, passages: Sequence[Passage]) -> SegmentIndex:
        """Return the index of the passages that the text consists of, made once."""
        if text not in self._indexes:
            self._indexes[text] = build_index(passages, self.passages)
        return self._indexes[text]

    def queries(self, texts: Sequence[str]) -> Vectors:
        return np.asarray(embed_texts(self._encoder, list(texts), TextKind.QUERY), np.float32)

    def passages(self, texts: Sequence[str]) -> tuple[Vectors, str, str]:
        vectors = embed_texts(self._encoder, list(texts), TextKind.PASSAGE)
        return np.asarray(vectors, np.float32), E5_SMALL, "1"


@pytest.fixture(scope="module")
def embedder(real_embedders_dir: Path) -> Embedder:
    return Embedder(real_embedders_dir)


def find(embedder: Embedder, text: str, question: str) -> tuple[Found, list[str]]:
    lines = [line.partition(": ")[2] for line in text.strip().splitlines()]
    passages = [
        Passage(place, f"k{place}", line, place, place + 1, None)
        for place, line in enumerate(lines)
    ]
    index = embedder.index(text, passages)
    is_crossed = not is_in_language(question, read_text(text).language)
    query = embed_query(question, lambda texts: (embedder.queries(texts), E5_SMALL, "1"), server="")
    language = read_text(text).language
    found = search(query, passages, index, language=language, is_crossed=is_crossed)
    return found, [lines[hit.place] for hit in found.hits]


def test_sentiment_is_known_in_english_and_in_czech(embedder: Embedder) -> None:
    model = SentimentModel(embedder.queries)
    probabilities = model.judge(embedder.queries([text for text, _ in SENTIMENTS]))
    wrong = [
        (text, label, describe(own).label)
        for (text, label), own in zip(SENTIMENTS, probabilities, strict=True)
        if describe(own).label != label
    ]
    assert len(wrong) <= 3, wrong


@pytest.mark.parametrize(
    ("text", "questions"), [(MEETING, ENGLISH), (CZECH_MEETING, CZECH), (MEETING, CROSSED)]
)
def test_paraphrased_questions_find_their_answer_among_the_first_five(
    embedder: Embedder, text: str, questions: list[tuple[str, str]]
) -> None:
    missed = [
        question
        for question, spoken in questions
        if not any(spoken in line for line in find(embedder, text, question)[1][:5])
    ]
    assert len(missed) <= len(questions) // 4, missed


@pytest.mark.parametrize(("language", "asked"), [("en", "en"), ("cs", "cs"), ("en", "cs")])
def test_questions_about_our_labelled_texts_find_their_line(
    embedder: Embedder, language: str, asked: str
) -> None:
    """`benchmarks.language_retrieval` has the figures; here .07 and more below them."""
    found = count = 0
    for text in read_texts(language):
        for question in text.questions if asked == language else text.crossed:
            hits = find(embedder, text.as_text(), question.text)[0].hits[:5]
            found += any(abs(hit.place - question.line) <= 1 for hit in hits)
            count += 1
    assert found >= 0.84 * count


def test_far_questions_are_refused_and_answerable_ones_are_not(embedder: Embedder) -> None:
    answered = [question for question in FAR if find(embedder, MEETING, question)[0].is_found]
    refused = [
        question
        for question, _ in (*ENGLISH, *CROSSED)
        if not find(embedder, MEETING, question)[0].is_found
    ]
    assert len(answered) <= 1, answered
    assert len(refused) <= 1, refused


def test_summaries_and_chapters_follow_the_subject(embedder: Embedder) -> None:
    reading = Reading(read_text(MEETING, language="en"), embed=embedder.queries)
    summary = summarise(reading, style="detailed").text
    assert "bakery" in summary
    assert "delivery van" in summary
    assert "nice day" not in summary
    openings = [chapter.opening.text for chapter in find_chapters(reading)]
    assert "The next point is the delivery van." in openings
    assert len(openings) <= 4
