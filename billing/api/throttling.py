"""The plan's requests a minute, for all views; and the headers that report it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import async_only_middleware
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.permissions import principal_of
from billing.admission import admit

if TYPE_CHECKING:  # DRF's views read the settings, which name this module
    from rest_framework.views import APIView

# Where the headers wait on Django's request until there is a response to put them on.
_ATTRIBUTE = "rate_limit_headers"
_COUNTED = '"default"'


def set_rate_limit_headers(request: HttpRequest, headers: Mapping[str, str]) -> None:
    """Have the answer to `request` carry these, if it doesn't set them itself."""
    setattr(request, _ATTRIBUTE, headers)


class PlanThrottle(BaseThrottle):
    """Counts each request of a user, or of a guest's address. Raises RateLimitError itself."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        set_rate_limit_headers(request._request, admit(principal_of(request)).rate_limit_headers)
        return True


@async_only_middleware
def RateLimitHeadersMiddleware(  # noqa: N802  # named in MIDDLEWARE like a class
    get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Awaitable[HttpResponseBase]]:
    """Puts the headers on the answer, on every answer that doesn't set its own.

    `RateLimit` is a list: where the answer reports another limit, the count of requests follows.
    """

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        for name, value in getattr(request, _ATTRIBUTE, {}).items():
            own = response.headers.get(name)
            if own is None:
                response.headers[name] = value
            elif name == "RateLimit" and _COUNTED not in own:
                response.headers[name] = f"{own}, {value}"
        return response

    return middleware
