"""Subtitles, or our own JSON, as a new transcript: finished, without a recording, and free."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from transcripts.imports.own_json import read_json
from transcripts.imports.segments import Imported, ImportedSegment, ImportFileError
from transcripts.imports.subtitles import read_subtitles
from transcripts.languages import LANGUAGE_NAMES
from transcripts.models import Segment, Source, Speaker, Status, Transcript
from transcripts.services.search_index import index_transcript

logger = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024 * 1024  # ten hours of our own JSON are 10 MB
MAX_SEGMENTS = 100_000
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
            is_corrected=imported.is_corrected,
            diarize=False,
            heard_ms=max([imported.duration_ms, *(each.end_ms for each in imported.segments)]),
            finished_at=timezone.now(),
        )
        _insert_segments(transcript, imported.segments)
        index_transcript(transcript)
    logger.info(
        "event=transcript_imported transcript_id=%s segments=%d",
        transcript.pk,
        len(imported.segments),
    )
    return transcript


def _read(path: Path) -> Imported:
    if path.stat().st_size > MAX_BYTES:
        raise ImportFileError(
            f"A file to import may have at most {MAX_BYTES // 2**20} MB.",
            status=413,
            code="file_too_large",
        )
    content = path.read_bytes()
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding).replace("\x00", "").lstrip()
    except UnicodeDecodeError:
        raise ImportFileError(
            "This file is not text in UTF-8. Save it in that encoding, and send it again."
        ) from None
    imported = read_json(text) if text.startswith(("{", "[")) else read_subtitles(text)
    if len(imported.segments) > MAX_SEGMENTS:
        raise ImportFileError(f"A transcript may have at most {MAX_SEGMENTS} segments.")
    return imported


def _known(language: str) -> str:
    return language if language in LANGUAGE_NAMES else ""


def _insert_segments(transcript: Transcript, segments: tuple[ImportedSegment, ...]) -> None:
    speakers = _insert_speakers(transcript, segments)
    rows = [
        Segment(
            transcript=transcript,
            position=number,
            start_ms=segment.start_ms,
            end_ms=segment.end_ms,
            text=segment.text,
            words=list(segment.words) or list(_share_out(segment)),
            speaker=speakers.get(segment.speaker or ""),
            confidence=segment.confidence,
        )
        for number, segment in enumerate(segments, 1)
    ]
    Segment.objects.bulk_create(rows, batch_size=_INSERTED_AT_ONCE)


def _insert_speakers(
    transcript: Transcript, segments: tuple[ImportedSegment, ...]
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
