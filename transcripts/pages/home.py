"""The front page: what this server is, and a recording tried on it, through the public API."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from transcripts.pages.remarks import SENTENCES
from transcripts.text.languages import LANGUAGE_NAMES

# What the script on the page says; translated here, handed over as JSON.
TEXTS = {
    "uploading": _("Uploading"),
    "queued": _("Waiting"),
    "place": _("place {position} in the queue"),
    "processing": _("Recognising"),
    "of": _("{done} of {total}"),
    "saving": _("Checking the recording"),
    "completed": _("Done"),
    "completed_with_warnings": _("Done, with remarks"),
    "failed": _("That did not work"),
    "cancelled": _("Cancelled"),
    "lost": _("The connection was lost. Trying again…"),
    "no_connection": _("The server can't be reached. Check that it is running and try again."),
    "logged_out": _("You are not logged in any more. Reload the page."),
    "no_speech": _("No speech was found in this recording."),
    "heard_by": _("Heard by {model}"),
}


@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    """GET / — no query for visitors; one or two for whoever is logged in."""
    texts = {
        **{name: str(text) for name, text in TEXTS.items()},
        "remarks": {code: str(sentence) for code, sentence in SENTENCES.items()},
    }
    context = {"languages": list_languages(), "texts": texts}
    return render(request, "transcripts/home.html", context)


def list_languages() -> list[tuple[str, str]]:
    """Return the name and the code of each language, by name; a script translates the names."""
    return sorted((name.capitalize(), code) for code, name in LANGUAGE_NAMES.items())
