"""A job over several sources: planned, processed one after another, and joined by time.

What the passes found stands in `TranscriptionJob`. Every write is fenced like those of `results`.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction

from transcripts.gaps.models import Gap, GapReason
from transcripts.jobs import results
from transcripts.jobs.duplicates import drop_duplicates
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.results import JobRun, LabelledTranscript
from transcripts.jobs.source_plan import plan_sources
from transcripts.media import survey
from transcripts.media.passes import Passes, passes_from
from transcripts.models import Source
from transcripts.services.recordings import local_recording
from transcripts.text.segments import Segment

logger = logging.getLogger(__name__)


def prepare_passes(job: JobRun) -> Passes:
    """Return the job's passes: as stored, or planned now, and stored.

    Costs a survey of the file the first time. A live recording is mono, and needs
    neither. Raises MediaError, DecoderDiedError, `LeaseLostError`.
    """
    if job.passes is None:
        job.passes = _read(job.row) if job.row.sources else _plan(job)
    return job.passes


def _read(row: TranscriptionJob) -> Passes:
    resume_ms = row.source_resume_ms if len(row.sources) > 1 else row.resume_ms
    return passes_from(row.sources, index=row.source, resume_ms=resume_ms)


def _plan(job: JobRun) -> Passes:
    transcript, row = job.transcript, job.row
    if transcript.source == Source.LIVE:
        return Passes(resume_ms=row.resume_ms)
    plan = plan_sources(
        survey(local_recording(transcript)),
        track=row.options.track,
        channels=row.options.channels,
        diarizes=row.diarize,
    )
    passes = Passes(plan.sources)
    with transaction.atomic():
        results.write_fenced(job, lease_expires_at=job.lease.next_expiry())
        _write(row, passes)
    for code, message in plan.warnings:
        results.store_warning(job, code, message)
    logger.info(
        "event=sources_planned transcript_id=%s sources=%d", transcript.pk, len(passes.sources)
    )
    return passes


def _write(row: TranscriptionJob, passes: Passes) -> None:
    """Inside a transaction that is fenced."""
    TranscriptionJob.objects.filter(pk=row.pk).update(
        sources=passes.as_json(), source=passes.index, source_resume_ms=passes.resume_ms
    )


def finish_pass(
    job: JobRun,
    *,
    audio_duration_ms: int,
    unreadable_ms: Sequence[tuple[int, int]],
    pauses_ms: Sequence[tuple[int, int]],
) -> None:
    """Store the end of a pass, and what of its track can't be read; the last one ends the stage.

    Raises `LeaseLostError`.
    """
    passes = prepare_passes(job)
    gaps = [
        Gap(
            **job.target,
            start_ms=start_ms,
            end_ms=end_ms,
            reason=GapReason.UNREADABLE,
            source=passes.index,
        )
        for start_ms, end_ms in unreadable_ms
        if start_ms < end_ms and _is_first_of_track(passes)
    ]
    is_first = passes.index == 0
    passes.change_current(audio_duration_ms=audio_duration_ms)
    with transaction.atomic():
        if passes.is_last:
            results.write_fenced(job, audio_duration_ms=passes.audio_duration_ms)
        else:
            passes.begin_next(from_position=job.next_position)
            results.write_fenced(job, resume_ms=passes.progress_ms(0))
        Gap.objects.bulk_create(gaps)
        _write(job.row, passes)
        if is_first and pauses_ms:
            rows = TranscriptionJob.objects.filter(pk=job.row.pk)
            rows.update(pauses=[list(pause) for pause in pauses_ms])


def _is_first_of_track(passes: Passes) -> bool:
    before = passes.sources[: passes.index]
    return all(source.track != passes.current.track for source in before)


def note_language(job: JobRun, language: str) -> None:
    """Pin the language of the source at hand, the first time. Raises `LeaseLostError`."""
    passes = prepare_passes(job)
    if not passes.are_several or passes.current.language or not language:
        return
    passes.change_current(language=language)
    with transaction.atomic():
        results.write_fenced(job, lease_expires_at=job.lease.next_expiry())
        _write(job.row, passes)


def join_sources(job: JobRun) -> LabelledTranscript | None:
    """Return the segments of all sources in the order of time, each with the speaker that its
    source is, if it is one; None where there is only one source."""
    passes = prepare_passes(job)
    if not passes.are_several:
        return None
    stored = [(Segment.from_row(row), passes.source_of(row.position)) for row in job.segments]
    placed = sorted(drop_duplicates(stored), key=lambda pair: (pair[0].start_ms, pair[1]))
    return LabelledTranscript(
        segments=tuple(
            replace(segment, speaker=source + 1 if passes.sources[source].is_speaker else None)
            for segment, source in placed
        ),
        sources=tuple(source for _, source in placed),
    )
