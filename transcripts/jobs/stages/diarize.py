"""The second stage: speaker diarization.

The speaker turns of all windows are clustered by one call at the end, or a diarizer of the torch
engines goes through the recording once more; each word gets the speaker of its turn, and a segment
is split where the speaker changes inside it. The text is never altered. Where that diarizer is away
or fails, the stored turns are clustered, and a note says so; a failure there leaves the text as it
is, and a warning.
"""

import logging
import time

from django.conf import settings

from transcripts.inference.client import diarize
from transcripts.inference.errors import BrokenAnswerError, InferenceError
from transcripts.inference.results import SpeakerLabels, SpeakerTurn
from transcripts.inference.routing import inference_for
from transcripts.jobs import results
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.results import JobRun
from transcripts.jobs.stages.diarize_recording import label_recording
from transcripts.jobs.stages.labels import label
from transcripts.jobs.stages.recognise import retry_delay_s
from transcripts.jobs.stages.sources import join_sources
from transcripts.options import AUTO, LIGHT, PYANNOTE
from transcripts.text.speaker_assignment import Turn

logger = logging.getLogger(__name__)

# A restart of the inference service is waited for; a longer outage costs the labels, not the text.
PATIENCE_S = 60.0

FAILED = ("speakers_failed", "The speakers of this recording could not be separated.")
NOT_INSTALLED = (
    "speakers_not_installed",
    "The speakers were not separated: the server has no speaker model. Its operator can install"
    " one: python -m inference_service.catalog pull campplus",
)


def diarize_job(job: JobRun) -> None:
    """Diarize, if that was requested; the result is stored by the last stage."""
    transcript = job.transcript
    joined = join_sources(job)
    if joined is not None:
        job.labelled = joined
        return
    if not (job.row.diarize and job.has_text) or _has_failed(job.row):
        return
    wanted = job.row.options.diarizer
    diarizer = settings.DIARIZER if wanted == AUTO else wanted
    if diarizer != LIGHT and label_recording(job, "" if diarizer == PYANNOTE else diarizer):
        return
    if not job.row.embedder:
        results.store_warning(job, *NOT_INSTALLED)
        return
    turns = results.load_speaker_turns(job.row)
    if not turns:
        results.store_warning(job, *FAILED)
        return
    try:
        labels = _cluster(job, turns)
    except InferenceError as error:
        logger.warning(
            "event=diarization_failed transcript_id=%s code=%s", transcript.pk, error.code
        )
        results.store_warning(job, *FAILED)
        return
    labelled = [Turn(turn.start_ms, turn.end_ms) for turn in turns]
    label(job, labelled, labels.speakers)


def _has_failed(row: TranscriptionJob) -> bool:
    return any(warning["code"] == "speakers_failed" for warning in row.warnings)


def _cluster(job: JobRun, turns: list[SpeakerTurn]) -> SpeakerLabels:
    """Ask until it is answered, for `PATIENCE_S`. Raises `InferenceError`."""
    give_up_at = time.monotonic() + PATIENCE_S
    failures = 0
    while True:
        try:
            labels = diarize(
                turns,
                embedder=job.row.embedder,
                speakers=job.row.speakers_requested,
                server=inference_for(job.transcript.owner).pick(is_begun=True).server,
            )
        except InferenceError as error:
            job.lease.check()
            if not error.retryable or time.monotonic() > give_up_at:
                raise
            failures += 1
            job.lease.wait(retry_delay_s(failures))
        else:
            return _checked(labels, turns)


def _checked(labels: SpeakerLabels, turns: list[SpeakerTurn]) -> SpeakerLabels:
    if len(labels.speakers) != len(turns):
        raise BrokenAnswerError("The inference service left speaker turns without a label.")
    return labels
