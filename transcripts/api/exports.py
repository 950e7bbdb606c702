"""GET …/export/:format/ — a transcript as a file.

Plain asynchronous views: what a worker makes is waited for without a thread.
"""

import hashlib
from typing import cast
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response

from accounts.client_address import request_address
from accounts.models import User
from billing.api.throttling import set_rate_limit_headers
from billing.quotas import limits_for
from billing.request_rates import count_request
from stt_web.error_answers import allow_methods
from stt_web.errors import ApiError
from transcripts.api.answers import job_error
from transcripts.api.export_options import read_export_options
from transcripts.api.principals import find_transcript, identify
from transcripts.exports.document import load_document
from transcripts.exports.files import content_disposition, file_name
from transcripts.exports.options import ExportOptions
from transcripts.exports.render import EXPORTS, export
from transcripts.models import OPEN_STATUSES, READABLE_STATUSES, Transcript


class NotFinishedError(ApiError):
    """There is no text of it yet that will stay."""

    status = 409
    code = "not_finished"

    def __init__(self) -> None:
        super().__init__(
            "This transcript is still being worked on. Ask again when it is finished.",
            retry_after_s=5,
        )


@allow_methods("GET", "HEAD")
async def export_transcript(
    request: HttpRequest, transcript_id: UUID, format_name: str
) -> HttpResponse:
    """Return the transcript in one of the formats."""
    transcript = await sync_to_async(open_for_export)(request, transcript_id)
    check_format(format_name)
    options = read_export_options(request.GET.dict())
    return await sync_to_async(_answer_now)(request, transcript, format_name, options)


def open_for_export(request: HttpRequest, transcript_id: UUID) -> Transcript:
    """Return what may be exported. Raises ApiError: 401, 404, 409 not finished, 429. Queries."""
    principal = identify(request, needed_scope="read")
    _count(request, principal if isinstance(principal, User) else None)
    transcript = find_transcript(principal, transcript_id)
    if transcript.status in OPEN_STATUSES:
        raise NotFinishedError
    if transcript.status not in READABLE_STATUSES and not transcript.segments.exists():
        raise job_error(transcript)
    return transcript


def check_format(format_name: str) -> None:
    """Raise ApiError 400 for a format that there isn't."""
    if format_name not in EXPORTS:
        raise ApiError(
            f"There is no format {format_name[:20]!r}: ask for one of {', '.join(EXPORTS)}.",
            code="unknown_format",
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
    body = export(load_document(transcript), format_name, options)
    return answer_file(request, body, title=transcript.title, format_name=format_name)


def _count(request: HttpRequest, user: User | None) -> None:
    headers = count_request(
        user, address=request_address(request), limits=limits_for(user), now=timezone.now()
    )
    set_rate_limit_headers(request, headers)
