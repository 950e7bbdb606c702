"""`/transcripts/`: what somebody has transcribed, to be read, downloaded and deleted."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from transcripts.access import TranscriptNotFoundError, get_transcript
from transcripts.exports.document import load_document
from transcripts.models import OPEN_STATUSES, Status, Transcript
from transcripts.pages.turns import format_clock, list_turns
from transcripts.services.cancel import delete_transcript

_PAGE_ROWS = 50
_FORMATS = ("txt", "srt", "vtt", "docx", "pdf", "csv", "json")
STATUS_NAMES = {
    Status.QUEUED: gettext_lazy("Waiting"),
    Status.PROCESSING: gettext_lazy("Recognising"),
    Status.COMPLETED: gettext_lazy("Done"),
    Status.COMPLETED_WITH_WARNINGS: gettext_lazy("Done, with remarks"),
    Status.FAILED: gettext_lazy("That did not work"),
    Status.CANCELLED: gettext_lazy("Cancelled"),
}


@never_cache
@login_required
@require_safe
def show_transcripts(request: HttpRequest) -> HttpResponse:
    """GET /transcripts/?page= — newest first. Two queries, however many there are."""
    own = Transcript.objects.filter(owner=_user(request)).order_by("-created_at", "pk")
    page = Paginator(own, _PAGE_ROWS).get_page(request.GET.get("page"))
    rows = [
        {
            "transcript": transcript,
            "status": STATUS_NAMES[Status(transcript.status)],
            "length": format_clock(transcript.heard_ms or transcript.probed_ms),
        }
        for transcript in page
    ]
    return render(request, "transcripts/library.html", {"page": page, "rows": rows})


@never_cache
@login_required
@require_safe
def show_transcript(request: HttpRequest, transcript_id: UUID) -> HttpResponse:
    """GET /transcripts/:id/"""
    transcript = _find(request, transcript_id)
    document = load_document(transcript)
    context = {
        "transcript": transcript,
        "document": document,
        "turns": list_turns(document),
        "status": STATUS_NAMES[Status(transcript.status)],
        "is_open": transcript.status in OPEN_STATUSES,
        "length": format_clock(document.duration_ms),
        "formats": _FORMATS,
    }
    return render(request, "transcripts/transcript.html", context)


@login_required
@require_POST
def delete(request: HttpRequest, transcript_id: UUID) -> HttpResponse:
    """POST /transcripts/:id/delete/"""
    delete_transcript(_find(request, transcript_id))
    messages.success(request, _("The transcript and its recording are deleted."))
    return redirect("transcripts")


def _find(request: HttpRequest, transcript_id: UUID) -> Transcript:
    try:
        return get_transcript(_user(request), transcript_id)
    except TranscriptNotFoundError:
        raise Http404 from None


def _user(request: HttpRequest) -> User:
    """Whom `login_required` let through."""
    return cast("User", request.user)
