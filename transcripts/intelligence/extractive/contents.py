"""The kinds of content that can be quoted from a text, each as Markdown and as data."""

from collections.abc import Callable
from typing import Any

from transcripts.intelligence.documents import escape, join_sections, section
from transcripts.intelligence.extractive import cues
from transcripts.intelligence.extractive.action_items import find_action_items
from transcripts.intelligence.extractive.centrality import choose_diverse
from transcripts.intelligence.extractive.chapters import (
    Chapter,
    find_chapters,
    list_key_sentences,
)
from transcripts.intelligence.extractive.entities import find_entities
from transcripts.intelligence.extractive.questions import find_questions
from transcripts.intelligence.extractive.reading import Reading
from transcripts.intelligence.extractive.study import make_cards, make_quiz
from transcripts.intelligence.extractive.summaries import choose_sentences, write_action
from transcripts.intelligence.extractive.topics import find_topics
from transcripts.intelligence.source import Sentence
from transcripts.text.clock import format_clock

Content = tuple[str, Any]
_QUOTE_WORDS = range(8, 41)
_QUOTES = 6
_DECISIONS = 12


def list_quotes(reading: Reading) -> Content:
    quotes = _choose_quotes(reading)
    lines = "\n\n".join(
        f"> {escape(each.text)}" + (f"\n>\n> — {escape(each.byline)}" if each.byline else "")
        for each in quotes
    )
    data = [
        {"quote": each.text, "speaker": each.speaker, "evidence": each.as_evidence()}
        for each in quotes
    ]
    return lines + "\n", data


def write_meeting_notes(reading: Reading) -> Content:
    summary = choose_sentences(reading, count=4)
    decisions = [
        each for each in reading.sentences if cues.is_decision(each.text, reading.language)
    ][:_DECISIONS]
    items = find_action_items(reading.source)
    asked = [each for each in find_questions(reading) if each.answer is None]
    open_questions = [each.sentence for each in asked]
    topics = [topic.phrase for topic in find_topics(reading, count=6)]
    markdown = join_sections(
        _section(reading, "speakers", [f"- {escape(name)}" for name in reading.source.speakers]),
        _section(reading, "summary", [" ".join(escape(each.text) for each in summary)]),
        _section(reading, "topics", [f"- {escape(phrase)}" for phrase in topics]),
        _section(reading, "decisions", _quote_lines(decisions)),
        _section(
            reading,
            "actions",
            [f"- [ ] {escape(write_action(item, reading.language))}" for item in items],
        ),
        _section(reading, "questions", _quote_lines(open_questions)),
    )
    return markdown, {
        "speakers": list(reading.source.speakers),
        "summary": _describe(summary),
        "topics": topics,
        "decisions": _describe(decisions),
        "action_items": [item.as_json() for item in items],
        "open_questions": _describe(open_questions),
    }


def write_show_notes(reading: Reading) -> Content:
    summary = choose_sentences(reading, count=3)
    chapters = find_chapters(reading)
    quotes = _choose_quotes(reading)[:3]
    topics = [topic.phrase for topic in find_topics(reading, count=8)]
    text = reading.source.text
    links = list(
        dict.fromkeys(
            text[each.start : each.end]
            for each in find_entities(reading.source)
            if each.label == "URL"
        )
    )
    markdown = join_sections(
        _section(reading, "summary", [" ".join(escape(each.text) for each in summary)]),
        _section(reading, "chapters", _chapter_lines(chapters)),
        _section(reading, "topics", [f"- {escape(phrase)}" for phrase in topics]),
        _section(reading, "quotes", _quote_lines(quotes)),
        _section(reading, "links", [f"- {escape(link)}" for link in links]),
    )
    return markdown, {
        "summary": _describe(summary),
        "chapters": _describe_chapters(chapters),
        "topics": topics,
        "quotes": _describe(quotes),
        "links": links,
    }


def mark_chapters(reading: Reading) -> Content:
    chapters = find_chapters(reading)
    return "\n".join(_chapter_lines(chapters)) + "\n", _describe_chapters(chapters)


