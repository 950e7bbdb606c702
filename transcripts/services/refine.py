"""Refinement: a live session's recording, heard once more in the background.

The recording goes through the job of every file, with speakers, as a transcript of its own that
nobody sees (`Transcript.refines`). At its end its text takes the place of the live one's, as a
revision: that can be looked at, and taken back. Nothing more is charged: the session was paid for.

What a person has made of the live text meanwhile is never overwritten. Where the text can't be
taken over, or the second hearing fails, the live transcript stays as it is and says so.
"""

import logging
import os
import shutil
import uuid
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from stt_web.core.durable import sync_new_file
from transcripts.gaps import show_gaps, with_gap_warning
from transcripts.models import (
    Action,
    LiveSession,
    Queue,
    Segment,
    Source,
    Transcript,
    TranscriptionJob,
    Window,
)
from transcripts.services.dispatch import enqueue
from transcripts.services.draft import Draft, Editing, SpeakerState, open_draft
from transcripts.services.embeddings import drop_finished_embeddings
from transcripts.services.lease import LeaseLostError, held_rows
from transcripts.services.outcome import completed_status
from transcripts.services.recordings import delete_recording, recording_path
from transcripts.services.segment_edits import SegmentState
from transcripts.services.store import Job

logger = logging.getLogger(__name__)

# What tells how the text was made: it goes over with the text.
_MADE_BY = (
    "model_used",
    "engine",
    "device",
    "compute_type",
    "is_approximate",
    "embedder",
    "language",
    "language_probability",
    "diarize",
)


def begin_refinement(transcript: Transcript) -> None:
    """Queue the second hearing, if the session was opened with one. Inside the transaction that
    completes the live transcript; its recording is there already."""
    if transcript.source != Source.LIVE or not transcript.heard_ms:
        return
    if not LiveSession.objects.filter(pk=transcript.pk, wants_refinement=True).exists():
        return
    try:
        recording = _share_recording(transcript)
    except OSError:
        logger.exception("event=refinement_not_begun transcript_id=%s", transcript.pk)
        _warn(transcript, "Its recording could not be read once more.")
        return
    refinement = Transcript.objects.create(
        refines=transcript,
        owner=transcript.owner,
        recording=recording,
        file_name=transcript.file_name,
        size_bytes=transcript.size_bytes,
        container=transcript.container,
        source=Source.LIVE,
        probed_ms=transcript.probed_ms,
        model_requested=transcript.model_requested,
        language_requested=transcript.language_requested,
        request_id=transcript.request_id,
        queue=Queue.BULK,
    )
    asked = TranscriptionJob.of(transcript)
    TranscriptionJob.objects.create(
        transcript=refinement, languages=asked.languages, is_multilingual=asked.is_multilingual
    )
    transaction.on_commit(lambda: enqueue(refinement.pk))


def adopt_refinement(job: Job) -> None:
    """Give the live transcript the text of its refinement, which is gone then.

    Raises `LeaseLostError`.
    """
    refinement = job.transcript
    with transaction.atomic():
        if not held_rows(job.lease).update(attempt=F("attempt") + 1):
            raise LeaseLostError
        live = Transcript.objects.get(refinement=refinement)
        segments, speakers = _read_result(job)
        if not segments:
            _warn(live, "No speech was found in it.")
        elif not _replace_text(live, segments, speakers):
            _warn(live, "Its text was corrected meanwhile, and stays.")
        else:
            _take_over(live, refinement)
            _hand_over_windows(refinement, live)
        Transcript.objects.filter(pk=refinement.pk).delete()
    delete_recording(refinement.recording)
    drop_finished_embeddings(live)
    logger.info("event=transcript_refined transcript_id=%s", live.pk)


def _hand_over_windows(refinement: Transcript, live: Transcript) -> None:
    """The text is the refinement's now, and so are the windows and voices it is counted from."""
    Window.objects.filter(transcript=live).delete()
    Window.objects.filter(transcript=refinement).update(transcript=live)


def drop_refinement(rows: QuerySet[Transcript], refinement: Transcript, *, message: str) -> bool:
    """Give a refinement up that is (still) among `rows`, and say so in the live transcript."""
    with transaction.atomic():
        if not rows.update(attempt=F("attempt") + 1):
            return False
        _warn(Transcript.objects.get(refinement=refinement), message)
        Transcript.objects.filter(pk=refinement.pk).delete()
    delete_recording(refinement.recording)
    logger.warning("event=refinement_dropped transcript_id=%s", refinement.refines_id)
    return True


def _share_recording(transcript: Transcript) -> str:
    """Put the recording into a folder of the refinement's own: the account may keep no audio."""
    source = recording_path(transcript)
    shared = f"{uuid.uuid4().hex}/recording"
    target = Path(settings.MEDIA_ROOT) / shared
    target.parent.mkdir(parents=True)
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copyfile(source, target)
    sync_new_file(target)  # before the commit that refers to it
    return shared


def _read_result(job: Job) -> tuple[list[SegmentState], dict[int, SpeakerState]]:
    if job.labelled is None:
        rows = list(Segment.objects.filter(transcript=job.transcript))
        return [_state_of(row, speaker=None) for row in rows], {}
    positions = job.labelled.speaker_positions
    pairs = zip(job.labelled.segments, positions, strict=True)
    numbers = sorted({*positions} - {0})
    speakers = {number: SpeakerState(f"Speaker {number}", "") for number in numbers}
    return [_state_of(row, speaker=number or None) for row, number in pairs], speakers


def _state_of(row: Segment, *, speaker: int | None) -> SegmentState:
    return SegmentState(
        key=row.key,
        position=row.position,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        text=row.text,
        words=list(row.words),
        speaker=speaker,
        confidence=row.confidence,
        avg_logprob=row.avg_logprob,
        compression_ratio=row.compression_ratio,
        no_speech_prob=row.no_speech_prob,
        temperature=row.temperature,
        language=row.language,
    )


def _replace_text(
    live: Transcript, segments: list[SegmentState], speakers: dict[int, SpeakerState]
) -> bool:
    """Return False, and change nothing, where a person has made something of the live text."""
    with open_draft(Editing(live, author=None), Action.REFINE) as draft:
        # The draft holds the row: nobody corrects it from here on.
        if draft.transcript.is_corrected or draft.speakers:
            return False
        _swap(draft, segments, speakers)
    return True


def _take_over(live: Transcript, refinement: Transcript) -> None:
    """What goes with the text: how it was made, its warnings, and its gaps in place of the live
    ones."""
    fields = {name: getattr(refinement, name) for name in _MADE_BY}
    live.gaps.all().delete()
    refinement.gaps.update(transcript=live)
    gaps = show_gaps(live.gaps.all())
    warnings = with_gap_warning([*live.warnings, *refinement.warnings], gaps)
    Transcript.objects.filter(pk=live.pk).update(
        **fields, warnings=warnings, status=completed_status(warnings)
    )


def _swap(draft: Draft, segments: list[SegmentState], speakers: dict[int, SpeakerState]) -> None:
    for old in draft.all_segments():
        draft.remove(old.key)
    draft.speakers.update(speakers)
    draft.put(*segments)


def _warn(live: Transcript, reason: str) -> None:
    """Inside a transaction. The live row's lock is taken: warnings of others aren't lost."""
    rows = Transcript.objects.filter(pk=live.pk)
    current = rows.select_for_update(of=("self",)).values_list("warnings", flat=True).get()
    message = f"The live text was not refined. {reason}"
    rows.update(warnings=[*current, {"code": "refinement_failed", "message": message}])
