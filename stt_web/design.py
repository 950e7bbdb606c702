"""`/design/`: every part that pages are put together from, in each of its states.

For those who build pages: operators, and everyone where STT_DEBUG is on. `tests/browser/
screenshots.py` photographs it, so that a change of the style sheet is seen.
"""

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.admin_site import is_operator
from stt_web.core.error_responses import allow_methods

_COLOURS = (
    *("paper", "sunken", "card", "ink", "muted", "line", "edge", "accent", "accent-strong"),
    *("accent-paper", "good", "good-paper", "warn", "warn-paper", "bad", "bad-paper", "lit"),
    "marked",
)
_VOICES = range(1, 9)
_SPACES = range(1, 9)


@allow_methods("GET", "HEAD")
async def show_design(request: HttpRequest) -> HttpResponse:
    """GET /design/ — raises Http404 for everyone else."""
    if not settings.DEBUG and not is_operator(await request.auser()):
        raise Http404
    context = {"colours": _COLOURS, "voices": _VOICES, "spaces": _SPACES}
    return await sync_to_async(render)(request, "stt_web/design.html", context)
