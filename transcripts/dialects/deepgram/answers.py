"""A finished transcript → Deepgram's body. Every figure was measured; what wasn't is null."""

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from django.http import HttpResponse, JsonResponse

from transcripts.dialects.deepgram.errors import REQUEST_ID_HEADER
from transcripts.dialects.deepgram.request import DeepgramRequest
from transcripts.dialects.masking import mask_document
from transcripts.dialects.words import bare, find_phrase, join_bare, running_words
from transcripts.editing.original import load_original
from transcripts.exports.document import Document
from transcripts.exports.json import seconds
from transcripts.exports.paragraphs import gather_segments
from transcripts.job_errors import job_error
from transcripts.models import READABLE_STATUSES, Transcript
from transcripts.responses import with_headers
from transcripts.text.segments import Segment
from transcripts.text.words import Word, join_words, mean_confidence
from transcripts.text.writing import join_texts

_DIGITS = 4
_MODELS = uuid.UUID("5a9e4a66-60bb-4f51-9d1e-6a7b5f0d4c0e")  # the namespace of models' ids
Spoken = tuple[Word, int | None]  # a word, and its speaker, from 0


def answer_finished(transcript: Transcript, asked: DeepgramRequest) -> HttpResponse:
    """Return what the machine wrote. Raises ApiError where it failed."""
    if transcript.status not in READABLE_STATUSES:
        raise job_error(transcript)
    response = JsonResponse(describe(transcript, asked))
    response.headers[REQUEST_ID_HEADER] = str(transcript.pk)
    return with_headers(response, transcript)


def describe(transcript: Transcript, asked: DeepgramRequest) -> dict[str, Any]:
    """Return the body of a transcript that can be read. Raises RedactionFailedError."""
    document = mask_document(load_original(transcript), asked.redact)
    model_id = str(uuid.uuid5(_MODELS, document.model))
    metadata: dict[str, Any] = {
        "transaction_key": "deprecated",
        "request_id": str(transcript.pk),
        "sha256": transcript.recording.sha256,
        "created": transcript.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "duration": seconds(document.duration_ms),
        "channels": 1,
        "models": [model_id],
        "model_info": {model_id: {"name": document.model, "arch": document.engine}},
    }
    if asked.tags:
        metadata["tags"] = list(asked.tags)
    if asked.extra:
        metadata["extra"] = dict(asked.extra)
    if warnings := _warnings(document, asked):
        metadata["warnings"] = warnings
    return {"metadata": metadata, "results": _results(document, asked)}


def _warnings(document: Document, asked: DeepgramRequest) -> list[dict[str, str]]:
    """Return what was ignored, and what the text lacks: of no parameter."""
    ignored = [
        {"parameter": name, "type": "unsupported_parameter", "message": sentence}
        for name, sentence in asked.ignored
    ]
    lacks = [
        {"parameter": "", "type": warning["code"], "message": warning["message"]}
        for warning in document.warnings
    ]
    return ignored + lacks


def _results(document: Document, asked: DeepgramRequest) -> dict[str, Any]:
    spoken = [
        (word, _speaker(segment) if asked.options.diarize else None)
        for word, segment in running_words(document.segments)
    ]
    words = [word for word, _ in spoken]
    alternative: dict[str, Any] = {
        "transcript": document.text if asked.is_written else join_bare(words),
        "confidence": _rounded(mean_confidence(words)),
        "words": [_word(*each) for each in spoken],
    }
    if asked.has_paragraphs:
        alternative["paragraphs"] = _paragraphs(document, asked)
    channel: dict[str, Any] = {"alternatives": [alternative]}
    if asked.search:
        channel["search"] = [_search(words, query) for query in asked.search]
    if asked.detects_language and document.language:
        channel["detected_language"] = document.language
        if document.language_probability is not None:
            channel["language_confidence"] = _rounded(document.language_probability)
    results: dict[str, Any] = {"channels": [channel]}
    if asked.utt_split_ms is not None:
        groups = _utterances(spoken, split_ms=asked.utt_split_ms)
        results["utterances"] = [
            _utterance(group, asked, id_=str(uuid.uuid5(uuid.UUID(document.id), str(number))))
            for number, group in enumerate(groups)
        ]
    return results


def _word(word: Word, speaker: int | None) -> dict[str, Any]:
    described: dict[str, Any] = {
        "word": bare(word.text),
        "start": seconds(word.start_ms),
        "end": seconds(word.end_ms),
        "confidence": _rounded(word.confidence),
        "punctuated_word": word.text,
    }
    return described if speaker is None else described | {"speaker": speaker}


def _search(words: Sequence[Word], query: str) -> dict[str, Any]:
    """Return where it is said; the confidence is that of the words."""
    bare_texts = [bare(word.text) for word in words]
    found = find_phrase(bare_texts, query)
    return {"query": query, "hits": [_hit(words[first:end]) for first, end in found]}


def _hit(words: Sequence[Word]) -> dict[str, Any]:
    return {
        "confidence": _rounded(mean_confidence(words)),
        "start": seconds(words[0].start_ms),
        "end": seconds(words[-1].end_ms),
        "snippet": join_bare(words),
    }


def _utterances(spoken: Sequence[Spoken], *, split_ms: int) -> Iterator[list[Spoken]]:
    group: list[Spoken] = []
    for word, speaker in spoken:
        if group:
            last, last_speaker = group[-1]
            if speaker != last_speaker or word.start_ms - last.end_ms >= split_ms:
                yield group
                group = []
        group.append((word, speaker))
    if group:
        yield group


def _utterance(spoken: list[Spoken], asked: DeepgramRequest, *, id_: str) -> dict[str, Any]:
    words = [word for word, _ in spoken]
    described: dict[str, Any] = {
        "start": seconds(words[0].start_ms),
        "end": seconds(words[-1].end_ms),
        "confidence": _rounded(mean_confidence(words)),
        "channel": 0,
        "transcript": join_words(words) if asked.is_written else join_bare(words),
        "words": [_word(*each) for each in spoken],
        "id": id_,
    }
    speaker = spoken[0][1]
    return described if speaker is None else described | {"speaker": speaker}


def _paragraphs(document: Document, asked: DeepgramRequest) -> dict[str, Any]:
    paragraphs, texts = [], []
    for group in gather_segments(document.segments):
        speaker = _speaker(group[0]) if asked.options.diarize else None
        paragraph: dict[str, Any] = {
            "sentences": [
                {
                    "text": segment.text,
                    "start": seconds(segment.start_ms),
                    "end": seconds(segment.end_ms),
                }
                for segment in group
            ],
            "num_words": sum(len(segment.words) for segment in group),
            "start": seconds(group[0].start_ms),
            "end": seconds(group[-1].end_ms),
        }
        text = join_texts((segment.text for segment in group), language=document.language)
        if speaker is not None:
            paragraph["speaker"] = speaker
            text = f"Speaker {speaker}: {text}"
        paragraphs.append(paragraph)
        texts.append(text)
    return {"transcript": "\n\n".join(texts), "paragraphs": paragraphs}


def _speaker(segment: Segment) -> int | None:
    return None if segment.speaker is None else segment.speaker - 1


def _rounded(measured: float | None) -> float | None:
    return None if measured is None else round(measured, _DIGITS)
