"""The second stage: speaker diarization.

The speaker turns of all windows are clustered by one call at the end, and each word gets the
speaker of its turn; a segment is split where the speaker changes inside it. The text is never
altered. A failure here leaves the text as it is, and a warning.
"""

import itertools
import logging
import time

from transcripts.inference.client import diarize
from transcripts.inference.errors import BrokenAnswerError, InferenceError
from transcripts.inference.results import SpeakerLabels, SpeakerTurn
from transcripts.inference.routing import inference_for
from transcripts.jobs import results
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.results import JobRun, LabelledTranscript
from transcripts.jobs.stages.recognise import retry_delay_s
from transcripts.jobs.stages.sources import join_sources
from transcripts.text.segments import Segment
from transcripts.text.speaker_assignment import Turn, assign_speakers

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
    job.labelled = _label(job, turns, labels)
    _warn_of_fewer(job, found=len({segment.speaker for segment in job.labelled.segments}))


def _warn_of_fewer(job: JobRun, *, found: int) -> None:
    wanted = job.row.speakers_requested
    if found < wanted:
        results.store_warning(job, *describe_fewer(wanted, found=found))


def describe_fewer(wanted: int, *, found: int) -> tuple[str, str]:
    """The code and the sentence of the warning."""
    message = f"{wanted} speakers were asked for, but only {found} could be found."
    return "fewer_speakers", message


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


def _label(job: JobRun, turns: list[SpeakerTurn], labels: SpeakerLabels) -> LabelledTranscript:
    chunks = assign_speakers(
        [Segment.from_row(row) for row in job.segments],
        [Turn(turn.start_ms, turn.end_ms) for turn in turns],
        labels.speakers,
    )
    return LabelledTranscript(tuple(itertools.chain.from_iterable(chunks)))
