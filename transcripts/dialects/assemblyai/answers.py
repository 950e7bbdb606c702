"""A request and its transcript → AssemblyAI's bodies. Times are whole milliseconds there."""

import string
from collections.abc import Iterator, Sequence
from typing import Any

from transcripts.dialects.assemblyai.request import read_kinds
from transcripts.dialects.masking import mask_document
from transcripts.dialects.words import bare, bare_words, find_phrase, join_bare, running_words
from transcripts.editing.original import load_original
from transcripts.exports.document import Document, spoken_language
from transcripts.exports.paragraphs import gather_segments
from transcripts.job_errors import job_error
from transcripts.models import OPEN_STATUSES, READABLE_STATUSES, Status
from transcripts.text.segments import Segment
from transcripts.text.words import Word, join_words, mean_confidence
from transcripts.text.writing import join_texts
from transcripts.uploads.models import AssemblyTranscript

_DIGITS = 4
QUEUED, PROCESSING, COMPLETED, FAILED = "queued", "processing", "completed", "error"
STATUSES: dict[str, tuple[str, ...]] = {
    QUEUED: (Status.QUEUED,),
    PROCESSING: (Status.PROCESSING,),
    COMPLETED: tuple(READABLE_STATUSES),
    FAILED: (Status.FAILED, Status.CANCELLED),
}
_NAMES = {status: name for name, statuses in STATUSES.items() for status in statuses}


def status_of(row: AssemblyTranscript) -> str:
    return _NAMES[row.transcript.status]


def load_document(row: AssemblyTranscript) -> Document:
    """Return what the machine wrote, masked as it was asked for. Raises RedactionFailedError."""
    return mask_document(load_original(row.transcript), read_kinds(row.asked))


def describe_state(row: AssemblyTranscript) -> dict[str, Any]:
    """Return what lists show. No query."""
    is_failed = status_of(row) == FAILED
    return {
        "id": str(row.pk),
        "status": status_of(row),
        "audio_url": row.asked["audio_url"],
        "error": job_error(row.transcript).message if is_failed else None,
    }


def describe(row: AssemblyTranscript) -> dict[str, Any]:
    """Return the body about a request, as it stands. No query while it is worked on."""
    transcript, job = row.transcript, row.transcript.job
    body: dict[str, Any] = {
        **row.asked,
        "id": str(row.pk),
        "status": status_of(row),
        "webhook_auth": bool(row.asked.get("webhook_auth_header_name")),
    }
    duration_ms = job.audio_duration_ms or transcript.recording.probed_ms
    if duration_ms:
        body["audio_duration"] = round(duration_ms / 1000)
    if transcript.status in OPEN_STATUSES:
        return body
    if status_of(row) == FAILED:
        return body | {"error": job_error(transcript).message}
    return body | _describe_text(row)


def _describe_text(row: AssemblyTranscript) -> dict[str, Any]:
    document = load_document(row)
    is_written = _is_written(row)
    words = [_describe_word(row, *pair) for pair in _spoken(document, is_written=is_written)]
    text = document.text if is_written else join_bare(_words(document))
    body: dict[str, Any] = {
        "text": text,
        "words": words,
        "confidence": _rounded(mean_confidence(_words(document))),
        "speech_model_used": document.model,
    }
    if language := spoken_language(row.transcript):
        body["language_code"] = language
    if document.language_probability is not None:
        body["language_confidence"] = _rounded(document.language_probability)
    if document.warnings:
        lacks = [warning["message"] for warning in document.warnings]
        body["warnings"] = [*row.asked.get("warnings", ()), *lacks]
    if _has_speakers(row):
        body["utterances"] = [_utterance(row, each) for each in _turns(document)]
    return body


def describe_sentences(row: AssemblyTranscript) -> dict[str, Any]:
    document = load_document(row)
    return _described(row, document, "sentences", [[each] for each in document.segments])


def describe_paragraphs(row: AssemblyTranscript) -> dict[str, Any]:
    document = load_document(row)
    return _described(row, document, "paragraphs", list(gather_segments(document.segments)))


