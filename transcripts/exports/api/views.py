"""GET …/export/:format/ — a transcript as a file.

Plain asynchronous views: what a worker makes is waited for without a thread.
"""

import hashlib
from typing import cast
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import get_conditional_response
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers

from accounts.permissions import GuestAuthentication
from accounts.principals import Principal
from billing.api.plain_views import needs
from stt_web.core.documentation import DeclaredError, documented, raises
from stt_web.core.error_responses import allow_methods
from stt_web.core.errors import ApiError
from transcripts.access import TranscriptNotFoundError
from transcripts.exports.api.parameters import LINT_PARAMETERS, OPTION_PARAMETERS
from transcripts.exports.document import spoken_language
from transcripts.exports.files import content_disposition, file_name
from transcripts.exports.options import ExportOptions
from transcripts.exports.render import EXPORTS, LINT
from transcripts.exports.requested import read_export_options
from transcripts.exports.translations import describe_translation
from transcripts.exports.waiting import (
    ExportFailedError,
    UnknownFormatError,
    check_format,
    render_export,
    wait_for_export,
)
from transcripts.exports.worker_exports import is_large
from transcripts.job_errors import JOB_ERRORS, job_error, warn_in_headers
from transcripts.models import OPEN_STATUSES, READABLE_STATUSES, Transcript
from transcripts.option_kinds import InvalidOptionError
from transcripts.principals import check_still_allowed, find_transcript
from transcripts.serializers import ExportedTranscriptionSerializer

_WAIT_S = 20.0
_RETRY_AFTER_S = 5


class NotFinishedError(ApiError):
    """There is no text of it yet that will stay."""

    status = 409
    code = "not_finished"

    def __init__(self) -> None:
        super().__init__(
            "This transcript is still being worked on. Ask again when it is finished.",
            retry_after_s=5,
        )


EXPORT_ERRORS: tuple[DeclaredError, ...] = (
    TranscriptNotFoundError,
    NotFinishedError,
    ExportFailedError,
    InvalidOptionError,
    ApiError(
        "There is no translation into that language yet: `translate` is the call that makes one.",
        code="not_translated",
        status=409,
    ),
    *JOB_ERRORS,
)
PREPARING = inline_serializer("ExportPreparing", {"status": serializers.CharField()})


@documented(
    operation_id="export_transcript",
    authentication=(GuestAuthentication,),
    parameters=[
        OpenApiParameter("format_name", str, location=OpenApiParameter.PATH, enum=list(EXPORTS)),
        *OPTION_PARAMETERS,
    ],
    responses={
        **{
            (200, export.content_type.partition(";")[0]): OpenApiTypes.BINARY
            for export in EXPORTS.values()
        },
        (200, "application/json"): ExportedTranscriptionSerializer,
        202: PREPARING,
    },
)
@allow_methods("GET", "HEAD")
@needs("read")
@raises(*EXPORT_ERRORS, UnknownFormatError)
async def export_transcript(
    request: HttpRequest, principal: Principal, transcript_id: UUID, format_name: str
) -> HttpResponse:
    """Return the transcript as a file, with an ETag; 202 with Retry-After where a worker is
    still making it (docx, pdf, and long ones).

    With `language` or `bilingual`, `X-Translation-Stale` says whether the text was changed since it
    was translated, and `X-Untranslated-Segments` of how many something is as it was spoken.
    """
    transcript = await sync_to_async(open_for_export)(principal, transcript_id)
    check_format(format_name)
    options = read_export_options(request.GET.dict())
    is_slow = EXPORTS[format_name].is_slow or await sync_to_async(is_large)(transcript)
    if not is_slow:
        return await sync_to_async(_answer_now)(request, transcript, format_name, options)
    content = await wait_for_export(
        transcript, format_name=format_name, options=options, timeout_s=_WAIT_S
    )
    await sync_to_async(check_still_allowed)(request, transcript_id)
    if content is None:
        return _answer_later(request)
    return await sync_to_async(_answer_export)(request, transcript, content, format_name, options)


@documented(
    operation_id="lint_subtitles",
    authentication=(GuestAuthentication,),
    parameters=LINT_PARAMETERS,
    responses={
        200: inline_serializer(
            "LintReport",
            {
                "profile": serializers.DictField(),
                "cues": serializers.IntegerField(),
                "counts": serializers.DictField(child=serializers.IntegerField()),
                "findings": serializers.ListField(child=serializers.DictField()),
            },
        ),
        202: PREPARING,
    },
)
@allow_methods("GET", "HEAD")
@needs("read")
@raises(*EXPORT_ERRORS)
async def lint_subtitles(
    request: HttpRequest, principal: Principal, transcript_id: UUID
) -> HttpResponse:
    """Report where the subtitles break a profile's rules."""
    transcript = await sync_to_async(open_for_export)(principal, transcript_id)
    options = read_export_options(request.GET.dict())
    if await sync_to_async(is_large)(transcript):
        content = await wait_for_export(
            transcript, format_name=LINT, options=options, timeout_s=_WAIT_S
        )
        if content is None:
            return _answer_later(request)
    else:
        content = await sync_to_async(render_export)(transcript, LINT, options)
    return HttpResponse(content, content_type="application/json")


def open_for_export(principal: Principal, transcript_id: UUID) -> Transcript:
    """Return what may be exported. Raises ApiError: 404, 409 not finished. Queries."""
    transcript = find_transcript(principal, transcript_id)
    if transcript.status in OPEN_STATUSES:
        raise NotFinishedError
    if transcript.status not in READABLE_STATUSES and not transcript.segments.exists():
        raise job_error(transcript)
    return transcript


def answer_file(
    request: HttpRequest, body: bytes, *, title: str, format_name: str, languages: str = ""
) -> HttpResponse:
    """Return the file as a download, or 304 to a client that has it. languages: as in its name."""
    response = HttpResponse(body, content_type=EXPORTS[format_name].content_type)
    response.headers["Content-Disposition"] = content_disposition(
        file_name(title, extension=f"{languages}.{format_name}".removeprefix("."))
    )
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return cast(
        "HttpResponse",
        get_conditional_response(request, etag=response.headers["ETag"], response=response),
    )


def _answer_now(
    request: HttpRequest, transcript: Transcript, format_name: str, options: ExportOptions
) -> HttpResponse:
    body = render_export(transcript, format_name, options)
    return _answer_export(request, transcript, body, format_name, options)


def _answer_export(
    request: HttpRequest,
    transcript: Transcript,
    body: bytes,
    format_name: str,
    options: ExportOptions,
) -> HttpResponse:
    translation = describe_translation(transcript, options)
    beside = f"{spoken_language(transcript)}-" if options.bilingual else ""
    response = answer_file(
        request,
        body,
        title=transcript.title,
        format_name=format_name,
        languages=f"{beside}{translation.language}" if translation else "",
    )
    warn_in_headers(response, transcript)
    if translation is not None:
        response.headers["X-Translation-Stale"] = str(translation.is_stale).lower()
        response.headers["X-Untranslated-Segments"] = str(translation.untranslated)
    return response


def _answer_later(request: HttpRequest) -> HttpResponse:
    response = JsonResponse({"status": "preparing"}, status=202)
    response.headers["Retry-After"] = str(_RETRY_AFTER_S)
    response.headers["Location"] = request.get_full_path()
    return response
