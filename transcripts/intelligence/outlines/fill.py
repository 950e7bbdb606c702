"""Filling a template: each section written by a language model from the text, or quoted from it.

What is listed (tasks, chapters, quotes, speakers, topics) is quoted always. A written sentence
stays only if the text bears it out; a section without one is quoted, and its remark says why.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from transcripts.intelligence.documents import escape
from transcripts.intelligence.engines import TextEngines
from transcripts.intelligence.extractive import cues
from transcripts.intelligence.extractive.action_items import find_action_items
from transcripts.intelligence.extractive.chapters import find_chapters
from transcripts.intelligence.extractive.contents import list_quotes
from transcripts.intelligence.extractive.questions import find_questions
from transcripts.intelligence.extractive.reading import Reading
from transcripts.intelligence.extractive.summaries import choose_sentences, write_action
from transcripts.intelligence.extractive.topics import find_topics
from transcripts.intelligence.operations import EXTRACTIVE, cover
from transcripts.intelligence.outlines.variables import fill_variables
from transcripts.intelligence.source import Sentence, SourceText
from transcripts.intelligence.writing import Condensed, condense, warn, write_section
from transcripts.text.clock import format_clock

Items = list[dict[str, Any]]
_PASSAGES = 3
_NEAR = 0.05  # centred cosine
_FEW = 4  # sentences of which no mean can be told
_WORDS = 4
_NOTHING = {"en": "Nothing was said about this.", "cs": "O tom nic nezaznělo."}


def fill_outline(
    outline: Mapping[str, Any],
    source: SourceText,
    engines: TextEngines,
    *,
    values: Mapping[str, str],
    model: str,
) -> dict[str, Any]:
    """outline: as `find.snapshot_template` returns it. Raises ApiError for a model's wrong name."""
    reading = Reading(source, embed=engines.embed)
    writer = None
    if model != EXTRACTIVE:
        writer = engines.find_language_model(model) if model else engines.find_good_language_model()
    is_written = writer is not None and any(
        each["source"] in _WRITTEN_SOURCES for each in outline["sections"]
    )
    condensed = condense(source, engines, writer) if writer is not None and is_written else None
    sections = []
    for number, section in enumerate(outline["sections"]):
        engines.note_parts(number, len(outline["sections"]))
        sections.append(_fill_section(section, reading, condensed, engines, values))
    name = f"{EXTRACTIVE}/{engines.embedder}" if engines.embedder else EXTRACTIVE
    is_quoted = all(each["approximate"] for each in sections)
    return {
        "type": "template",
        "template": {"id": outline["id"], "name": outline["name"]},
        "model": name if is_quoted or writer is None else writer.id,
        "approximate": is_quoted,
        "coverage": cover(source, parts=condensed.parts if condensed else 1),
        "content": _write_markdown(sections, source.language),
        "data": {"sections": sections},
        "warnings": [remark for each in sections for remark in each.pop("remarks")],
    }


def _fill_section(
    section: Mapping[str, str],
    reading: Reading,
    condensed: Condensed | None,
    engines: TextEngines,
    values: Mapping[str, str],
) -> dict[str, Any]:
    title = fill_variables(section["title"], values)
    order = fill_variables(section["instruction"], values)
    items: Items = []
    remarks: list[dict[str, str]] = []
    is_written = condensed is not None and section["source"] in _WRITTEN_SOURCES
    if condensed is not None and is_written:
        items, remark = write_section(condensed, f"the section “{title}”: {order}", engines)
        remarks = warn(remark, model=condensed.model.id)
    is_quoted = not is_written or bool(remarks)
    if is_quoted:
        quote = _QUOTED.get(section["source"])
        asked = f"{title}. {order}"
        items = quote(reading) if quote else _quote_passages(reading, asked)
    return {
        "title": title,
        "source": section["source"],
        "items": items,
        "approximate": is_quoted,
        "remarks": remarks,
    }


def _quote_summary(reading: Reading) -> Items:
    return _describe(choose_sentences(reading, count=min(5, max(1, len(reading.sentences) // 3))))


def _quote_passages(reading: Reading, asked: str) -> Items:
    """Return the sentences nearest to what is asked, in the text's order: by likeness alone.

    Vectors of speech lie close together, and short phrases near everything ("Noted."): what counts
    is how a sentence differs from the text's mean in the direction of what is asked. Of 13 sections
    of three texts of ours, English and Czech, 11 hold a right sentence (multilingual-e5-small).
    """
    if len(reading.sentences) < _FEW:
        return _describe(list(reading.sentences))
    mean = reading.vectors.mean(axis=0)
    away = reading.embed([asked])[0] - mean
    near = reading.centred @ (away / max(float(np.linalg.norm(away)), 1e-6))
    candidates = [
        at
        for at in (-near).argsort(kind="stable").tolist()
        if _is_substantial(reading.sentences[at], reading.language)
    ][:_PASSAGES]
    best = float(near[candidates[0]]) if candidates else 0.0
    chosen = [at for at in candidates if near[at] >= max(_NEAR, best / 2)]
    return _describe([reading.sentences[at] for at in sorted(chosen)])


def _is_substantial(sentence: Sentence, language: str) -> bool:
    is_courtesy = cues.is_courtesy(sentence.text, language)
    return sentence.words >= _WORDS and not sentence.is_question and not is_courtesy


def _quote_actions(reading: Reading) -> Items:
    return [
        {
            "text": write_action(item, reading.language),
            "task": item.task,
            "owner": item.owner,
            "due": item.due,
            "evidence": item.sentence.as_evidence(),
        }
        for item in find_action_items(reading.source)
    ]


def _quote_decisions(reading: Reading) -> Items:
    found = [each for each in reading.sentences if cues.is_decision(each.text, reading.language)]
    return _describe(found[:12])


def _quote_questions(reading: Reading) -> Items:
    return _describe([each.sentence for each in find_questions(reading) if each.answer is None])


def _quote_topics(reading: Reading) -> Items:
    return [
        {"text": topic.phrase, "evidence": topic.sentences[0].as_evidence()}
        for topic in find_topics(reading, count=8)
        if topic.sentences
    ]


def _quote_quotes(reading: Reading) -> Items:
    _, quotes = list_quotes(reading)
    return [
        {"text": each["quote"], "speaker": each["speaker"], "evidence": each["evidence"]}
        for each in quotes
    ]


def _quote_chapters(reading: Reading) -> Items:
    return [
        {"text": chapter.title, "evidence": chapter.opening.as_evidence()}
        for chapter in find_chapters(reading)
    ]


def _list_speakers(reading: Reading) -> Items:
    first = {each.speaker: each for each in reversed(reading.sentences) if each.speaker}
    return [
        {"text": name, "evidence": first[name].as_evidence()} for name in reading.source.speakers
    ]


def _describe(sentences: list[Sentence]) -> Items:
    return [
        {"text": each.text, "speaker": each.speaker, "evidence": each.as_evidence()}
        for each in sentences
    ]


_QUOTED: dict[str, Callable[[Reading], Items]] = {
    "summary": _quote_summary,
    "action_items": _quote_actions,
    "decisions": _quote_decisions,
    "questions": _quote_questions,
    "topics": _quote_topics,
    "quotes": _quote_quotes,
    "chapters": _quote_chapters,
    "speakers": _list_speakers,
}
SOURCES = ("passages", *_QUOTED)
_WRITTEN_SOURCES = frozenset(("passages", "summary", "decisions", "questions"))


def _write_markdown(sections: list[dict[str, Any]], language: str) -> str:
    nothing = _NOTHING.get(language, _NOTHING["en"])
    parts = [
        f"## {escape(section['title'])}\n\n"
        + ("\n".join(map(_write_item, section["items"])) or nothing)
        for section in sections
    ]
    return "\n\n".join(parts) + "\n"


def _write_item(item: Mapping[str, Any]) -> str:
    start = item["evidence"].get("start")
    place = f" ({format_clock(round(1000 * start))})" if start is not None else ""
    return f"- {escape(item['text'])}{place}"
