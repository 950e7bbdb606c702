"""GET transcripts/:id/results/:result/export/:format/ — a stored result as a file."""

import hashlib
from typing import ClassVar, cast
from uuid import UUID

from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.permissions import Scopes, user_of
from stt_web.core.documentation import raises
from transcripts.access import TranscriptNotFoundError, get_transcript
from transcripts.exports.files import content_disposition, file_name
from transcripts.intelligence.calendar_file import EVENTS, TASKS
from transcripts.intelligence.result_files import (
    CONTENT_TYPES,
    EditedResultError,
    NoSuchFileError,
    open_result_file,
    render_result,
)
from transcripts.intelligence.results import ResultNotFoundError, get_result
from transcripts.option_kinds import InvalidOptionError


class ResultFileView(APIView):
    scopes: ClassVar[Scopes] = {"GET": "read"}

    @raises(
        TranscriptNotFoundError,
        ResultNotFoundError,
        NoSuchFileError,
        EditedResultError,
        InvalidOptionError,
    )
    @extend_schema(
        operation_id="export_result",
        parameters=[
            OpenApiParameter(
                "format_name", str, location=OpenApiParameter.PATH, enum=list(CONTENT_TYPES)
            ),
            OpenApiParameter(
                "as", str, enum=[TASKS, EVENTS], description="In ics: tasks (VTODO), or days."
            ),
        ],
        responses={
            (200, content_type.partition(";")[0]): OpenApiTypes.BINARY
            for content_type in CONTENT_TYPES.values()
        },
    )
    def get(
        self, request: Request, transcript_id: UUID, result_id: UUID, format_name: str
    ) -> HttpResponse:
        """Return a result as a file, with an ETag: md, docx, pdf; csv where it is a list; ics
        where it has action items."""
        form = request.query_params.get("as", TASKS)
        if form not in (TASKS, EVENTS):
            raise InvalidOptionError("as", f"as is {form[:40]!r}, but must be {TASKS} or {EVENTS}.")
        transcript = get_transcript(user_of(request), transcript_id)
        file = open_result_file(get_result(transcript, result_id), transcript)
        body = render_result(file, format_name, form=form)
        response = HttpResponse(body, content_type=CONTENT_TYPES[format_name])
        response.headers["Content-Disposition"] = content_disposition(
            file_name(file.name, extension=format_name)
        )
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        return cast(
            "HttpResponse",
            get_conditional_response(
                request._request, etag=response.headers["ETag"], response=response
            ),
        )