def write_study_guide(reading: Reading) -> Content:
    chapters = find_chapters(reading)
    terms = [topic.phrase for topic in find_topics(reading, count=12)]
    cards = make_cards(reading, count=8)
    parts = []
    described = []
    for chapter in chapters:
        points = list_key_sentences(reading, chapter, count=4)
        parts.append(f"### {escape(chapter.title)}\n\n" + "\n".join(_quote_lines(points)))
        described.append({"title": chapter.title, "points": _describe(points)})
    markdown = join_sections(
        _section(reading, "terms", [f"- {escape(term)}" for term in terms]),
        _section(reading, "points", ["\n\n".join(parts)]),
        _section(
            reading,
            "review",
            [
                f"{number}. {escape(card.front)} — {_label(reading, 'answer')}: {escape(card.back)}"
                for number, card in enumerate(cards, 1)
            ],
        ),
    )
    return markdown, {"terms": terms, "chapters": described, "review": _describe_cards(cards)}


def write_flashcards(reading: Reading) -> Content:
    cards = make_cards(reading)
    lines = [f"- **{escape(card.front)}** — {escape(card.back)}" for card in cards]
    return "\n".join(lines) + "\n", _describe_cards(cards)


def write_quiz(reading: Reading) -> Content:
    questions = make_quiz(reading)
    parts = []
    for number, each in enumerate(questions, 1):
        choices = [f"   - {chr(97 + at)}) {escape(text)}" for at, text in enumerate(each.choices)]
        answer = f"   - {_label(reading, 'answer')}: {escape(each.answer)}"
        parts.append("\n".join([f"{number}. {escape(each.question)}", *choices, answer]))
    data = [
        {
            "question": each.question,
            "choices": list(each.choices),
            "answer": each.answer,
            "evidence": each.sentence.as_evidence(),
        }
        for each in questions
    ]
    return "\n\n".join(parts) + "\n", data


KINDS: dict[str, Callable[[Reading], Content]] = {
    "key_quotes": list_quotes,
    "show_notes": write_show_notes,
    "meeting_notes": write_meeting_notes,
    "study_guide": write_study_guide,
    "flashcards": write_flashcards,
    "quiz": write_quiz,
    "chapter_markers": mark_chapters,
}


def _choose_quotes(reading: Reading) -> list[Sentence]:
    weights = [
        float(weight) if each.words in _QUOTE_WORDS and not each.is_question else 0.0
        for each, weight in zip(reading.sentences, reading.weights, strict=True)
    ]
    if not any(weights):
        weights = [float(weight) for weight in reading.weights]
    places = choose_diverse(reading.centred, weights, count=_QUOTES)
    return [reading.sentences[place] for place in places]


def _section(reading: Reading, name: str, lines: list[str]) -> str:
    return section(_label(reading, name), [line for line in lines if line.strip()])


def _label(reading: Reading, name: str) -> str:
    return cues.heading(name, reading.language)


def _quote_lines(sentences: list[Sentence]) -> list[str]:
    return [
        f"- {escape(each.text)}" + (f" ({escape(each.byline)})" if each.byline else "")
        for each in sentences
    ]


def _describe(sentences: list[Sentence]) -> list[dict[str, Any]]:
    return [{"text": each.text, "evidence": each.as_evidence()} for each in sentences]


def _chapter_lines(chapters: list[Chapter]) -> list[str]:
    return [f"- {_clock(chapter.opening)}{escape(chapter.title)}" for chapter in chapters]


def _clock(sentence: Sentence) -> str:
    return "" if sentence.start_ms is None else f"{format_clock(sentence.start_ms)} "


def _describe_chapters(chapters: list[Chapter]) -> list[dict[str, Any]]:
    return [
        {
            "start": None if each.opening.start_ms is None else each.opening.start_ms / 1000,
            "title": each.title,
            "evidence": each.opening.as_evidence(),
        }
        for each in chapters
    ]


def _describe_cards(cards: list[Any]) -> list[dict[str, Any]]:
    return [
        {"front": card.front, "back": card.back, "evidence": card.sentence.as_evidence()}
        for card in cards
    ]
