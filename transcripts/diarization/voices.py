"""Finding the voices of a finished transcript in its recording, where none are stored.

Speakers that were not asked for at first, voice data that is deleted or of a model that the server
no longer knows: as long as the recording is there, a worker goes through it once more, without
recognising anything and without a charge, and counts the speakers then (`diarization/recount`).

The state is in `TranscriptionJob.voices`; a worker that finds it changed has nothing to do, and a
message that is lost is sent again by the next request after `LOST_AFTER`.
"""

import bisect
import logging
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from stt_web.core.broker import enqueue
from transcripts.access import TranscriptNotFoundError
from transcripts.diarization.recount import (
    CannotRecountError,
    SpeakersUnavailableError,
    are_channels,
    recount_speakers,
)
from transcripts.editing.draft import Editing
from transcripts.editing.errors import RevisionChangedError, StillWorkedOnError
from transcripts.inference.client import FindTurnsCall, find_turns
from transcripts.inference.errors import InferenceError
from transcripts.inference.results import WindowResult
from transcripts.inference.routing import inference_for
from transcripts.jobs.models import Queue, TranscriptionJob, Window
from transcripts.jobs.pcm_feed import FreeMeter, PcmFeed
from transcripts.jobs.results import speaker_turn_as_json
from transcripts.media import DecoderDiedError, MediaError, open_decoder
from transcripts.media.passes import PassSource, passes_from
from transcripts.models import OPEN_STATUSES, Transcript
from transcripts.services.embeddings import drop_finished_embeddings
from transcripts.services.recordings import local_recording

logger = logging.getLogger(__name__)

VOICES_TASK = "transcripts.find_voices"
QUEUED, FAILED = "queued", "failed"
# An hour of audio takes about a minute of one core; a worker that takes longer than this has died.
LOST_AFTER = timedelta(minutes=30)


def can_find_voices(transcript: Transcript) -> bool:
    """Whether voices can be found in the recording afterwards. At most one query."""
    if (
        not (transcript.recording.path and transcript.job.model_used)
        or transcript.status in OPEN_STATUSES
    ):
        return False
    return not are_channels(transcript)


def queue_analysis(editing: Editing, *, speakers: int) -> None:
    """Have a worker find the voices, and count `speakers` (0: find the number) then.

    A request while one is under way only changes the number. Raises StillWorkedOnError, and
    RevisionChangedError where the client saw another revision than the present one,
    TranscriptNotFoundError.
    """
    transcript = editing.transcript
    if transcript.status in OPEN_STATUSES:
        raise StillWorkedOnError
    if editing.expected not in (None, transcript.revision):
        raise RevisionChangedError(transcript.revision)
    now = timezone.now()
    with transaction.atomic():
        job = TranscriptionJob.objects.select_for_update().filter(pk=transcript.job_id).first()
        if job is None:
            raise TranscriptNotFoundError
        is_under_way = job.voices == QUEUED and (job.voices_queued_at or now) > now - LOST_AFTER
        job.voices, job.voices_wanted = QUEUED, speakers
        if not is_under_way:
            job.voices_queued_at = now
            _enqueue(transcript.pk)
        job.save(update_fields=["voices", "voices_wanted", "voices_queued_at"])


def _enqueue(transcript_id: UUID) -> None:
    jobs = TranscriptionJob.objects.filter(transcript_id=transcript_id, voices=QUEUED)
    enqueue(
        VOICES_TASK,
        [str(transcript_id)],
        queue=Queue.BULK,
        on_failure=lambda: jobs.update(voices=FAILED),
    )


def analyse_voices(transcript_id: UUID) -> None:
    """Find the voices if that is queued, and count the speakers. Never raises for the recording."""
    job = TranscriptionJob.objects.filter(transcript_id=transcript_id, voices=QUEUED).first()
    if job is None:
        return
    transcript = Transcript.objects.filter(pk=transcript_id).first()
    if transcript is None:
        return
    job.transcript = transcript
    try:
        embedder, windows = _listen(transcript, job)
        _store(job, embedder, windows)
        wanted = TranscriptionJob.objects.values_list("voices_wanted", flat=True).get(pk=job.pk)
        recount_speakers(Editing(transcript, author=None), speakers=wanted)
    except (
        InferenceError,
        MediaError,
        DecoderDiedError,
        CannotRecountError,
        SpeakersUnavailableError,
        OSError,
    ) as error:
        logger.warning("event=voices_not_found transcript_id=%s error=%s", transcript_id, error)
        _end(job, FAILED)
        return
    _end(job, "")
    drop_finished_embeddings(job)
    logger.info("event=voices_found transcript_id=%s", transcript_id)


def _end(job: TranscriptionJob, state: str) -> None:
    TranscriptionJob.objects.filter(pk=job.pk, voices=QUEUED).update(voices=state)


def _listen(transcript: Transcript, job: TranscriptionJob) -> tuple[str, list[WindowResult]]:
    """The embedder, and the windows with their turns. A minute for an hour of audio on one core."""
    server = inference_for(transcript.owner).pick(is_begun=True).server
    source = (
        passes_from(job.sources[:1], index=0, resume_ms=0).current if job.sources else PassSource()
    )
    with open_decoder(local_recording(transcript), pick=source.pick) as decoder:
        feed = PcmFeed(decoder, FreeMeter())
        call: FindTurnsCall = find_turns(feed, server=server)
        try:
            windows = list(call)
        finally:
            call.cancel()
            feed.close()
    return call.embedder, windows


def _store(job: TranscriptionJob, embedder: str, windows: list[WindowResult]) -> None:
    """Give each stored window the turns that begin in it, in place of those it had."""
    with transaction.atomic():
        rows = list(Window.objects.select_for_update().filter(job=job))
        if not rows:
            rows = [Window.objects.create(job=job, start_ms=0, end_ms=0)]
        starts = [row.start_ms for row in rows]
        for row in rows:
            row.speaker_turns = []
        for window in windows:
            for turn in window.turns:
                row = rows[max(0, bisect.bisect_right(starts, turn.start_ms) - 1)]
                row.speaker_turns.append(speaker_turn_as_json(turn))
        Window.objects.bulk_update(rows, ["speaker_turns"], batch_size=50)
        TranscriptionJob.objects.filter(pk=job.pk).update(
            embedder=embedder, diarize=True, embeddings_deleted_at=None
        )
    job.embedder, job.diarize = embedder, True
