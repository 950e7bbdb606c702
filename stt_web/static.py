"""Static files, out of the applications' folders or from `collectstatic`'s folder where it exists.

WhiteNoise serves them, as a view and not as the middleware that it is: that one is synchronous, and
one synchronous middleware makes Django hold a thread for as long as a request waits.
"""

from functools import lru_cache

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware

from stt_web.core.error_responses import allow_methods


@allow_methods("GET", "HEAD")
async def serve_static(request: HttpRequest, path: str) -> HttpResponseBase:
    """GET /static/… — raises Http404."""
    return await sync_to_async(_serve)(request)


def _serve(request: HttpRequest) -> HttpResponse:
    """Read the file whole (the largest has 1.5 MB): Django streams no synchronous iterator."""
    found = _files()(request)
    body = b"".join(found) if request.method == "GET" else b""
    return HttpResponse(body, status=found.status_code, headers=found.headers)


@lru_cache(maxsize=1)
def _files() -> WhiteNoiseMiddleware:
    """Look the files up once, at the first request: 30 ms."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns where it is missing
    return WhiteNoiseMiddleware(_answer_missing)


def _answer_missing(request: HttpRequest) -> HttpResponse:
    raise Http404
