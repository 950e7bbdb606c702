"""What is asked of a text, as fields that a row can hold, and carrying it out.

    read_transcript → perform     of a transcript; its fields name the part that is read
    read_sent       → perform     of a text that came with the request

`perform` makes the answer's body, may block and must not query: it runs in a thread of the web
process or in a worker.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from transcripts.exports.document import Document, load_document
from transcripts.intelligence.engines import TextEngines
from transcripts.intelligence.models import ResultKind, TextOperation
from transcripts.intelligence.operations import (
    STYLE_NAMES,
    analyse_text,
    check_text,
    generate_content,
    summarise_text,
)
from transcripts.intelligence.outlines.fill import fill_outline
from transcripts.intelligence.outlines.variables import describe_transcript
from transcripts.intelligence.results import load_source
from transcripts.intelligence.source import SourceText, read_text
from transcripts.intelligence.transcript_translation import translate_transcript
from transcripts.intelligence.translation import translate_texts
from transcripts.intelligence.word_times import add_word_times
from transcripts.models import Transcript
from transcripts.pii.kinds import PiiKind


@dataclass(frozen=True)
class TextTask:
    """`fields`: those of the request, checked, as JSON holds them; empty ones are at default."""

    operation: str
    fields: dict[str, Any]

    @property
    def characters(self) -> int:
        """Return the length of the text that came with it."""
        texts = self.fields.get("texts") or [self.fields.get("text", "")]
        return sum(map(len, texts))

    def get(self, name: str) -> str:
        return str(self.fields.get(name) or "")


@dataclass(frozen=True)
class TaskText:
    """`document`: of a transcript, where the answer needs its words' times. `values`: of a
    template's variables."""

    source: SourceText
    document: Document | None = None
    values: dict[str, str] = field(default_factory=dict)


def read_transcript(task: TextTask, transcript: Transcript) -> TaskText:
    """Return what the task reads. Raises ApiError: 409 `not_finished`, 400 `unknown_speaker`.

    Three queries, five where words or a template's variables are needed.
    """
    source = load_source(
        transcript,
        speaker=task.get("speaker"),
        start_s=task.fields.get("start"),
        end_s=task.fields.get("end"),
    )
    is_masked = task.operation == TextOperation.ANALYZE and task.get("type") == "pii_redact"
    is_timed = is_masked or task.operation == TextOperation.TRANSLATE
    document = load_document(transcript) if is_timed else None
    values: dict[str, str] = {}
    if "template" in task.fields:
        values = describe_transcript(transcript, source, notes=task.get("notes"))
    return TaskText(source, document, values)


def read_sent(task: TextTask) -> TaskText:
    """Return the text that came with the task. A text of 2 MB takes seconds."""
    day = task.get("recorded_on")
    recorded_on = date.fromisoformat(day) if day else None
    source = read_text(task.get("text"), language=task.get("language"), recorded_on=recorded_on)
    return TaskText(source, None, {"notes": task.get("notes"), "language": source.language})


def place_of(task: TextTask) -> tuple[ResultKind, str]:
    """Return under which kind and name the answer is stored with its transcript."""
    match task.operation:
        case TextOperation.SUMMARIZE:
            is_part = any(task.fields.get(name) is not None for name in ("start", "end"))
            name = STYLE_NAMES[task.get("style")]
            is_part = is_part or bool(task.get("speaker"))
            return ResultKind.SUMMARY, f"{name} (part)" if is_part else name
        case TextOperation.ANALYZE:
            return ResultKind.ANALYSIS, task.get("type")
        case TextOperation.TRANSLATE:
            return ResultKind.TRANSLATION, task.get("target")
    if "template" in task.fields:
        return ResultKind.TEMPLATE, str(task.fields["template"]["id"])
    return ResultKind.CONTENT, task.get("type")


def perform(task: TextTask, text: TaskText, engines: TextEngines) -> dict[str, Any]:
    """Return the answer's body. Raises ApiError, InferenceError."""
    model = task.get("model")
    match task.operation:
        case TextOperation.SUMMARIZE:
            return summarise_text(text.source, engines, style=task.get("style"), model=model)
        case TextOperation.ANALYZE:
            return _analyse(task, text, engines)
        case TextOperation.TRANSLATE:
            return _translate(task, text, engines)
    if "template" in task.fields:
        check_text(text.source)
        outline = task.fields["template"]
        return fill_outline(outline, text.source, engines, values=text.values, model=model)
    return generate_content(text.source, engines, kind=task.get("type"), model=model)


def perform_sent(task: TextTask, engines: TextEngines) -> dict[str, Any]:
    """Read and carry out what came with a request."""
    if task.operation == TextOperation.TRANSLATE:
        return _translate_sent(task, engines)
    return perform(task, read_sent(task), engines)


def _analyse(task: TextTask, text: TaskText, engines: TextEngines) -> dict[str, Any]:
    kinds = [PiiKind(each) for each in task.fields["types"]]
    made = analyse_text(text.source, engines, kind=task.get("type"), pii_kinds=kinds)
    if text.document is not None:
        made["result"] = add_word_times(made["result"], text.document)
    return made


def _translate(task: TextTask, text: TaskText, engines: TextEngines) -> dict[str, Any]:
    """Translate a transcript, with its times."""
    check_text(text.source)
    assert text.document is not None  # noqa: S101  # `read_transcript` gave it
    return translate_transcript(
        text.document,
        engines,
        language=task.get("source") or text.source.language,
        target=task.get("target"),
        model=task.get("model"),
    )


def _translate_sent(task: TextTask, engines: TextEngines) -> dict[str, Any]:
    texts, target = task.fields.get("texts"), task.get("target")
    translated, ran = translate_texts(
        texts or [task.get("text")],
        engines,
        source=task.get("source"),
        target=target,
        model=task.get("model"),
    )
    described = [
        {
            "translated_text": each.text,
            "source_language": each.source,
            "target_language": target,
            "untranslated": each.untranslated,
        }
        for each in translated
    ]
    if texts is not None:
        return {"translations": described, "target_language": target, "model": ran}
    return {**described[0], "model": ran}
