"""The pages as an app on a phone or a desktop: manifest, service worker, offline page, sharing.

The service worker stores the offline page with its style, and nothing else. What belongs to an
account never lies in its caches, but for a file that another app shares with us, until the page
takes it over.
"""

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.translation import gettext as _

from stt_web.core.error_responses import allow_methods
from stt_web.static import static_version

_ICONS = (("icon-192.png", "192x192", "any"), ("icon-512.png", "512x512", "any"))
_OFFLINE_FILES = ("stt_web/site.css", "stt_web/icon.svg", "stt_web/offline.js")
_MASKABLE = ("icon-maskable-512.png", "512x512", "maskable")


@allow_methods("GET", "HEAD")
async def show_manifest(request: HttpRequest) -> HttpResponse:
    """GET /manifest.webmanifest (W3C's Web Application Manifest, with the Web Share Target)."""
    return JsonResponse(
        {
            "id": "/",
            "name": "Open STT",
            "short_name": "Open STT",
            "description": _("Speech to text on your own server"),
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "background_color": "#fbfaf7",
            "theme_color": "#0f766e",
            "icons": [
                {
                    "src": static(f"stt_web/{name}"),
                    "sizes": sizes,
                    "type": "image/png",
                    "purpose": use,
                }
                for name, sizes, use in (*_ICONS, _MASKABLE)
            ],
            "shortcuts": [
                {"name": _("Live"), "url": "/live/"},
                {"name": _("Transcripts"), "url": "/transcripts/"},
            ],
            "share_target": {
                "action": "/share/",
                "method": "POST",
                "enctype": "multipart/form-data",
                "params": {"files": [{"name": "file", "accept": ["audio/*", "video/*"]}]},
            },
        },
        content_type="application/manifest+json",
    )


@allow_methods("GET", "HEAD")
async def show_service_worker(request: HttpRequest) -> HttpResponse:
    """GET /service-worker.js — another one with each change of a static file."""
    files = " ".join(static(name) for name in _OFFLINE_FILES)
    context = {"version": static_version(), "files": files}
    response = await sync_to_async(render)(
        request, "stt_web/pwa/service-worker.js", context, content_type="text/javascript"
    )
    response.headers["Cache-Control"] = "no-cache"
    return response


@allow_methods("GET", "HEAD")
async def show_offline(request: HttpRequest) -> HttpResponse:
    """GET /offline/ — the same for everyone: the service worker stores it."""
    return await sync_to_async(render)(request, "stt_web/pwa/offline.html")


@allow_methods("GET", "HEAD", "POST")
async def receive_share(request: HttpRequest) -> HttpResponse:
    """POST /share/ — only where no service worker was there yet to take the file: the person is
    asked to choose it again. Nothing is read or stored: another app's request has no CSRF token."""
    return redirect("/?shared=missed")


receive_share.csrf_exempt = True  # type: ignore[attr-defined]  # it does nothing with the request
