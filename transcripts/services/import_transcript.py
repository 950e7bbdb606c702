"""Subtitles, or our own JSON, as a new transcript: finished, without a recording, and free."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from transcripts.imports.bounds import check_bounds, check_size
from transcripts.imports.own_json import read_json
from transcripts.imports.segments import Imported, ImportedSegment, ImportFileError
from transcripts.imports.subtitles import read_subtitles
from transcripts.languages import LANGUAGE_NAMES
from transcripts.models import Origin, Segment, Source, Speaker, Status, Transcript
from transcripts.services.search_index import index_transcript

logger = logging.getLogger(__name__)

_INSERTED_AT_ONCE = 1000
_LONGEST_NAME = 100


def import_transcript(
    user: User,
    path: Path,
    *,
    file_name: str,
    title: str = "",
    language: str = "",
    source: Source = Source.UPLOAD,
) -> Transcript:
    """Return the new transcript. Raises ImportFileError (ApiError, 400, or 413 too large)."""
    imported = _read(path)
    # All that takes long comes before the transaction, for which SQLite lets nobody else write.
    segments = [_with_words(segment) for segment in imported.segments]
    with transaction.atomic():
        transcript = Transcript.objects.create(
            owner=user,
            title=(title or imported.title or Path(file_name).stem)[:255],
            file_name=file_name,
            source=source,
            size_bytes=path.stat().st_size,
            status=Status.COMPLETED,
            language=_known(language) or _known(imported.language),
            model_used=imported.model[:100],
            origin=Origin.MACHINE if imported.is_machine_made else Origin.UNKNOWN,
            is_corrected=imported.is_corrected,
            diarize=False,
            heard_ms=max([imported.duration_ms, *(each.end_ms for each in imported.segments)]),
            finished_at=timezone.now(),
        )
        _insert_segments(transcript, segments)
        index_transcript(transcript)
    logger.info(
        "event=transcript_imported transcript_id=%s segments=%d",
        transcript.pk,
        len(imported.segments),
    )
    return transcript


def _read(path: Path) -> Imported:
    check_size(path.stat().st_size)
    content = path.read_bytes()
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding).replace("\x00", "").lstrip()
    except UnicodeDecodeError:
        raise ImportFileError(
            "This file is not text in UTF-8. Save it in that encoding, and send it again."
        ) from None
    imported = read_json(text) if text.startswith(("{", "[")) else read_subtitles(text)
    check_bounds(imported)
    return imported


def _known(language: str) -> str:
    return language if language in LANGUAGE_NAMES else ""


def _with_words(segment: ImportedSegment) -> ImportedSegment:
    return segment if segment.words else replace(segment, words=tuple(_share_out(segment)))


def _insert_segments(transcript: Transcript, segments: Sequence[ImportedSegment]) -> None:
    speakers = _insert_speakers(transcript, segments)
    rows = [
        Segment(
            transcript=transcript,
            position=number,
            start_ms=segment.start_ms,
            end_ms=segment.end_ms,
            text=segment.text,
            words=list(segment.words),
            speaker=speakers.get(segment.speaker or ""),
            confidence=segment.confidence,
        )
        for number, segment in enumerate(segments, 1)
    ]
    Segment.objects.bulk_create(rows, batch_size=_INSERTED_AT_ONCE)


def _insert_speakers(
    transcript: Transcript, segments: Sequence[ImportedSegment]
) -> dict[str, Speaker]:
    names = dict.fromkeys(segment.speaker for segment in segments if segment.speaker)
    return {
        name: Speaker.objects.create(
            transcript=transcript,
            position=number,
            label=f"Speaker {number}",
            display_name="" if name == f"Speaker {number}" else name[:_LONGEST_NAME],
        )
        for number, name in enumerate(names, 1)
    }


def _share_out(segment: ImportedSegment) -> Iterator[dict[str, Any]]:
    """Yield the words of a text without times of their own: its time, shared out by length."""
    parts = segment.text.split()
    total = sum(len(part) for part in parts) or 1
    span_ms = segment.end_ms - segment.start_ms
    position = 0
    for number, part in enumerate(parts):
        yield {
            "word": part,
            "start_ms": segment.start_ms + span_ms * position // total,
            "end_ms": segment.start_ms + span_ms * (position + len(part)) // total,
            "confidence": segment.confidence,
            "space_before": number > 0,
            "timing": "interpolated",
        }
        position += len(part)
