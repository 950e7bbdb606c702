"""A finished transcript → the files and the JSON of whisper-asr-webservice."""

import json
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse, JsonResponse

from stt_web.core.errors import ApiError
from transcripts.dialects.whisper_asr.request import AsrRequest
from transcripts.editing.original import load_original
from transcripts.exports.document import Document
from transcripts.exports.json import seconds
from transcripts.exports.plain import one_line
from transcripts.exports.render import render
from transcripts.job_errors import job_error
from transcripts.models import READABLE_STATUSES, Transcript
from transcripts.responses import with_headers
from transcripts.text.languages import LANGUAGE_NAMES
from transcripts.text.segments import Segment

ENGINE = "Asr-Engine"
_DIGITS = 4
_RETRY_AFTER_S = 5


class NoSpeechError(ApiError):
    """Nothing was said in the first half minute, so that no language is known."""

    status = 422
    code = "no_speech"


class DetectionInterruptedError(ApiError):
    """The language wasn't known yet when the request had to end; with Retry-After."""

    status = 503
    code = "detection_interrupted"

    def __init__(self) -> None:
        super().__init__(
            "This server had to end the request before the language was known. Send it again.",
            retry_after_s=_RETRY_AFTER_S,
        )


def answer_finished(transcript: Transcript, asked: AsrRequest) -> HttpResponse:
    """Return what the machine wrote, as it was asked for. Raises ApiError where it failed."""
    if transcript.status not in READABLE_STATUSES:
        raise job_error(transcript)
    document = load_original(transcript)
    response = HttpResponse(_write(document, asked), content_type="text/plain; charset=utf-8")
    name = quote(transcript.recording.file_name or "recording")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{asked.output}"'
    response.headers[ENGINE] = document.engine
    return with_headers(response, transcript)


def answer_language(transcript: Transcript) -> HttpResponse:
    """Return the language that was detected, without the id of what is deleted with the answer.

    Raises ApiError where that failed.
    """
    if transcript.status not in READABLE_STATUSES:
        error = job_error(transcript)
        del error.extra["id"]
        raise error
    job = transcript.job
    if not job.language:
        raise NoSpeechError("Nothing is said in the first half minute: its language is not known.")
    body: dict[str, Any] = {
        "detected_language": LANGUAGE_NAMES.get(job.language, job.language).lower(),
        "language_code": job.language,
    }
    if job.language_probability is not None:
        body["confidence"] = round(job.language_probability, _DIGITS)
    response = with_headers(JsonResponse(body), transcript)
    del response.headers["X-Transcript-Id"]
    return response


def _write(document: Document, asked: AsrRequest) -> bytes:
    match asked.output:
        case "tsv":
            return _write_tsv(document).encode()
        case "json":
            return json.dumps(_describe(document, asked), ensure_ascii=False).encode()
        case name:
            return render(document, name)[0]


def _write_tsv(document: Document) -> str:
    """Return rows of start, end (ms) and text."""
    rows = [f"{each.start_ms}\t{each.end_ms}\t{one_line(each.text)}" for each in document.segments]
    return "\n".join(("start\tend\ttext", *rows)) + "\n"


def _describe(document: Document, asked: AsrRequest) -> dict[str, Any]:
    return {
        "text": document.text,
        "segments": [
            _segment(number, segment, asked) for number, segment in enumerate(document.segments)
        ],
        "language": document.language,
    }


def _segment(number: int, segment: Segment, asked: AsrRequest) -> dict[str, Any]:
    described: dict[str, Any] = {
        "id": number,
        "start": seconds(segment.start_ms),
        "end": seconds(segment.end_ms),
        "text": segment.text,
    }
    measured = {
        name: getattr(segment, name)
        for name in ("avg_logprob", "compression_ratio", "no_speech_prob", "temperature")
    }
    described |= {name: value for name, value in measured.items() if value is not None}
    if asked.options.diarize and segment.speaker_name:
        described["speaker"] = segment.speaker_name
    if asked.has_words:
        described["words"] = [
            {
                "word": " " * word.space_before + word.text,
                "start": seconds(word.start_ms),
                "end": seconds(word.end_ms),
                "probability": word.confidence,
            }
            for word in segment.words
        ]
    return described
