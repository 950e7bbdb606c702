"""`/api/v1/text-jobs/`: work on texts that is done in the background."""

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Scopes, user_of
from stt_web.core.documentation import DeclaredError, raises
from stt_web.core.errors import ApiError, InvalidValueError
from stt_web.core.pagination import PageNotFoundError, PageNumberPagination
from transcripts.access import TranscriptNotFoundError, get_transcript
from transcripts.intelligence.models import TextOperation
from transcripts.intelligence.text_jobs.lease import cancel_text_job
from transcripts.intelligence.text_jobs.order import (
    TextJobNotFoundError,
    TooManyTextJobsError,
    get_text_job,
    list_text_jobs,
)
from transcripts.models import OPEN_STATUSES, Status
from transcripts.serializers import JobErrorSerializer
from transcripts.services.shown_text_jobs import describe_text_job

# What a call that may become a job answers beside its own errors.
TEXT_JOB_ERRORS: tuple[DeclaredError, ...] = (
    TooManyTextJobsError,
    ApiError("The wait ran out; the job goes on.", code="still_processing", status=503),
    ApiError("It was tried several times without an end.", code="too_many_tries", status=503),
    ApiError("The job was cancelled.", code="cancelled", status=409),
    ApiError("The result was deleted.", code="deleted", status=409),
)
_OPERATIONS = [each for each in TextOperation.values if each != TextOperation.INDEX]


class PartsSerializer(serializers.Serializer[object]):
    """Parts of the text, sections, steps or sentences."""

    done = serializers.IntegerField()

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        total = serializers.IntegerField(allow_null=True, help_text="null: not known yet.")
        return {**super().get_fields(), "of": total}


class StepSerializer(serializers.Serializer[object]):
    step = serializers.CharField()
    status = serializers.CharField(help_text="queued, completed or failed.")
    result_id = serializers.UUIDField(allow_null=True)
    error = JobErrorSerializer(allow_null=True)


class TextJobSerializer(serializers.Serializer[object]):
    id = serializers.UUIDField()
    operation = serializers.ChoiceField(choices=_OPERATIONS)
    status = serializers.ChoiceField(choices=Status.choices)
    transcript = serializers.UUIDField(allow_null=True)
    request = serializers.JSONField(help_text="What was asked, without the text.")
    progress = PartsSerializer()
    result_id = serializers.UUIDField(
        allow_null=True, help_text="Of a transcript: among its `results/`."
    )
    steps = StepSerializer(many=True, help_text="Of `process`: what is made of a transcript.")
    error = JobErrorSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    answer = serializers.JSONField(
        required=False,
        help_text="Of a text that came with the request: what the request would have been answered"
        " with. Stored for a day.",
    )


class TextJobPageSerializer(serializers.Serializer[object]):
    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = TextJobSerializer(many=True)


class TextJobListView(APIView):
    scopes: ClassVar[Scopes] = {"GET": "read"}

    @raises(TranscriptNotFoundError, PageNotFoundError, InvalidValueError)
    @extend_schema(
        operation_id="list_text_jobs",
        parameters=[
            OpenApiParameter("transcript", str, description="Only of this transcript."),
            OpenApiParameter("status", str, enum=Status.values),
        ],
        responses=TextJobPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """List the work on texts of the last month, newest first."""
        user = user_of(request)
        rows = list_text_jobs(user)
        if transcript_id := request.GET.get("transcript", ""):
            rows = rows.filter(transcript=get_transcript(user, transcript_id))
        if status := request.GET.get("status", ""):
            if status not in Status.values:
                raise InvalidValueError(f"status must be one of {', '.join(Status.values)}.")
            rows = rows.filter(status=status)
        paginator = PageNumberPagination()
        page = paginator.paginate_queryset(rows, request, view=self)
        return paginator.get_paginated_response(
            [describe_text_job(row, has_answer=False) for row in page or []]
        )


class TextJobView(APIView):
    scopes: ClassVar[Scopes] = {"GET": "read", "DELETE": "manage"}

    @raises(TextJobNotFoundError)
    @extend_schema(operation_id="read_text_job", responses=TextJobSerializer)
    def get(self, request: Request, text_job_id: UUID) -> Response:
        """Return where the work on a text stands, and once it is done its answer."""
        return Response(describe_text_job(get_text_job(user_of(request), text_job_id)))

    @raises(TextJobNotFoundError)
    @extend_schema(operation_id="cancel_text_job", responses={204: None})
    def delete(self, request: Request, text_job_id: UUID) -> Response:
        """Stop the work. One that has ended is deleted, with its answer; results of a transcript
        stay.
        """
        job = get_text_job(user_of(request), text_job_id)
        if not (job.status in OPEN_STATUSES and cancel_text_job(job)):
            job.delete()
        return Response(status=204)
