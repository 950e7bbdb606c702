"""Which address of the URL map a request asked for: metrics and traces must not hold paths.

`RouteMiddleware` is the outermost middleware. Requests that an ASGI layer answers never reach it;
their route is looked up by their path.
"""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.decorators import async_only_middleware

UNKNOWN_ROUTE = "unmatched"


class RouteNote:
    """Where a request's route is written: by the middleware, for the layer around it."""

    def __init__(self) -> None:
        self.route = ""


_note: ContextVar[RouteNote | None] = ContextVar("route_note", default=None)


def expect_route() -> RouteNote:
    """Return what the route of the request at hand will be written into."""
    note = RouteNote()
    _note.set(note)
    return note


def find_route(note: RouteNote, path: str) -> str:
    """Return the template of the address: `/v1/transcripts/<uuid:id>`."""
    if note.route:
        return note.route
    try:
        return _template_of(resolve(path).route)
    except Resolver404:
        return UNKNOWN_ROUTE


@async_only_middleware
def RouteMiddleware(  # noqa: N802  # named in MIDDLEWARE like a class
    get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Awaitable[HttpResponseBase]]:
    """Notes the route that Django found."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        note = _note.get()
        if note is not None and request.resolver_match is not None:
            note.route = _template_of(request.resolver_match.route)
        return response

    return middleware


def _template_of(route: str) -> str:
    return f"/{route.removeprefix('^').removesuffix('$')}"
