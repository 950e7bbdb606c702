"""GET …/export/:format/ — a transcript as a file.

Plain asynchronous views: what a worker makes is waited for without a thread.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, cast
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
from transcripts.exports.api.options import read_export_options
from transcripts.exports.api.parameters import OPTION_PARAMETERS, PROFILE_PARAMETERS
from transcripts.exports.files import content_disposition, file_name
from transcripts.exports.options import ExportOptions
from transcripts.exports.render import EXPORTS, LINT, export, load_for
from transcripts.exports.worker_exports import describe_export, is_large, order_export
from transcripts.job_errors import JOB_ERRORS, job_error, warn_in_headers
from transcripts.models import OPEN_STATUSES, READABLE_STATUSES, Transcript
from transcripts.option_kinds import InvalidOptionError
from transcripts.principals import check_still_allowed, find_transcript

_WAIT_S = 20.0
_CHUNK_BYTES = 256 * 1024
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 0.5
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


class UnknownFormatError(ApiError):
    """There is no such format."""

    code = "unknown_format"


class ExportFailedError(ApiError):
    """The file could not be made; another format may work."""

    status = 500
    code = "export_failed"

    def __init__(self) -> None:
        super().__init__(
            "This file could not be made. The fault is ours, and is in the log; another format may"
            " work."
        )


EXPORT_ERRORS: tuple[DeclaredError, ...] = (
    TranscriptNotFoundError,
    NotFinishedError,
    ExportFailedError,
    InvalidOptionError,
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
    still making it (docx, pdf, and long ones)."""
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
    return await sync_to_async(_answer_export)(request, transcript, content, format_name)


async def wait_for_export(
    transcript: Transcript, *, format_name: str, options: ExportOptions, timeout_s: float
) -> bytes | None:
    """Return what `wait_for_file` finds, whole."""
    file = await wait_for_file(
        transcript, format_name=format_name, options=options, timeout_s=timeout_s
    )
    return None if file is None else await sync_to_async(_read_whole)(file)


async def wait_for_file(
    transcript: Transcript, *, format_name: str, options: ExportOptions, timeout_s: float
) -> BinaryIO | None:
    """Return what a worker makes, or made, open; None if `timeout_s` went by before. Holds no
    thread.

    Raises ExportFailedError.
    """
    wanted = await sync_to_async(describe_export)(
        transcript, format_name=format_name, options=options
    )
    pause_s = _SHORTEST_PAUSE_S
    try:
        async with asyncio.timeout(timeout_s):
            while not wanted.path.exists():
                if wanted.is_failed:
                    raise ExportFailedError
                await sync_to_async(order_export)(wanted)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        return await sync_to_async(_open)(wanted.path)
    except (TimeoutError, FileNotFoundError):  # or deleted between the two
        return None


@documented(
    operation_id="lint_subtitles",
    authentication=(GuestAuthentication,),
    parameters=PROFILE_PARAMETERS,
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


async def read_in_chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    """Yield the file in pieces, and close it."""
    try:
        while chunk := await sync_to_async(file.read)(_CHUNK_BYTES):
            yield chunk
    finally:
        file.close()


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _read_whole(file: BinaryIO) -> bytes:
    with file:
        return file.read()


def open_for_export(principal: Principal, transcript_id: UUID) -> Transcript:
    """Return what may be exported. Raises ApiError: 404, 409 not finished. Queries."""
    transcript = find_transcript(principal, transcript_id)
    if transcript.status in OPEN_STATUSES:
        raise NotFinishedError
    if transcript.status not in READABLE_STATUSES and not transcript.segments.exists():
        raise job_error(transcript)
    return transcript


def check_format(format_name: str) -> None:
    """Raise ApiError 400 for a format that there isn't."""
    if format_name not in EXPORTS:
        raise UnknownFormatError(
            f"There is no format {format_name[:20]!r}: ask for one of {', '.join(EXPORTS)}."
        )


def answer_file(request: HttpRequest, body: bytes, *, title: str, format_name: str) -> HttpResponse:
    """Return the file as a download, or 304 to a client that has it."""
    response = HttpResponse(body, content_type=EXPORTS[format_name].content_type)
    response.headers["Content-Disposition"] = content_disposition(
        file_name(title, extension=format_name)
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
    return _answer_export(request, transcript, body, format_name)


def render_export(transcript: Transcript, format_name: str, options: ExportOptions) -> bytes:
    """Return the file, rendered here and now. Queries."""
    return export(load_for(format_name, transcript, options), format_name, options)


def _answer_export(
    request: HttpRequest, transcript: Transcript, body: bytes, format_name: str
) -> HttpResponse:
    response = answer_file(request, body, title=transcript.title, format_name=format_name)
    warn_in_headers(response, transcript)
    return response


def _answer_later(request: HttpRequest) -> HttpResponse:
    response = JsonResponse({"status": "preparing"}, status=202)
    response.headers["Retry-After"] = str(_RETRY_AFTER_S)
    response.headers["Location"] = request.get_full_path()
    return response
