"""`/ask/`: questions about all of the user's transcripts, or some; the API answers them."""

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from transcripts.intelligence.pages import panels
from transcripts.models import READABLE_STATUSES, Speaker, Tag, Transcript
from transcripts.pages.script_texts import COMMON, render_texts

_MOST_CHOICES = 200  # tags, and names of speakers
TEXTS: dict[str, Any] = {
    **COMMON,
    **panels.CHAT_TEXTS,
    "asking": gettext_lazy("Searching your transcripts…"),
    "not_here": gettext_lazy("Not in these transcripts"),
    "open": gettext_lazy("Open"),
    "open_at": gettext_lazy("Open {title} at {time}"),
    "untitled": gettext_lazy("Transcript"),
    "delete_named": gettext_lazy("Delete {name}"),
}


@never_cache
@login_required
@require_safe
def show_ask(request: HttpRequest) -> HttpResponse:
    """GET /ask/ — three queries; conversations come by the API."""
    own = Transcript.objects.filter(owner=cast("User", request.user), status__in=READABLE_STATUSES)
    tags = Tag.objects.filter(transcript__in=own).order_by("name")
    speakers = Speaker.objects.filter(transcript__in=own).exclude(display_name="")
    context = {
        "has_transcripts": own.exists(),
        "tags": tags.values_list("name", flat=True).distinct()[:_MOST_CHOICES],
        "speakers": speakers.order_by("display_name")
        .values_list("display_name", flat=True)
        .distinct()[:_MOST_CHOICES],
        "texts": render_texts(TEXTS),
    }
    return render(request, "pages/ask.html", context)
