"""Static files, out of the applications' folders or from `collectstatic`'s folder where it exists.

Each address has the version of all files in it (`/static/v-1a2b3c…/stt_web/site.css`), so that a
browser keeps a file for a year and asks for nothing that it has. The version stands in front of the
path and not in the name: scripts import each other by relative paths, which stay as they are, and
no build step rewrites them. Without a version, or with another one (a page of the release before),
the file is the same and is kept for a minute.

WhiteNoise serves, as a view and not as the middleware that it is: that one is synchronous, and
one synchronous middleware makes Django hold a thread for as long as a request waits.
"""

import hashlib
from functools import lru_cache
from typing import Any

import brotli
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedStaticFilesStorage

from stt_web.core.asgi.compression import MIN_BYTES, choose_coding, is_text
from stt_web.core.error_responses import allow_methods

_IMMUTABLE = "max-age=31536000, public, immutable"
_BROTLI_QUALITY = 9  # once a file and process; 11 is 3 % smaller and 10 × as slow


class VersionedStorage(CompressedStaticFilesStorage):  # type: ignore[misc]  # no stubs
    """What `{% static %}` asks for the address of a file."""

    def url(self, name: str | None) -> str:
        return f"{settings.STATIC_URL}v-{static_version()}/{name}"


@lru_cache(maxsize=1)
def static_version() -> str:
    """Return the digest of all static files' names and contents: 40 ms, once a process.

    Contents, not times: each host of a deployment must come to the same. While pages are built
    (`STT_DEBUG`) nothing is kept, so it doesn't matter there.
    """
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in sorted(finder.list([]), key=lambda found: found[0]):
            digest.update(path.encode())
            with storage.open(path) as file:
                digest.update(file.read())
    return digest.hexdigest()[:12]


@allow_methods("GET", "HEAD")
async def serve_static(request: HttpRequest, path: str) -> HttpResponseBase:
    """GET /static/… — raises Http404."""
    return await sync_to_async(_serve)(request, path)


def _serve(request: HttpRequest, path: str) -> HttpResponse:
    """Read the file whole (the largest has 0.3 MB): Django streams no synchronous iterator."""
    version, _, rest = path.partition("/")
    name = rest if version.startswith("v-") else path
    file = find_static_file(name)
    if file is None:
        raise Http404
    found = file.get_response(request.method, request.META)
    response = HttpResponse(
        found.file.read() if found.file is not None else b"",
        status=found.status,
        headers=dict(found.headers),
    )
    if found.file is not None:
        found.file.close()
    if version == f"v-{static_version()}" and not settings.DEBUG:
        response.headers["Cache-Control"] = _IMMUTABLE
    return _compressed(request, response, name)


def find_static_file(name: str) -> Any:
    """Return WhiteNoise's StaticFile of that name, or None."""
    files, url = _files(), f"{settings.STATIC_URL}{name}"
    return files.find_file(url) if files.autorefresh else files.files.get(url)


@lru_cache(maxsize=1)
def _files() -> WhiteNoiseMiddleware:
    """Look the files up once, at the first request: 30 ms."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns where it is missing
    return WhiteNoiseMiddleware(_answer_missing)


def _answer_missing(request: HttpRequest) -> HttpResponse:
    raise Http404


def _compressed(request: HttpRequest, response: HttpResponse, name: str) -> HttpResponse:
    """Hand out what Brotli made before; gzip is for the layer in front (`asgi/compression`)."""
    is_whole_text = (
        response.status_code == 200
        and len(response.content) >= MIN_BYTES
        and "Content-Encoding" not in response.headers
        and is_text(response.headers.get("Content-Type", ""))
    )
    if not is_whole_text or choose_coding(request.headers.get("Accept-Encoding", "")) != "br":
        return response
    response.content = _brotli_of(name, response.content)
    response.headers["Content-Encoding"] = "br"
    response.headers["Content-Length"] = str(len(response.content))
    response.headers["Vary"] = "Accept-Encoding"
    return response


@lru_cache(maxsize=256)
def _brotli_of(name: str, content: bytes) -> bytes:
    done: bytes = brotli.compress(content, mode=brotli.MODE_TEXT, quality=_BROTLI_QUALITY)
    return done
