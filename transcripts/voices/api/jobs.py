"""`/api/v1/voice-jobs/`: speech that was ordered, for a day."""

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Scopes, user_of
from stt_web.core.documentation import raises
from stt_web.core.pagination import PageNotFoundError, PageNumberPagination
from transcripts.voices.api.shapes import VoiceJobPageSerializer, VoiceJobSerializer
from transcripts.voices.errors import VoiceJobNotFoundError
from transcripts.voices.finish import delete_voice_job
from transcripts.voices.models import VoiceJob
from transcripts.voices.order import get_voice_job
from transcripts.voices.shown import describe_voice_job


class VoiceJobListView(APIView):
    scopes: ClassVar[Scopes] = {"GET": "read"}

    @raises(PageNotFoundError)
    @extend_schema(operation_id="list_voice_jobs", responses=VoiceJobPageSerializer)
    def get(self, request: Request) -> Response:
        """List the speech of the last day, newest first."""
        rows = VoiceJob.objects.filter(owner=user_of(request))
        paginator = PageNumberPagination()
        page = paginator.paginate_queryset(rows, request, view=self)
        return paginator.get_paginated_response([describe_voice_job(row) for row in page or []])


class VoiceJobView(APIView):
    scopes: ClassVar[Scopes] = {"GET": "read", "DELETE": "manage"}

    @raises(VoiceJobNotFoundError)
    @extend_schema(operation_id="read_voice_job", responses=VoiceJobSerializer)
    def get(self, request: Request, voice_job_id: UUID) -> Response:
        """Return where it stands, and once it is made where the speech is."""
        return Response(describe_voice_job(get_voice_job(user_of(request), voice_job_id)))

    @raises(VoiceJobNotFoundError)
    @extend_schema(operation_id="delete_voice_job", responses={204: None})
    def delete(self, request: Request, voice_job_id: UUID) -> Response:
        """Stop it, and delete its speech. What isn't finished costs nothing."""
        delete_voice_job(get_voice_job(user_of(request), voice_job_id))
        return Response(status=204)
