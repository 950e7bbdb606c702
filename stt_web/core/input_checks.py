"""Requests with characters that no database can hold are refused here, once, for every view.

U+0000 in a path, a query, a form or a cookie (`\\000` in a quoted one) is an error of PostgreSQL
where it reaches a statement. JSON is checked where it is parsed (`stt_web.core.parsers`), the form
of an upload by the ingest; bytes that are not UTF-8 arrive as U+FFFD.
"""

from collections.abc import Awaitable, Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.decorators import async_only_middleware
from django.utils.translation import gettext_noop

from stt_web.core.error_responses import answer_request
from stt_web.core.errors import InvalidValueError

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@async_only_middleware
def RefuseUnstorableMiddleware(  # noqa: N802  # named in MIDDLEWARE like a class
    get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Awaitable[HttpResponseBase]]:
    """Answers 400 `invalid_value`."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        if _holds_nul(request):
            message = gettext_noop("This request holds a NUL character, which no text has.")
            return answer_request(request, InvalidValueError(message))
        return await get_response(request)

    return middleware


def _holds_nul(request: HttpRequest) -> bool:
    if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        return True
    if any("\x00" in value for value in request.COOKIES.values()):
        return True
    # A recording that is sent to an address where nothing is learns that, not that it isn't a text.
    if request.content_type not in _FORMS or not _has_view(request):
        return False
    # The ingest has read the body, and bounded it.
    return b"\x00" in request.body or b"%00" in request.body


def _has_view(request: HttpRequest) -> bool:
    try:
        resolve(request.path_info)
    except Resolver404:
        return False
    return True
