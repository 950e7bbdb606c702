"""`X-Request-Id`: echoed or made, on every answer, and in every log line of the request."""

import logging
import re
import uuid
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

request_id_var: ContextVar[str] = ContextVar("request_id", default="")
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


def choose_request_id(sent: str) -> str:
    """Return the client's id if it is harmless in a log line and a header, else a new one."""
    return sent if _ACCEPTABLE.match(sent) else uuid.uuid4().hex


class RequestIdFilter(logging.Filter):
    """Gives every log record the `request_id` of the request or task at work."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id_var.get() or "-"
        return True


@sync_and_async_middleware
def RequestIdMiddleware(  # noqa: N802  # named in MIDDLEWARE like a class
    get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Awaitable[HttpResponseBase]]:
    async def middleware(request: HttpRequest) -> HttpResponseBase:
        request_id = choose_request_id(request.headers.get("X-Request-Id", ""))
        request_id_var.set(request_id)
        response = await get_response(request)
        response.headers["X-Request-Id"] = request_id
        return response

    return middleware