def search_words(row: AssemblyTranscript, wanted: Sequence[str]) -> dict[str, Any]:
    """Return where words, or phrases, stand; in any case, without their marks."""
    spoken = list(_spoken(load_document(row), is_written=_is_written(row)))
    spoken_words = [bare(word.text) for word, _ in spoken]
    matches: list[dict[str, Any]] = []
    for phrase in dict.fromkeys(wanted):
        found = list(find_phrase(spoken_words, phrase))
        if found:
            times = [[spoken[at][0].start_ms, spoken[end - 1][0].end_ms] for at, end in found]
            indexes = [at for at, _ in found]
            matches.append(
                {"text": phrase, "count": len(found), "timestamps": times, "indexes": indexes}
            )
    return {
        "id": str(row.pk),
        "total_count": sum(len(match["indexes"]) for match in matches),
        "matches": matches,
    }


def _described(
    row: AssemblyTranscript, document: Document, name: str, groups: list[list[Segment]]
) -> dict[str, Any]:
    return {
        name: [_group(row, document, each) for each in groups if any(part.words for part in each)],
        "id": str(row.pk),
        # The types want a number: of no words it is 0.
        "confidence": _rounded(mean_confidence(_words(document))) or 0.0,
        "audio_duration": document.duration_ms / 1000,
        "speech_model_used": document.model,
    }


def _group(row: AssemblyTranscript, document: Document, group: list[Segment]) -> dict[str, Any]:
    words = [word for segment in group for word in segment.words]
    described: dict[str, Any] = {
        "text": join_texts((segment.text for segment in group), language=document.language),
        "start": group[0].start_ms,
        "end": max(segment.end_ms for segment in group),
        "confidence": _rounded(mean_confidence(words)) or 0.0,
        "words": [
            _describe_word(row, word, segment) for segment in group for word in segment.words
        ],
    }
    return described | _speaker(row, group[0])


def _turns(document: Document) -> Iterator[list[Segment]]:
    """Yield the segments of one speaker without another's between."""
    turn: list[Segment] = []
    for segment in document.segments:
        if turn and segment.speaker != turn[-1].speaker:
            yield turn
            turn = []
        turn.append(segment)
    if turn:
        yield turn


def _utterance(row: AssemblyTranscript, turn: list[Segment]) -> dict[str, Any]:
    words = [word for word, _ in running_words(turn)]
    shown = list(words if _is_written(row) else bare_words(words))
    return {
        "text": join_words(words) if _is_written(row) else join_bare(words),
        "start": turn[0].start_ms,
        "end": max(segment.end_ms for segment in turn),
        "confidence": _rounded(mean_confidence(words)) or 0.0,
        "words": [_describe_word(row, word, turn[0]) for word in shown],
        **_speaker(row, turn[0]),
    }


def _spoken(document: Document, *, is_written: bool) -> Iterator[tuple[Word, Segment]]:
    for segment in document.segments:
        for word in segment.words if is_written else bare_words(segment.words):
            yield word, segment


def _words(document: Document) -> list[Word]:
    return [word for word, _ in running_words(document.segments)]


def _describe_word(row: AssemblyTranscript, word: Word, segment: Segment) -> dict[str, Any]:
    described: dict[str, Any] = {
        "text": word.text,
        "start": word.start_ms,
        "end": word.end_ms,
        "confidence": _rounded(word.confidence),
    }
    return described | _speaker(row, segment)


def _speaker(row: AssemblyTranscript, segment: Segment) -> dict[str, Any]:
    if not _has_speakers(row) or segment.speaker is None:
        return {}
    return {"speaker": speaker_letter(segment.speaker)}


def speaker_letter(number: int) -> str:
    """Return A for 1, Z for 26, AA for 27: what stands for a speaker there."""
    letters = ""
    while number > 0:
        number, digit = divmod(number - 1, 26)
        letters = string.ascii_uppercase[digit] + letters
    return letters


def _has_speakers(row: AssemblyTranscript) -> bool:
    return bool(row.asked.get("speaker_labels"))


def _is_written(row: AssemblyTranscript) -> bool:
    return row.asked.get("punctuate", True) and row.asked.get("format_text", True) is not False


def _rounded(measured: float | None) -> float | None:
    return None if measured is None else round(measured, _DIGITS)
