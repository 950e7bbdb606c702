"""The front page: what this server is, and a recording tried on it, through the public API."""

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.models import User
from billing.quotas import limits_for
from transcripts.exports.render import EXPORTS
from transcripts.intelligence.pages.panels import name_templates
from transcripts.models import Transcript
from transcripts.pages.front import describe_front
from transcripts.pages.remarks import SENTENCES
from transcripts.pages.script_texts import COMMON, EXPORT, FILES, render_texts
from transcripts.text.languages import LANGUAGE_NAMES

TEXTS: dict[str, Any] = {
    **COMMON,
    **EXPORT,
    **FILES,
    "uploading": _("Uploading"),
    "queued": _("Queued"),
    "queue_position": _("position {position} in the queue"),
    "processing": _("Transcribing"),
    "of": _("{done} of {total}"),
    "saving": _("Checking the recording"),
    "completed": _("Done"),
    "completed_with_warnings": _("Completed with warnings"),
    "failed": _("Failed"),
    "cancelled": _("Cancelled"),
    "lost": _("Connection lost. Reconnecting…"),
    "no_speech": _("No speech was found in this recording."),
    "transcribed_with": _("Transcribed with {model}"),
    "warnings": SENTENCES,
    "sign_up": _("Sign up"),
    "anonymous_limit": _(
        "You've used today's free transcriptions. Sign up to continue (free), or come back "
        "tomorrow."
    ),
    "address_missing": _("Enter the link of the recording."),
    "show_transcript": _("Show transcript"),
}


@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    """GET / — one query for guests; two or three for an account."""
    user = request.user
    context = {
        "templates": name_templates(user) if isinstance(user, User) else [],
        "limits": None if isinstance(user, User) else limits_for(None),
        "formats": list(EXPORTS),
        "languages": list_languages(),
        "texts": render_texts(TEXTS),
        **({} if isinstance(user, User) else describe_front()),
    }
    return render(request, "pages/home.html", context)


@login_required
@require_safe
def show_start(request: HttpRequest) -> HttpResponse:
    """GET /start/ — where a log-in leads: to what there is, or to the first upload. One query."""
    has_any = Transcript.objects.filter(owner=cast("User", request.user)).exists()
    return redirect("transcripts" if has_any else "home")


def list_languages() -> list[tuple[str, str]]:
    """Return the name and the code of each language, by name; a script translates the names."""
    return sorted((name.capitalize(), code) for code, name in LANGUAGE_NAMES.items())
