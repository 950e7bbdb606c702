"""The operators' page of models: what is installed, what each takes, and fetching another one.

Of the shared inference service; of several replicas, the one that answers, which is all of them
where they share their folder of models.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.audit import record_action_on
from accounts.operator_admin import ReasonForm, operator_of
from transcripts.inference.errors import InferenceError
from transcripts.inference.servers import shared_server
from transcripts.inference.weights import WeightsOnDisk, list_weights, pull_weights

OBJECT_TYPE = "inference.model"
PAGE = "admin:transcripts_models"
KIND_NAMES = {
    "recogniser": _("Speech recognition"),
    "aligner": _("Word times"),
    "speaker_model": _("Speakers"),
    "diarizer": _("Speakers, by pyannote"),
    "language_model": _("Language model"),
    "embedder": _("Search and questions"),
    "translator": _("Translation"),
    "enhancer": _("Speech enhancement"),
    "voice": _("Voices"),
}


class PullForm(ReasonForm):
    model = forms.CharField(max_length=100, widget=forms.HiddenInput)


def model_urls(site: admin.AdminSite) -> list[URLPattern]:
    return [path("models/", site.admin_view(_show_models), name="transcripts_models")]


def _show_models(request: HttpRequest) -> HttpResponse:
    """GET, POST …/models/ — no query but the audit log's."""
    form = PullForm(request.POST) if request.method == "POST" else PullForm()
    if request.method == "POST" and form.is_valid():
        return _pull(request, **form.cleaned_data)
    weights, problem = _read()
    context = {
        **admin.site.each_context(request),
        "title": _("Models"),
        "weights": weights,
        "problem": problem,
        "kinds": _by_kind(weights) if weights else [],
        "form": form,
        "may_pull": operator_of(request).is_superuser,
    }
    response = TemplateResponse(request, "admin/transcripts/models.html", context)
    if weights is not None and weights.is_pulling:
        response.headers["Refresh"] = "3"  # the page follows what it shows
    return response


def _pull(request: HttpRequest, *, model: str, reason: str) -> HttpResponse:
    operator = operator_of(request)
    if not operator.is_superuser:
        raise PermissionDenied
    try:
        pull_weights(shared_server(), model)
    except InferenceError as error:
        messages.error(request, error.message)
        return redirect(reverse(PAGE))
    record_action_on(
        operator, action="pull-model", object_type=OBJECT_TYPE, object_id=model, reason=reason
    )
    messages.success(request, gettext("%(model)s is being fetched.") % {"model": model})
    return redirect(reverse(PAGE))


def _read() -> tuple[WeightsOnDisk | None, str]:
    try:
        return list_weights(shared_server()), ""
    except InferenceError as error:
        return None, error.message


def _by_kind(weights: WeightsOnDisk) -> list[tuple[Any, list[Any]]]:
    return [
        (name, models)
        for kind, name in KIND_NAMES.items()
        if (models := [model for model in weights.models if model.kind == kind])
    ]
