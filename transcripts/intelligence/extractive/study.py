"""For learners: cards, quizzes, guides. Questions are sentences of the text with a word left out
(cloze), or a term that a sentence defines; wrong choices are other terms of the text.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from transcripts.intelligence.extractive.cues import words_of
from transcripts.intelligence.extractive.reading import Reading
from transcripts.intelligence.extractive.topics import Topic, find_topics
from transcripts.intelligence.source import Sentence

GAP = "_____"
_MOST_TERMS = 24
_CHOICES = 4
_WORDS = range(6, 41)
_DEFINES = {
    "en": re.compile(
        r"^(?:(?:a|an|the) )?(?P<term>[\w' -]{3,40}?) (?:is|are|means|refers to) (?:a|an|the"
        r"|called|any"
        r"|one)\b",
        re.IGNORECASE,
    ),
    "cs": re.compile(
        r"^(?P<term>[\w -]{3,40}?) (?:je|jsou|znamená|se nazývá|se rozumí) (?!to\b)\w+", re.I
    ),
}
_NO_TERMS = words_of(
    "this that these those it there he she they we i you what which who here one"
    " to ten ta ti ty ono on ona oni my vy co který kdo tady toto tohle"
)


@dataclass(frozen=True)
class Card:
    """`front` is asked, `back` is the answer; both are quoted from `sentence`."""

    front: str
    back: str
    sentence: Sentence


@dataclass(frozen=True)
class QuizQuestion:
    question: str
    choices: tuple[str, ...]
    answer: str
    sentence: Sentence


def make_cards(reading: Reading, *, count: int = 12) -> list[Card]:
    """Return cards in the text's order: definitions first chosen, then sentences with a gap."""
    cards = [*_define(reading), *_leave_out(reading)]
    chosen: list[Card] = []
    used: set[int] = set()
    for card in cards:
        if card.sentence.start not in used and len(chosen) < count:
            used.add(card.sentence.start)
            chosen.append(card)
    return sorted(chosen, key=lambda card: card.sentence.start)


def make_quiz(reading: Reading, *, count: int = 10) -> list[QuizQuestion]:
    """Return questions with up to four choices; fewer than two other terms make none."""
    cards = [card for card in _leave_out(reading) if GAP in card.front]
    terms = list(dict.fromkeys(card.back for card in cards))
    questions: list[QuizQuestion] = []
    used: set[int] = set()
    for card in cards:
        others = [term for term in terms if not _is_like(term, card.back)]
        if card.sentence.start in used or len(others) < 2:
            continue
        used.add(card.sentence.start)
        # Nearest in length, so that the right one doesn't stand out; placed by the text alone.
        others.sort(key=lambda term: (abs(len(term) - len(card.back)), term))
        choices = others[: _CHOICES - 1]
        choices.insert(card.sentence.start % (len(choices) + 1), card.back)
        questions.append(QuizQuestion(card.front, tuple(choices), card.back, card.sentence))
        if len(questions) == count:
            break
    return sorted(questions, key=lambda each: each.sentence.start)


def _define(reading: Reading) -> Iterable[Card]:
    pattern = _DEFINES.get(reading.language)
    if pattern is None:
        return
    for sentence in reading.sentences:
        text = " ".join(sentence.text.split())
        match = pattern.match(text)
        if match is None or sentence.words not in _WORDS or sentence.is_question:
            continue
        term = match["term"]
        if term.split()[0].lower() not in _NO_TERMS and len(term.split()) <= 4:
            yield Card(term, text, sentence)


def _leave_out(reading: Reading) -> Iterable[Card]:
    """Yield each term's best sentence with a gap in its place."""
    weights = {
        sentence.start: float(weight)
        for sentence, weight in zip(reading.sentences, reading.weights, strict=True)
    }
    for topic in find_topics(reading, count=_MOST_TERMS):
        fitting = [
            each for each in topic.sentences if each.words in _WORDS and not each.is_question
        ]
        for sentence in sorted(fitting, key=lambda each: -weights[each.start])[:1]:
            card = _make_cloze(topic, sentence)
            if card is not None:
                yield card


def _make_cloze(topic: Topic, sentence: Sentence) -> Card | None:
    """Return the sentence without the term, in the form that it has there."""
    text = " ".join(sentence.text.split())
    stems = [re.escape(word[:5]) for word in topic.phrase.split()]
    match = re.search(r"\b" + r"\w*\W{1,3}".join(stems) + r"\w*", text, re.IGNORECASE)
    if match is None:
        return None
    front = f"{text[: match.start()]}{GAP}{text[match.end() :]}"
    return Card(front, match.group(), sentence)


def _is_like(one: str, other: str) -> bool:
    return one.lower()[:5] == other.lower()[:5]
