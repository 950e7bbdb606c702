"""What a worker writes while it holds a lease: every write is fenced.

Each function is one transaction whose first statement is an UPDATE that only the holder of the
lease can make (`lease.held_rows`). Where it touches no row, the lease is lost and nothing is
written. On SQLite that statement takes the write lock before anything is read; on PostgreSQL the
row's lock: a sweeper, a cancel or a delete comes wholly before or wholly after.
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from stt_web.core import wakeups
from stt_web.core.metrics import FIRST_SEGMENT_SECONDS
from transcripts.gaps.models import Gap
from transcripts.inference.results import (
    Accepted,
    LanguageDetected,
    RecognisedGap,
    SpeakerTurn,
    WindowResult,
)
from transcripts.jobs.lease import Lease, LeaseLostError, held_rows
from transcripts.jobs.models import JobKind, TranscriptionJob, Window
from transcripts.locks import lock_transcript
from transcripts.media.passes import Passes
from transcripts.models import Segment as SegmentRow
from transcripts.models import Speaker, Transcript
from transcripts.services.segment_rows import segment_row
from transcripts.text.segments import Segment


@dataclass(frozen=True)
class LabelledTranscript:
    """The segments as they are after the speakers stage and in sentences, in order, each with its
    speaker's number if it has one: ready to replace the stored ones."""

    segments: tuple[Segment, ...]
    sources: tuple[int, ...] = ()  # for each segment its source, where there are several


@dataclass
class JobRun:
    """A claimed job on its way through the stages.

    `row` is as it was read at the claim, and moves on with what is written here: only the holder
    of the lease writes these fields, so the copy stays true.
    """

    lease: Lease
    row: TranscriptionJob
    next_position: int = 0
    has_text: bool = False
    labelled: LabelledTranscript | None = None
    passes: Passes | None = None  # over the sources; None: not read, or a live session
    last_failure: str = ""  # code of the last error that was retried
    broken_tries: int = 0  # failures since the last progress that prove a fault

    @property
    def transcript(self) -> Transcript:
        return self.row.transcript

    @property
    def target(self) -> dict[str, Any]:
        """Whose the segments and gaps are that come out: the transcript's, or, of a second pass,
        the job's until its text is applied."""
        return {"job": self.row} if self.row.is_second_pass else {"transcript": self.transcript}

    @property
    def segments(self) -> QuerySet[SegmentRow]:
        return SegmentRow.objects.filter(**self.target).order_by("position")

    @property
    def gaps(self) -> QuerySet[Gap]:
        return Gap.objects.filter(**self.target)


def open_job(lease: Lease, row: TranscriptionJob) -> JobRun:
    """Read how far earlier tries came. One query."""
    job = JobRun(lease=lease, row=row)
    last = job.segments.aggregate(last=Max("position"))["last"]
    job.next_position = 0 if last is None else int(last) + 1
    job.has_text = last is not None
    return job


def write_fenced(job: JobRun, **changes: object) -> None:
    """Update the job's row and the copy in `job`. Raises `LeaseLostError`."""
    if not held_rows(job.lease).update(**changes):
        raise LeaseLostError
    for name, value in changes.items():
        setattr(job.row, name, value)


def store_accepted(job: JobRun, accepted: Accepted) -> None:
    """Pin what runs, the first time: a resumed job must not change its recogniser half-way."""
    if job.row.model_used:
        return
    write_fenced(
        job,
        model_used=accepted.model,
        engine=accepted.engine,
        device=accepted.device,
        compute_type=accepted.compute_type,
        embedder=accepted.embedder,
        is_approximate=accepted.approximate,
    )


def store_language(job: JobRun, detected: LanguageDetected) -> None:
    """Pin the language, the first time."""
    if not job.row.language and detected.language:
        write_language(job, detected.language, detected.probability)


def write_language(job: JobRun, language: str, probability: float | None) -> None:
    """Write the job's language, and the transcript's if the text goes there."""
    with transaction.atomic():
        lock_transcript(job.transcript.pk)
        write_fenced(job, language=language, language_probability=probability)
        if not job.row.is_second_pass:
            Transcript.objects.filter(pk=job.transcript.pk).update(language=language)
            job.transcript.language = language


def store_warning(job: JobRun, code: str, message: str) -> None:
    """Add a warning, once a code."""
    known = job.row.warnings
    if any(warning["code"] == code for warning in known):
        return
    write_fenced(job, warnings=[*known, {"code": code, "message": message}])


def store_window(job: JobRun, window: WindowResult) -> None:
    """Store a final window: its segments, its speaker turns and the resume point, or none of it.

    Raises `LeaseLostError`.
    """
    if store_windows([(job, window)]) != [True]:
        raise LeaseLostError


