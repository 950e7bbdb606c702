"""The six analyses, each as data: what of the text it is, and where it stands."""

from collections.abc import Callable, Collection
from typing import Any

from transcripts.intelligence.extractive.action_items import find_action_items
from transcripts.intelligence.extractive.entities import find_entities
from transcripts.intelligence.extractive.questions import find_questions
from transcripts.intelligence.extractive.reading import Reading
from transcripts.intelligence.extractive.sentiment import SentimentModel, describe, describe_all
from transcripts.intelligence.extractive.topics import find_topics
from transcripts.intelligence.source import SourceText
from transcripts.pii.find import mask
from transcripts.pii.kinds import ALL_KINDS, PARTIAL, PiiKind
from transcripts.pii.redactor import Redactor


def analyse_sentiment(reading: Reading) -> dict[str, Any]:
    probabilities = SentimentModel(reading.embed).judge(reading.vectors)
    overall = describe_all(probabilities, reading.sentences)
    segments = []
    for sentence, each in zip(reading.sentences, probabilities, strict=True):
        own = describe(each)
        segments.append(
            {
                "text": sentence.text,
                "label": own.label,
                "score": own.score,
                "polarity": own.polarity,
                "speaker": sentence.speaker,
                "evidence": sentence.as_evidence(),
            }
        )
    return {
        "label": overall.label,
        "score": overall.score,
        "polarity": overall.polarity,
        "segments": segments,
    }


def analyse_topics(reading: Reading) -> list[dict[str, Any]]:
    return [
        {
            "topic": topic.phrase,
            "score": topic.score,
            "evidence": [sentence.as_evidence() for sentence in topic.sentences[:20]],
        }
        for topic in find_topics(reading)
    ]


def analyse_questions(reading: Reading) -> list[dict[str, Any]]:
    return [
        {
            "question": each.sentence.text,
            "answered": each.answer is not None,
            "answer": each.answer.text if each.answer else None,
            "speaker": each.sentence.speaker,
            "evidence": each.sentence.as_evidence(),
            "answer_evidence": each.answer.as_evidence() if each.answer else None,
        }
        for each in find_questions(reading)
    ]


def analyse_action_items(source: SourceText) -> list[dict[str, Any]]:
    return [{**item.as_json(), "source": item.sentence.text} for item in find_action_items(source)]


def analyse_entities(source: SourceText) -> list[dict[str, Any]]:
    return [
        {
            "text": source.text[entity.start : entity.end],
            "label": entity.label,
            "start": entity.start,
            "end": entity.end,
            "evidence": _place(source, entity.start, entity.end),
        }
        for entity in find_entities(source)
    ]


def redact(source: SourceText, *, kinds: Collection[PiiKind] = ALL_KINDS) -> dict[str, Any]:
    """Return the text with its personal data masked, and what was masked where.

    Raises StillFoundError.
    """
    redactor = Redactor([source.text], language=source.language, kinds=kinds, names=source.speakers)
    found = redactor.find(source.text)
    return {
        "text": mask(source.text, found),
        "entities": [
            {
                "text": source.text[item.start : item.end],
                "label": item.kind.value,
                "placeholder": item.placeholder,
                "start": item.start,
                "end": item.end,
                "evidence": _place(source, item.start, item.end),
            }
            for item in found
        ],
        "types_covered": [kind.value for kind in kinds],
        "types_partial": [kind.value for kind in kinds if kind in PARTIAL],
    }


def _place(source: SourceText, start: int, end: int) -> dict[str, Any]:
    sentence = source.at(start)
    evidence = sentence.as_evidence() if sentence is not None else {}
    return {**evidence, "characters": [start, end]}


# With vectors, and without.
READ: dict[str, Callable[[Reading], Any]] = {
    "sentiment": analyse_sentiment,
    "topics": analyse_topics,
    "questions": analyse_questions,
}
BY_RULES: dict[str, Callable[[SourceText], Any]] = {
    "action_items": analyse_action_items,
    "entities": analyse_entities,
}
