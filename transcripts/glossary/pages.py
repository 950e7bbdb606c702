"""`/account/glossary/`: the terms of an account, one added or removed at a time."""

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
from stt_web.core.errors import ApiError
from transcripts.glossary.terms import MOST_TAG, SpokenTerm, list_terms, write_terms
from transcripts.option_kinds import MAX_WORD_CHARACTERS


class TermForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Term"),
        max_length=MAX_WORD_CHARACTERS,
        help_text=gettext_lazy("A name or a word, as it is spelled."),
    )
    misheard = forms.CharField(
        label=gettext_lazy("Often written as (optional)"),
        max_length=1000,
        required=False,
        help_text=gettext_lazy("Wrong spellings to find in transcripts, separated by commas."),
    )
    tag = forms.CharField(
        label=gettext_lazy("Tag (optional)"),
        max_length=MOST_TAG,
        required=False,
        help_text=gettext_lazy("Only for recordings with this tag. Empty: for all."),
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show_glossary(request: HttpRequest) -> HttpResponse:
    """GET, POST /account/glossary/ — a POST adds a term, or with `remove` and its tag takes one
    away."""
    user = cast("User", request.user)
    if "remove" in request.POST:
        _remove(user, text=request.POST["remove"], tag=request.POST.get("tag", ""))
        messages.success(request, _("Term removed."))
        return redirect("account_glossary")
    form = TermForm(request.POST) if request.method == "POST" else TermForm()
    if form.is_valid():
        try:
            write_terms(user, [*list_terms(user), _read_term(form)])
        except ApiError as refusal:
            form.add_error(None, refusal.sentence)
        else:
            messages.success(request, _("Term added."))
            return redirect("account_glossary")
    context = {"form": form, "terms": list_terms(user), "tab": "glossary"}
    return render(request, "glossary/glossary.html", context)


def _read_term(form: TermForm) -> SpokenTerm:
    listed = form.cleaned_data["misheard"].split(",")
    misheard = tuple(dict.fromkeys(each.strip() for each in listed if each.strip()))
    return SpokenTerm(
        text=form.cleaned_data["text"], misheard=misheard, tag=form.cleaned_data["tag"]
    )


def _remove(user: User, *, text: str, tag: str) -> None:
    others = [term for term in list_terms(user) if (term.text, term.tag) != (text, tag)]
    write_terms(user, others)
