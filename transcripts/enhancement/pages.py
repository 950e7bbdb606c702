"""`/enhance/`: a recording is cleaned up through the public API, and compared with what it was."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from transcripts.enhancement.options import DEFAULT_LUFS, STRENGTHS
from transcripts.pages.script_texts import COMMON, render_texts

STRENGTH_NAMES = {
    "light": _("Light: background noise gets softer"),
    "standard": _("Standard: background noise almost disappears"),
    "full": _("Full: only speech remains; not for music"),
}
TARGETS = (
    (DEFAULT_LUFS, _("Podcasts and the web (−16 LUFS)")),
    (-14.0, _("Streaming services (−14 LUFS)")),
    (-23.0, _("Broadcasting (−23 LUFS)")),
)
TEXTS: dict[str, Any] = {
    **COMMON,
    "uploading": _("Uploading"),
    "saving": _("Checking the recording"),
    "queued": _("Queued"),
    "processing": _("Cleaning up"),
    "completed": _("Done"),
    "failed": _("The recording could not be cleaned up."),
    "cancelled": _("Cancelled"),
    "deleted": _("Deleted"),
    "lost": _("Connection lost. Reconnecting…"),
    "of": _("{done} of {total}"),
    "made_with": _("Cleaned up with {model}"),
    "loudness": _("{before} → {after} LUFS"),
    "silent": _("silence"),
    "warnings": {
        "enhanced_without_model": _(
            "No model for this is installed on this server, so only steady noise was removed."
        ),
        "parts_not_read": _(
            "This file contains further recordings that can't be read, so only the first was "
            "cleaned up. Upload the others as files of their own."
        ),
        "loudness_not_reached": _("This recording could not be made as loud as you chose."),
    },
}


@require_safe
def show_enhance(request: HttpRequest) -> HttpResponse:
    """GET /enhance/ — no query for guests; one for an account."""
    context = {
        "strengths": [(each, STRENGTH_NAMES[each]) for each in STRENGTHS],
        "targets": [(f"{level:g}", name) for level, name in TARGETS],
        "texts": render_texts(TEXTS),
    }
    return render(request, "enhancement/enhance.html", context)
