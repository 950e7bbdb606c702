"""The stages of a transcription job, in their order: of jobs, and of live sessions."""

from uuid import UUID

from transcripts.jobs.run import Stages, run_stages
from transcripts.jobs.stages.diarize import diarize_job
from transcripts.jobs.stages.fetch import fetch_recording
from transcripts.jobs.stages.finalize import finalize
from transcripts.jobs.stages.recognise import recognise
from transcripts.jobs.stages.sentences import form_sentences
from transcripts.live.close import assemble_journal

STAGES: Stages = (
    fetch_recording,
    assemble_journal,
    recognise,
    diarize_job,
    form_sentences,
    finalize,
)


def run_job(job_id: UUID) -> None:
    """Work on a job if it is queued; see `jobs.run.run_stages`."""
    run_stages(job_id, STAGES)
