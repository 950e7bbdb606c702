"""Subtitles, or our own JSON, as a new transcript: finished, without a recording, and free."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from accounts.authentication import hold_open
from accounts.models import User
from transcripts.exports.notice import all_notices
from transcripts.gaps.models import Gap
from transcripts.imports.child import ImportJob, read_in_child
from transcripts.imports.segments import Imported, ImportedGap
from transcripts.jobs.models import JobKind, TranscriptionJob
from transcripts.models import Origin, Recording, Source, Speaker, Status, Transcript
from transcripts.models import Segment as SegmentRow
from transcripts.search.index import index_transcript
from transcripts.services.job_status import change_status, insert
from transcripts.services.segment_rows import segment_row
from transcripts.services.shown_gaps import show_gaps, with_gap_warning
from transcripts.services.text_jobs import order_processing
from transcripts.text.languages import find_language
from transcripts.text.segments import Segment

logger = logging.getLogger(__name__)

_INSERTED_AT_ONCE = 1000
_LONGEST_NAME = 100


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """The options of an import. `encoding`: of an older file, by its usual name."""

    file_name: str
    title: str = ""
    language: str = ""
    encoding: str = ""
    source: Source = Source.UPLOAD


def import_transcript(user: User, path: Path, options: ImportOptions) -> Transcript:
    """Return the new transcript.

    Raises ImportFileError (ApiError): 400, 413 too large, 503 where reading it was stopped; 401
    where the account was closed.
    """
    job = ImportJob(
        path=path, encoding=options.encoding, language=options.language, notices=all_notices()
    )
    # All that takes long comes before the transaction, during which SQLite lets no one else write.
    imported = read_in_child(job)
    with transaction.atomic():
        transcript = insert_imported(user, imported, options, size_bytes=path.stat().st_size)
    logger.info(
        "event=transcript_imported transcript_id=%s segments=%d",
        transcript.pk,
        len(imported.segments),
    )
    return transcript


def insert_imported(
    user: User, imported: Imported, options: ImportOptions, *, size_bytes: int
) -> Transcript:
    """Return the new transcript. Inside a transaction; raises AuthenticationError (401) where the
    account was closed."""
    hold_open(user)
    transcript = _insert_transcript(user, options, imported, size_bytes=size_bytes)
    _insert_segments(transcript, imported.segments)
    _insert_gaps(transcript, imported.gaps)
    index_transcript(transcript)
    order_processing(transcript)
    return transcript


def _insert_transcript(
    user: User, options: ImportOptions, imported: Imported, *, size_bytes: int
) -> Transcript:
    title = options.title or imported.title or Path(options.file_name).stem
    is_whole = not any(remark.is_loss for remark in imported.remarks)
    transcript = Transcript(
        owner=user,
        title=title[:255],
        source=options.source,
        recording=Recording(owner=user, file_name=options.file_name, size_bytes=size_bytes),
        language=options.language or find_language(imported.language) or "",
        origin=Origin.MACHINE if imported.is_machine_made else Origin.UNKNOWN,
        is_corrected=imported.is_corrected,
    )
    transcript.job = TranscriptionJob(
        transcript=transcript,
        kind=JobKind.IMPORT,
        status=Status.COMPLETED if is_whole else Status.COMPLETED_WITH_WARNINGS,
        model_used=imported.model[:100],
        diarize=False,
        language=transcript.language,
        audio_duration_ms=max([imported.duration_ms, *_ends_ms(imported)]),
        finished_at=timezone.now(),
        warnings=[{"code": remark.code, "message": remark.message} for remark in imported.remarks],
    )
    insert(transcript)
    return transcript


def _ends_ms(imported: Imported) -> Iterator[int]:
    yield from (segment.end_ms for segment in imported.segments)
    yield from (gap.end_ms for gap in imported.gaps)


def _insert_gaps(transcript: Transcript, gaps: Sequence[ImportedGap]) -> None:
    """Insert them, and the transcript's one warning that names those that are shown."""
    rows = [
        Gap(
            transcript=transcript,
            start_ms=gap.start_ms,
            end_ms=gap.end_ms,
            reason=gap.reason,
            text=gap.text,
        )
        for gap in gaps
    ]
    shown = show_gaps(rows)
    if shown:
        job = transcript.job
        warnings = with_gap_warning(job.warnings, shown)
        jobs = TranscriptionJob.objects.all()
        change_status(jobs, job, Status.COMPLETED_WITH_WARNINGS, warnings=warnings)
    Gap.objects.bulk_create(rows, batch_size=_INSERTED_AT_ONCE)


def _insert_segments(transcript: Transcript, segments: Sequence[Segment]) -> None:
    speakers = _insert_speakers(transcript, segments)
    rows = [
        segment_row(
            segment,
            position=number,
            speaker=speakers.get(segment.speaker_name or ""),
            transcript=transcript,
        )
        for number, segment in enumerate(segments, 1)
    ]
    SegmentRow.objects.bulk_create(rows, batch_size=_INSERTED_AT_ONCE)


def _insert_speakers(transcript: Transcript, segments: Sequence[Segment]) -> dict[str, Speaker]:
    names = dict.fromkeys(segment.speaker_name for segment in segments if segment.speaker_name)
    Speaker.objects.bulk_create(
        Speaker(
            transcript=transcript,
            position=number,
            label=f"Speaker {number}",
            display_name="" if name == f"Speaker {number}" else name[:_LONGEST_NAME],
        )
        for number, name in enumerate(names, 1)
    )
    return dict(zip(names, transcript.speakers.order_by("position"), strict=True))
