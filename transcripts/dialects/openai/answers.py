"""A finished transcript → OpenAI's bodies. Every figure was measured, or the types require it."""

import json
import math
from typing import Any

from django.http import HttpResponse, JsonResponse

from transcripts.dialects.openai.request import DIARIZED, OpenAIRequest
from transcripts.editing.original import load_original
from transcripts.exports.document import Document
from transcripts.exports.json import seconds
from transcripts.exports.render import render
from transcripts.job_errors import job_error
from transcripts.models import READABLE_STATUSES, Transcript
from transcripts.responses import with_headers
from transcripts.text.languages import LANGUAGE_NAMES
from transcripts.text.segments import Segment
from transcripts.text.words import Word


def answer_finished(transcript: Transcript, asked: OpenAIRequest) -> HttpResponse:
    """Return what the machine wrote, as it was asked for. Raises ApiError where it failed."""
    if transcript.status not in READABLE_STATUSES:
        raise job_error(transcript)
    return with_headers(_answer(load_original(transcript), asked), transcript)


def _answer(document: Document, asked: OpenAIRequest) -> HttpResponse:
    match asked.response_format:
        case "json":
            return JsonResponse(as_json(document, has_logprobs=asked.has_logprobs))
        case "verbose_json":
            return JsonResponse(as_verbose_json(document, granularities=asked.granularities))
        case _ if asked.response_format == DIARIZED:
            return JsonResponse(as_diarized_json(document))
        case "text":
            body = f"{document.text}\n"
            return HttpResponse(body.encode(), content_type="text/plain; charset=utf-8")
        case subtitles:
            body_of_file, content_type = render(document, subtitles)
            return HttpResponse(body_of_file, content_type=content_type)


def as_json(document: Document, *, has_logprobs: bool = False) -> dict[str, Any]:
    body: dict[str, Any] = {"text": document.text}
    if has_logprobs:
        words = (word for segment in document.segments for word in segment.words)
        body["logprobs"] = [_logprob(word) for word in words if word.confidence]
    return body | {"usage": _usage(document)}


def as_verbose_json(document: Document, *, granularities: frozenset[str]) -> dict[str, Any]:
    """Return it with the `segments`, the `words`, or both."""
    body: dict[str, Any] = {
        "task": document.task,
        "language": _language(document),
        "duration": seconds(document.duration_ms),
        "text": document.text,
        "usage": _usage(document),
    }
    if "segment" in granularities:
        body["segments"] = [_segment(*pair) for pair in enumerate(document.segments)]
    if "word" in granularities:
        words = (word for segment in document.segments for word in segment.words)
        body["words"] = [_word(word) for word in words]
    return body


def _language(document: Document) -> str:
    """Return the text's: of a translation it is always English there."""
    code = "en" if document.task == "translate" else document.language
    return LANGUAGE_NAMES.get(code, code).lower()


def as_diarized_json(document: Document) -> dict[str, Any]:
    return {
        "task": "transcribe",
        "duration": seconds(document.duration_ms),
        "text": document.text,
        "segments": [diarized_segment(*pair) for pair in enumerate(document.segments)],
        "usage": _usage(document),
    }


def diarized_segment(number: int, segment: Segment) -> dict[str, Any]:
    """Return one of diarized_json; of a stream, it is an event of its own."""
    return {
        "type": "transcript.text.segment",
        "id": f"seg_{number}",
        "start": seconds(segment.start_ms),
        "end": seconds(segment.end_ms),
        "text": segment.text,
        "speaker": segment.speaker_name or "",
    }


def write_event(body: dict[str, Any], *, name: str = "") -> bytes:
    """Return a server-sent event as OpenAI writes it: JSON in one line, mostly without a name."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(body, ensure_ascii=False)}\n\n".encode()


def _segment(number: int, segment: Segment) -> dict[str, Any]:
    """All ten fields are required. The tokens are not kept, and nothing is sought in a file."""
    return {
        "id": number,
        "seek": 0,
        "start": seconds(segment.start_ms),
        "end": seconds(segment.end_ms),
        "text": segment.text,
        "tokens": [],
        "temperature": segment.temperature or 0.0,
        "avg_logprob": segment.avg_logprob or 0.0,
        "compression_ratio": segment.compression_ratio or 0.0,
        "no_speech_prob": segment.no_speech_prob or 0.0,
    }


def _word(word: Word) -> dict[str, Any]:
    return {"word": word.text, "start": seconds(word.start_ms), "end": seconds(word.end_ms)}


def _logprob(word: Word) -> dict[str, Any]:
    confidence = word.confidence or 1.0
    return {
        "token": word.text,
        "bytes": list(word.text.encode()),
        "logprob": round(math.log(confidence), 4),
    }


def _usage(document: Document) -> dict[str, Any]:
    return {"type": "duration", "seconds": math.ceil(seconds(document.duration_ms))}
