"""`/account/retention/`: how long recordings and transcripts are stored, as by
`/api/v1/retention/`.

A limit that would delete something at once is only set once the deletion was shown and confirmed.
"""

from typing import cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from transcripts.retention.models import RetentionPolicy
from transcripts.retention.policy import Overdue, count_overdue, read_policy, write_policy

_MOST_DAYS = 3650
_UNLIMITED, _DAYS, _AT_COMPLETION = "keep", "days", "completion"
_DAYS_AT_FIRST = {"audio": 30, "transcript": 365, "embedding": 30}


class RetentionForm(forms.Form):
    """`audio` and `transcript` are the kind, `…_days` the number where it takes one."""

    audio = forms.ChoiceField(
        choices=[
            (_UNLIMITED, gettext_lazy("Keep until I delete them")),
            (_AT_COMPLETION, gettext_lazy("Delete as soon as the transcript is ready")),
            (_DAYS, gettext_lazy("Delete after")),
        ],
    )
    audio_days = forms.IntegerField(required=False, min_value=1, max_value=_MOST_DAYS)
    transcript = forms.ChoiceField(
        choices=[
            (_UNLIMITED, gettext_lazy("Keep until I delete them")),
            (_DAYS, gettext_lazy("Delete after")),
        ],
    )
    transcript_days = forms.IntegerField(required=False, min_value=1, max_value=_MOST_DAYS)
    embedding = forms.ChoiceField(
        required=False,
        choices=[
            (
                _UNLIMITED,
                gettext_lazy("As set by this server, and never longer than the recording"),
            ),
            (_AT_COMPLETION, gettext_lazy("Delete as soon as the transcript is ready")),
            (_DAYS, gettext_lazy("Delete after")),
        ],
    )
    embedding_days = forms.IntegerField(required=False, min_value=1, max_value=_MOST_DAYS)

    @classmethod
    def of(cls, policy: RetentionPolicy) -> "RetentionForm":
        limits = {
            "audio": policy.audio_days,
            "transcript": policy.transcript_days,
            "embedding": policy.embedding_days,
        }
        initial: dict[str, object] = {}
        for name, days in limits.items():
            initial[name] = {None: _UNLIMITED, 0: _AT_COMPLETION}.get(days, _DAYS)
            initial[f"{name}_days"] = days or _DAYS_AT_FIRST[name]
        return cls(initial=initial)

    def clean(self) -> None:
        for name in _DAYS_AT_FIRST:
            days = f"{name}_days"
            is_wanted = self.cleaned_data.get(name) == _DAYS
            if is_wanted and self.cleaned_data.get(days) is None and days not in self.errors:
                self.add_error(days, _("Enter a number of days."))
            elif not is_wanted:
                self.errors.pop(days, None)

    def limit_of(self, name: str) -> int | None:
        how = self.cleaned_data[name]
        if how in (_UNLIMITED, ""):
            return None
        return 0 if how == _AT_COMPLETION else int(self.cleaned_data[f"{name}_days"])


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show_retention(request: HttpRequest) -> HttpResponse:
    """GET, POST /account/retention/ — `confirmed` lets a POST delete what is past its time."""
    user = cast("User", request.user)
    if request.method != "POST":
        return _render(request, RetentionForm.of(read_policy(user)))
    form = RetentionForm(request.POST)
    if not form.is_valid():
        return _render(request, form)
    wanted = RetentionPolicy(
        owner=user,
        audio_days=form.limit_of("audio"),
        transcript_days=form.limit_of("transcript"),
        embedding_days=form.limit_of("embedding"),
    )
    overdue = count_overdue(wanted)
    if (overdue.transcripts or overdue.recordings) and "confirmed" not in request.POST:
        return _render(request, form, overdue=overdue)
    write_policy(
        user,
        audio_days=wanted.audio_days,
        transcript_days=wanted.transcript_days,
        embedding_days=wanted.embedding_days,
    )
    messages.success(request, _("Saved."))
    return redirect("account_retention")


def _render(
    request: HttpRequest, form: RetentionForm, *, overdue: Overdue | None = None
) -> HttpResponse:
    parts = [
        {
            "choice": form[name],
            "chosen": form[name].value(),
            "days": form[f"{name}_days"],
            "title": title,
            "hint": hint,
        }
        for name, title, hint in (
            (
                "audio",
                _("Recordings"),
                _(
                    "Without its recording, a transcript can be read, corrected, and downloaded, "
                    "but not played."
                ),
            ),
            (
                "transcript",
                _("Transcripts"),
                _("Deleting a transcript also deletes its recording, versions, and shared links."),
            ),
            (
                "embedding",
                _("Voice data"),
                _(
                    "Numbers that describe the voices in one recording, so that its speakers can "
                    "be detected again. They are never compared with other recordings."
                ),
            ),
        )
    ]
    context = {"form": form, "parts": parts, "overdue": overdue, "most_days": _MOST_DAYS}
    return render(request, "retention/retention.html", {**context, "tab": "retention"})