def store_windows(windows: Sequence[tuple[JobRun, WindowResult]]) -> list[bool]:
    """Store windows of different jobs in one transaction; returns whether each lease still held.

    What belongs to a lease that is lost is not written. Two statements, and one for each job, whose
    rows are locked in the order of their keys: two such transactions can't wait for each other.
    """
    in_order = sorted(windows, key=lambda each: each[0].lease.job_id)
    with transaction.atomic():
        held = [(job, window) for job, window in in_order if _move_on(job, window)]
        Window.objects.bulk_create(_window(job, window) for job, window in held)
        Gap.objects.bulk_create(_gap(job, gap) for job, window in held for gap in window.gaps)
        SegmentRow.objects.bulk_create(
            row for job, window in held for row in _segments(job, window.segments)
        )
        wakeups.wake(wakeups.TRANSCRIPT, *(job.row.transcript_id for job, _ in held))
    for job, window in held:
        _note_stored(job, window)
    retained = {job.lease.job_id for job, _ in held}
    return [job.lease.job_id in retained for job, _ in windows]


def _move_on(job: JobRun, window: WindowResult) -> bool:
    passes = job.passes
    resume_ms = window.resume_ms if passes is None else passes.progress_ms(window.resume_ms)
    try:
        write_fenced(
            job,
            resume_ms=resume_ms,
            progressed_at=timezone.now(),
            stalled_tries=0,
            lease_expires_at=job.lease.next_expiry(),
        )
    except LeaseLostError:
        return False
    if passes is not None and passes.are_several:
        rows = TranscriptionJob.objects.filter(pk=job.row.pk)
        rows.update(source_resume_ms=window.resume_ms)
    return True


def _note_stored(job: JobRun, window: WindowResult) -> None:
    if job.passes is not None:
        job.passes.resume_ms = window.resume_ms
    if window.segments and not job.has_text and job.row.kind == JobKind.FILE:
        waited_s = (timezone.now() - job.row.created_at).total_seconds()
        FIRST_SEGMENT_SECONDS.labels(job.row.queue).observe(max(0.0, waited_s))
    job.next_position += len(window.segments)
    job.has_text = job.has_text or bool(window.segments)
    job.broken_tries = 0
    job.lease.note_progress()


def _window(job: JobRun, window: WindowResult) -> Window:
    return Window(
        job=job.row,
        source=0 if job.passes is None else job.passes.index,
        start_ms=window.start_ms,
        end_ms=window.resume_ms,
        speaker_turns=[speaker_turn_as_json(turn) for turn in window.turns],
        speech_ms=window.speech_ms,
    )


def _gap(job: JobRun, gap: RecognisedGap) -> Gap:
    text = gap.text
    return Gap(
        **job.target,
        start_ms=gap.start_ms,
        end_ms=gap.end_ms,
        reason=gap.reason,
        text="" if text is None else text.text,
        words=[] if text is None else [word.as_json() for word in text.words],
        confidence=None if text is None else text.confidence,
        language="" if text is None else text.language,
        source=0 if job.passes is None else job.passes.index,
    )


def load_speaker_turns(row: TranscriptionJob) -> list[SpeakerTurn]:
    """Return the speaker turns of all stored windows, in time order. One query.

    None whose embedding is deleted (`services/embeddings`): there is nothing to cluster them by.
    """
    stored = Window.objects.filter(job=row).values_list("speaker_turns", flat=True)
    return [
        SpeakerTurn(
            turn["start_ms"],
            turn["end_ms"],
            base64.b64decode(turn["embedding"]),
            turn.get("overlap", 0.0),
        )
        for turns in stored
        for turn in turns
        if "embedding" in turn
    ]


def replace_segments(transcript: Transcript, labelled: LabelledTranscript) -> None:
    """Put the labelled segments in place of the stored ones. Inside the caller's transaction."""
    transcript.segments.all().delete()
    transcript.speakers.all().delete()
    speakers = _make_speakers(transcript, labelled.segments)
    rows = [
        segment_row(
            segment,
            position=position,
            speaker=speakers.get(segment.speaker),
            transcript=transcript,
        )
        for position, segment in enumerate(labelled.segments)
    ]
    SegmentRow.objects.bulk_create(rows, batch_size=500)


def _make_speakers(
    transcript: Transcript, segments: Iterable[Segment]
) -> dict[int | None, Speaker]:
    numbers = {segment.speaker for segment in segments if segment.speaker is not None}
    Speaker.objects.bulk_create(
        Speaker(transcript=transcript, position=number, label=f"Speaker {number}")
        for number in sorted(numbers)
    )
    return {speaker.position: speaker for speaker in transcript.speakers.all()}


def _segments(job: JobRun, recognised: Iterable[Segment]) -> list[SegmentRow]:
    return [
        segment_row(segment, position=position, **job.target)
        for position, segment in enumerate(recognised, job.next_position)
    ]


def speaker_turn_as_json(turn: SpeakerTurn) -> dict[str, object]:
    embedding = base64.b64encode(turn.embedding).decode("ascii")
    return {
        "start_ms": turn.start_ms,
        "end_ms": turn.end_ms,
        "overlap": round(turn.overlap, 3),
        "embedding": embedding,
    }
