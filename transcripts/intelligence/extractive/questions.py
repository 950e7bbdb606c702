"""The questions that are asked in a text, and the passages that answer them."""

from dataclasses import dataclass

import numpy as np

from transcripts.intelligence.extractive.reading import Reading
from transcripts.intelligence.source import Sentence

# Of the cosine of a question and a later sentence (multilingual-e5-small): few unrelated ones
# pass it. Questions to a whole text have a lower one.
_BAR = 0.86
_AHEAD = 12  # sentences in which an answer is looked for
_NO_ANSWER = ("i don't know", "no idea", "not sure", "nevím", "netuším", "nejsem si jist")


@dataclass(frozen=True)
class Question:
    sentence: Sentence
    answer: Sentence | None


def find_questions(reading: Reading) -> list[Question]:
    """Return them in the text's order. An answer is another speaker's next sentence, or the first
    later one that is near enough; where speakers are unknown, only the latter.
    """
    places = [place for place, each in enumerate(reading.sentences) if _asks(each)]
    if not places:
        return []
    return [Question(reading.sentences[place], _find_answer(reading, place)) for place in places]


def _asks(sentence: Sentence) -> bool:
    return sentence.is_question and sentence.words >= 2


def _find_answer(reading: Reading, place: int) -> Sentence | None:
    asked = reading.sentences[place]
    later = range(place + 1, min(place + 1 + _AHEAD, len(reading.sentences)))
    candidates = [other for other in later if _may_answer(asked, reading.sentences[other])]
    if candidates and asked.speaker is not None:
        first = reading.sentences[candidates[0]]
        is_reply = candidates[0] <= place + 2 and first.speaker != asked.speaker
        if is_reply:
            return first
    near = [
        other
        for other in later
        if not reading.sentences[other].is_question
        and float(np.dot(reading.vectors[place], reading.vectors[other])) >= _BAR
    ]
    return reading.sentences[near[0]] if near else None


def _may_answer(asked: Sentence, other: Sentence) -> bool:
    is_own = asked.speaker is not None and other.speaker == asked.speaker
    if is_own or other.is_question:
        return False
    return not other.text.lower().startswith(_NO_ANSWER)
