"""`/transcripts/:id/share/`: the links by which others may read a transcript."""

from datetime import timedelta
from typing import cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from stt_web.core.errors import ApiError
from stt_web.core.public_address import absolute_url
from transcripts.access import TranscriptNotFoundError, get_transcript
from transcripts.models import Transcript
from transcripts.sharing.links import (
    MAX_PASSWORD_CHARACTERS,
    MIN_PASSWORD_CHARACTERS,
    ShareNotFoundError,
    create_share,
    list_shares,
    revoke_share,
)


class ShareForm(forms.Form):
    days = forms.ChoiceField(
        label=gettext_lazy("Expires after"),
        choices=[
            ("7", gettext_lazy("a week")),
            ("1", gettext_lazy("a day")),
            ("30", gettext_lazy("a month")),
            ("", gettext_lazy("Never")),
        ],
        required=False,
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        help_text=gettext_lazy("Optional. Send it separately from the link."),
        required=False,
        strip=False,
        min_length=MIN_PASSWORD_CHARACTERS,
        max_length=MAX_PASSWORD_CHARACTERS,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("token", "address")
def show_shares(request: HttpRequest, transcript_id: UUID) -> HttpResponse:
    """GET, POST /transcripts/:id/share/ — the answer to a POST shows the new link, this once."""
    transcript = _find(request, transcript_id)
    form, address = ShareForm(), ""
    if request.method == "POST":
        form = ShareForm(request.POST)
        if form.is_valid():
            try:
                address = _share(request, transcript, form)
                form = ShareForm()
            except ApiError as error:
                form.add_error(None, error.sentence)
    context = {
        "transcript": transcript,
        "form": form,
        "address": address,
        "links": list_shares(transcript),
        "now": timezone.now(),
    }
    return render(request, "sharing/share.html", context)


@login_required
@require_POST
def revoke(request: HttpRequest, transcript_id: UUID, share_id: UUID) -> HttpResponse:
    """POST /transcripts/:id/share/:id/revoke/"""
    try:
        revoke_share(_find(request, transcript_id), share_id)
    except ShareNotFoundError:
        raise Http404 from None
    messages.success(request, _("Link revoked."))
    return redirect("transcript_shares", transcript_id)


@sensitive_variables("token")
def _share(request: HttpRequest, transcript: Transcript, form: ShareForm) -> str:
    """Make the link that was asked for; return its address."""
    days = form.cleaned_data["days"]
    _link, token = create_share(
        transcript,
        expires_at=timezone.now() + timedelta(days=int(days)) if days else None,
        password=form.cleaned_data["password"],
    )
    return absolute_url(request, reverse("shared", args=[token]))


def _find(request: HttpRequest, transcript_id: UUID) -> Transcript:
    try:
        return get_transcript(cast("User", request.user), transcript_id)
    except TranscriptNotFoundError:
        raise Http404 from None
