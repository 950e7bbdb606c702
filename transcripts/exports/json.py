"""JSON: the answer of `POST /v1/transcribe` as the contract has it, times in seconds.

`verbose_json` adds what OpenAI's format of that name has: the words of the whole recording at the
top level and the recogniser's measures of each segment.
"""

import json
from typing import Any, NotRequired, TypedDict

from transcripts.exports.document import Document, GapSegment
from transcripts.exports.notice import notice_of, origin_of
from transcripts.exports.options import ExportOptions
from transcripts.exports.translations import texts_beside, untranslated_keys
from transcripts.services.shown_gaps import ShownGap
from transcripts.text.segments import Segment
from transcripts.text.words import Word


class PublicWord(TypedDict):
    """A word as the contract has it: times in seconds; `timing` where it is known."""

    word: str
    start: float
    end: float
    confidence: float | None
    timing: NotRequired[str]


class PublicSegment(TypedDict):
    """`gap`: the id of the gap that a segment stands for, which is shown and not spoken.

    Of exports with a translation: `translation` where it stands beside the text; `untranslated`
    where something of it came back as it was spoken.
    """

    start: float
    end: float
    text: str
    speaker: str | None
    confidence: float | None
    language: str | None
    words: list[PublicWord]
    gap: NotRequired[str]
    translation: NotRequired[str]
    untranslated: NotRequired[bool]


_NO_SEGMENTS = '"segments": []'


def render_json(document: Document) -> str:
    return json.dumps(as_json(document), ensure_ascii=False)


def render_verbose_json(document: Document) -> str:
    return json.dumps(as_verbose_json(document), ensure_ascii=False)


def export_json(document: Document, options: ExportOptions) -> str:
    """Return the transcript as the contract has it, with its title and where it comes from."""
    body = without_segments(document) | {"title": document.title}
    if document.translation is not None:
        body["translation"] = document.translation.as_json()
    if options.notice:
        body |= {"origin": origin_of(document), "notice": notice_of(document, options)}
    # One segment at a time: of ten hours, all of them as dicts take 60 MB. No text can contain
    # the empty list: the quotes in it are escaped.
    head, empty, tail = json.dumps(body, ensure_ascii=False).partition(_NO_SEGMENTS)
    return f"{head}{empty[:-2]}{render_segments(document, options)}{tail}"


def render_segments(document: Document, options: ExportOptions) -> str:
    """Return the list of segments alone, as `as_json` has it."""
    untranslated, beside = untranslated_keys(document), texts_beside(document)
    parts = (
        json.dumps(_with_translation(segment, text, document, untranslated), ensure_ascii=False)
        for segment, text in zip(document.segments, beside, strict=True)
    )
    return f"[{', '.join(parts)}]"


def _with_translation(
    segment: Segment, text: str, document: Document, untranslated: frozenset[str]
) -> PublicSegment:
    body = segment_as_json(segment, language=document.language)
    if document.is_bilingual:
        body["translation"] = text
    if document.translation is not None:
        body["untranslated"] = segment.key in untranslated
    return body


def as_json(document: Document) -> dict[str, Any]:
    """Return the contract's fields first, then ours."""
    segments = [
        segment_as_json(segment, language=document.language) for segment in document.segments
    ]
    return without_segments(document) | {"segments": segments}


def without_segments(document: Document) -> dict[str, Any]:
    return {
        "text": document.text,
        "language": document.language or None,
        "duration": seconds(document.duration_ms),
        "segments": [],
        "speakers": list(document.speakers),
        "id": document.id,
        "status": document.status,
        "model": document.model,
        "engine": document.engine,
        "language_probability": document.language_probability,
        "diarization": _diarization(document),
        "warnings": [dict(warning) for warning in document.warnings],
        "gaps": [gap_as_json(gap) for gap in document.gaps],
    }


def as_verbose_json(document: Document) -> dict[str, Any]:
    segments = [
        {**segment_as_json(segment, language=document.language), **_measures(number, segment)}
        for number, segment in enumerate(document.segments)
    ]
    words = [word_as_json(word) for segment in document.segments for word in segment.words]
    return as_json(document) | {"task": document.task, "segments": segments, "words": words}


def segment_as_json(segment: Segment, *, language: str) -> PublicSegment:
    """language: the document's, which is that of segments that name none."""
    body: PublicSegment = {
        "start": seconds(segment.start_ms),
        "end": seconds(segment.end_ms),
        "text": segment.text,
        "speaker": segment.speaker_name,
        "confidence": share(segment.confidence),
        "language": segment.language or language or None,
        "words": [word_as_json(word) for word in segment.words],
    }
    if isinstance(segment, GapSegment):
        body["words"], body["gap"] = [], segment.gap
    return body


def gap_as_json(gap: ShownGap) -> dict[str, Any]:
    """`text` is there only where something was recognised, and not accepted."""
    body = {
        "id": gap.id,
        "start": seconds(gap.start_ms),
        "end": seconds(gap.end_ms),
        "reason": gap.reason,
    }
    return body | {"text": gap.text} if gap.text else body


def seconds(milliseconds: int) -> float:
    return milliseconds / 1000


def share(confidence: float | None) -> float | None:
    """Return it as the public JSON has it; null where none was measured."""
    return None if confidence is None else round(confidence, 4)


def word_as_json(word: Word) -> PublicWord:
    body: PublicWord = {
        "word": word.text,
        "start": seconds(word.start_ms),
        "end": seconds(word.end_ms),
        "confidence": share(word.confidence),
    }
    if word.timing:
        body["timing"] = word.timing
    return body


def _measures(number: int, segment: Segment) -> dict[str, Any]:
    return {
        "id": number,
        "seek": 0,
        "tokens": [],
        "temperature": segment.temperature,
        "avg_logprob": segment.avg_logprob,
        "compression_ratio": segment.compression_ratio,
        "no_speech_prob": segment.no_speech_prob,
    }


def _diarization(document: Document) -> dict[str, Any] | None:
    if not document.speakers:
        return None
    return {"engine": document.embedder}
