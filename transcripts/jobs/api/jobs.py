"""`…/jobs/`: the runs over one recording, and a further one: another model, other speakers."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import MANAGE_AND_READ, user_of
from billing.ledger import NoCreditsError
from stt_web.core.documentation import raises
from stt_web.core.refusals import translate_refusal
from transcripts.access import JobNotFoundError, TranscriptNotFoundError, get_job, get_transcript
from transcripts.editing.api.conditional import EditingView, read_body
from transcripts.exports.json import seconds
from transcripts.inference.catalog import MODEL_ERRORS
from transcripts.jobs.cancel import cancel_job
from transcripts.jobs.models import JobKind, TranscriptionJob
from transcripts.jobs.second_pass import SecondPassRefusedError, check_and_order
from transcripts.models import Status
from transcripts.option_fields import body_fields
from transcripts.options import OPTION_ERRORS, TranscriptionOptions
from transcripts.serializers import JobErrorSerializer, ProgressSerializer, WarningSerializer


class JobRequestSerializer(serializers.Serializer[object]):
    """What is left out stays as it was for the text that is there."""

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        return body_fields(TranscriptionOptions)


class JobSerializer(serializers.Serializer[object]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=JobKind.choices)
    status = serializers.ChoiceField(choices=Status.choices)
    is_current = serializers.BooleanField(help_text="Whether the transcript has this job's text.")
    model_requested = serializers.CharField()
    model = serializers.CharField(allow_blank=True, help_text="The model that really ran.")
    language = serializers.CharField(allow_null=True)
    diarize = serializers.BooleanField()
    progress = ProgressSerializer()
    credits_charged = serializers.IntegerField()
    error = JobErrorSerializer(allow_null=True)
    warnings = WarningSerializer(many=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class JobListView(EditingView):
    # It costs what an upload costs, and changes the text.
    scopes = {"GET": "read", "POST": ("transcribe", *MANAGE_AND_READ)}

    @raises(TranscriptNotFoundError)
    @extend_schema(operation_id="list_jobs", responses=JobSerializer(many=True))
    def get(self, request: Request, transcript_id: UUID) -> Response:
        """Return the jobs of a transcript, the first one first."""
        transcript = get_transcript(user_of(request), transcript_id)
        jobs = transcript.jobs.select_related("transcript__recording").order_by("created_at", "pk")
        return Response([show_job(job) for job in jobs])

    @raises(
        TranscriptNotFoundError,
        SecondPassRefusedError,
        NoCreditsError,
        *OPTION_ERRORS,
        *MODEL_ERRORS,
    )
    @extend_schema(
        operation_id="create_job", request=JobRequestSerializer, responses={201: JobSerializer}
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Transcribe the recording of a finished transcript again, as a second pass.

        It is charged like an upload of the same length, if its text is used. The text takes the
        place of the present one as a revision, which can be taken back; the transcript's status
        stays as it is. Text that a person corrected is never replaced: the answer is 409 then.
        """
        transcript = get_transcript(user_of(request), transcript_id)
        asked = read_body(JobRequestSerializer, request)
        sent = {name: _as_field(value) for name, value in asked.items()}
        options = TranscriptionOptions.parse(transcript.job.options.as_sent() | sent)
        return Response(show_job(check_and_order(transcript, options)), status=201)


class JobView(EditingView):
    scopes = {"GET": "read", "DELETE": "manage"}

    @raises(JobNotFoundError)
    @extend_schema(operation_id="read_job", responses=JobSerializer)
    def get(self, request: Request, transcript_id: UUID, job_id: UUID) -> Response:
        """Return one job of a transcript."""
        return Response(show_job(get_job(user_of(request), transcript_id, job_id)))

    @raises(JobNotFoundError)
    @extend_schema(operation_id="cancel_job", responses={204: None})
    def delete(self, request: Request, transcript_id: UUID, job_id: UUID) -> Response:
        """Stop the work on a job. One that is finished stays as it is."""
        cancel_job(get_job(user_of(request), transcript_id, job_id))
        return Response(status=204)


def show_job(job: TranscriptionJob) -> dict[str, Any]:
    """Return what the API shows of a job. No query, if its transcript was read with it."""
    total_ms = job.audio_duration_ms or job.transcript.recording.probed_ms
    error = (
        {"code": job.error_code, "message": translate_refusal(job.error_message)}
        if job.error_code
        else None
    )
    return {
        "id": str(job.pk),
        "kind": job.kind,
        "status": job.status,
        "is_current": job.transcript.job_id == job.pk,
        "model_requested": job.model_requested,
        "model": job.model_used,
        "language": job.language or None,
        "diarize": job.diarize,
        "progress": {
            "done_s": seconds(job.resume_ms),
            "total_s": seconds(total_ms) if total_ms else None,
        },
        "credits_charged": job.credits_charged,
        "error": error,
        "warnings": list(job.warnings),
        "created_at": job.created_at.isoformat(),
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
    }


def _as_field(value: object) -> str:
    """Return a value of a JSON body as a form would send it."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
