"""Transcripts as a test wants them: a field is written where it belongs, in whichever table."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from transcripts.jobs.lease import Lease, claim_job
from transcripts.jobs.models import JobKind, TranscriptionJob
from transcripts.models import Recording, Source, Transcript
from transcripts.options import TranscriptionOptions
from transcripts.pipeline import run_job
from transcripts.services.job_status import insert

_RECORDING = {"path", *(each.name for each in Recording._meta.concrete_fields)} - {"id", "owner"}
_JOB = {each.name for each in TranscriptionJob._meta.concrete_fields} - {"id", "transcript"}
_TRANSCRIPT = {each.name for each in Transcript._meta.concrete_fields} - {"job", "recording"}
# Of `TranscriptionJob.further_options`.
_OPTIONS = set(TranscriptionOptions().as_columns()["further_options"])
# Written to the job and to the transcript.
_BOTH = {"status", "language", "finished_at", "credits_charged"}


def create_transcript(**fields: Any) -> Transcript:
    """Insert a transcript with its recording and first job; `fields` of any of the three."""
    transcript, recording, job = _split(fields)
    made = Transcript(**transcript)
    made.recording = Recording(owner=made.owner, **recording)
    kind = JobKind.LIVE if made.source == Source.LIVE else JobKind.FILE
    reference = str(made.pk) if made.owner is not None else ""
    made.job = TranscriptionJob(**{"kind": kind, "hold_reference": reference} | job)
    made.job.transcript = made
    insert(made)
    if "created_at" in fields:
        update_transcripts(Transcript.objects.filter(pk=made.pk), created_at=fields["created_at"])
    return made


def update_transcripts(rows: QuerySet[Transcript], **fields: Any) -> int:
    """Update transcripts, and their recordings and jobs; returns how many."""
    transcript, recording, job = _split(fields)
    with transaction.atomic():
        found = list(rows.all())  # a copy: the caller may ask again
        ids = [row.pk for row in found]
        if transcript:
            Transcript.objects.filter(pk__in=ids).update(**transcript)
        if recording:
            paths = Recording.objects.filter(pk__in=[row.recording_id for row in found])
            paths.update(**recording)
        if job:
            TranscriptionJob.objects.filter(pk__in=[row.job_id for row in found]).update(**job)
    return len(found)


def run_transcript(transcript_id: UUID | str) -> None:
    """Do the work on its job, if it is queued."""
    found = Transcript.objects.filter(pk=transcript_id).first()
    if found is not None:
        run_job(found.job_id)


def claim_transcript(transcript_id: UUID) -> tuple[Lease, TranscriptionJob] | None:
    return claim_job(Transcript.objects.get(pk=transcript_id).job_id)


def _split(fields: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    further = {name: fields[name] for name in _OPTIONS & set(fields)}
    if further:
        rest = {name: value for name, value in fields.items() if name not in further}
        fields = {**rest, "further_options": further}
    unknown = set(fields) - _TRANSCRIPT - _RECORDING - _JOB
    if unknown:
        raise TypeError(f"No table has {unknown}.")
    transcript = {name: fields[name] for name in _TRANSCRIPT & set(fields)}
    recording = {name: fields[name] for name in _RECORDING & set(fields)}
    own = (_JOB - _TRANSCRIPT - _RECORDING) | _BOTH | {"created_at"}
    return transcript, recording, {name: fields[name] for name in own & set(fields)}
