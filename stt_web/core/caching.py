"""What may be kept of an answer of the APIs: nothing, unless the view says otherwise."""

from collections.abc import Awaitable, Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import async_only_middleware

_APIS = ("/api/", "/v1/")


@async_only_middleware
def NoStoreMiddleware(  # noqa: N802  # named in MIDDLEWARE like a class
    get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Awaitable[HttpResponseBase]]:
    """Tells caches to leave an account's data alone: a session's cookie doesn't, a key would."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        if request.path.startswith(_APIS):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware
