"""Cache headers of the APIs: nothing is cached, unless the view sets its own."""

from collections.abc import Awaitable, Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import async_only_middleware

from stt_web.core.api_paths import API_PATHS


@async_only_middleware
def NoStoreMiddleware(  # noqa: N802  # named in MIDDLEWARE like a class
    get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Awaitable[HttpResponseBase]]:
    """Forbids caches to store an account's data: a session's cookie doesn't, a key would."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        if request.path.startswith(API_PATHS):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware
