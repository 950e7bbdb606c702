"""Static files, out of the applications' folders or `collectstatic`'s, whichever is there.

WhiteNoise serves them, as a view and not as the middleware that it is: that one is synchronous, and
one synchronous middleware makes Django hold a thread for as long as a request waits.
"""

from functools import lru_cache

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware


def serve_static(request: HttpRequest, path: str) -> HttpResponseBase:
    """GET /static/… — raises Http404."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    response: HttpResponseBase = _files()(request)
    return response


@lru_cache(maxsize=1)
def _files() -> WhiteNoiseMiddleware:
    """Look the files up once, at the first request: 30 ms."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns where it is missing
    return WhiteNoiseMiddleware(_answer_missing)


def _answer_missing(request: HttpRequest) -> HttpResponse:
    raise Http404
