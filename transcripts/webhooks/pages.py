"""`/webhooks/`: the pages where people tend their endpoints. They translate and call services."""

from typing import cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from stt_web.core.errors import ApiError
from transcripts.access import (
    DeliveryNotFoundError,
    EndpointNotFoundError,
    get_delivery,
    get_endpoint,
)
from transcripts.webhooks import endpoints as services
from transcripts.webhooks.addresses import MAX_URL_CHARACTERS
from transcripts.webhooks.events import EVENTS
from transcripts.webhooks.models import WebhookDelivery, WebhookEndpoint

_DELIVERIES_A_PAGE = 20

EVENT_LABELS = {
    "transcript.completed": gettext_lazy("A transcript is ready"),
    "transcript.failed": gettext_lazy("A transcript failed"),
    "transcript.cancelled": gettext_lazy("A transcription was cancelled"),
    "transcript.deleted": gettext_lazy("A transcript was deleted"),
    "transcript.processed": gettext_lazy("Automatic summary and notes are ready, or failed"),
    "text_job.completed": gettext_lazy("Background work on a text is done"),
    "text_job.failed": gettext_lazy("Background work on a text failed"),
    "enhancement.completed": gettext_lazy("A recording is cleaned up"),
    "enhancement.failed": gettext_lazy("Cleaning up a recording failed"),
    "voice_job.completed": gettext_lazy("Speech is made"),
    "voice_job.failed": gettext_lazy("Making speech failed"),
    "endpoint.test": gettext_lazy("Test"),
}
STATUS_LABELS = {
    "pending": gettext_lazy("pending"),
    "succeeded": gettext_lazy("delivered"),
    "failed": gettext_lazy("failed"),
}
REASON_LABELS = {
    "owner": gettext_lazy("You disabled this endpoint."),
    "gone": gettext_lazy("Disabled: it answered 410 Gone."),
    "failing": gettext_lazy("Disabled: it failed for several days."),
}
ERROR_LABELS = {
    "invalid_url": gettext_lazy("The address can't be used."),
    "host_unusable": gettext_lazy(
        "The host was not found, or resolves to an address that webhooks may not call."
    ),
    "connect_failed": gettext_lazy("No connection."),
    "tls_failed": gettext_lazy("The certificate is not trusted, or TLS failed."),
    "timed_out": gettext_lazy("Timed out."),
    "broken_off": gettext_lazy("The connection was interrupted."),
    "redirected": gettext_lazy("It redirects, and redirects are not followed."),
    "gone": gettext_lazy("Gone (410)."),
    "bad_status": gettext_lazy("It answered with an error."),
    "failed": gettext_lazy("It could not be sent."),
}


class EndpointForm(forms.Form):
    """`cleaned_data` fits `create_endpoint` and `update_endpoint`."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=MAX_URL_CHARACTERS,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    description = forms.CharField(label=gettext_lazy("Description"), max_length=200, required=False)
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Events"),
        choices=[(event, EVENT_LABELS[event]) for event in EVENTS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("All events if none selected."),
    )

    @classmethod
    def of(cls, endpoint: WebhookEndpoint) -> "EndpointForm":
        return cls(
            initial={
                "url": endpoint.url,
                "description": endpoint.description,
                "events": endpoint.events,
            }
        )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("secret")
def show_webhooks(request: HttpRequest) -> HttpResponse:
    """GET, POST /webhooks/ — the answer to a POST shows the new secret, this once."""
    form, secret = EndpointForm(), ""
    if request.method == "POST":
        form = EndpointForm(request.POST)
        if form.is_valid():
            try:
                _endpoint, secret = services.create_endpoint(_user(request), **form.cleaned_data)
                form = EndpointForm()
            except ApiError as error:
                form.add_error(None, error.sentence)
    rows = WebhookEndpoint.objects.filter(owner=_user(request), transcript=None).order_by(
        "-created_at", "pk"
    )
    context = {
        "form": form,
        "secret": secret,
        "endpoints": [_describe(row) for row in rows],
        "tab": "webhooks",
    }
    return render(request, "webhooks/webhooks.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show_webhook(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """GET, POST /webhooks/:id/"""
    endpoint = _find(request, endpoint_id)
    form = EndpointForm(request.POST) if request.method == "POST" else EndpointForm.of(endpoint)
    if form.is_valid():
        try:
            services.update_endpoint(endpoint, **form.cleaned_data)
        except ApiError as error:
            form.add_error(None, error.sentence)
        else:
            messages.success(request, _("Saved."))
            return redirect("webhook", endpoint_id)
    return _render_webhook(request, endpoint, form=form)


@never_cache
@login_required
@require_POST
@sensitive_variables("secret")
def rotate(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """POST /webhooks/:id/rotate/ — the answer shows the new secret, this once."""
    endpoint = _find(request, endpoint_id)
    secret = services.rotate_secret(endpoint)
    return _render_webhook(request, endpoint, form=EndpointForm.of(endpoint), secret=secret)


@login_required
@require_POST
def switch(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """POST /webhooks/:id/switch/ with `is_enabled` = true or false"""
    is_enabled = request.POST.get("is_enabled") == "true"
    services.update_endpoint(_find(request, endpoint_id), is_enabled=is_enabled)
    messages.success(request, _("Endpoint enabled.") if is_enabled else _("Endpoint disabled."))
    return redirect("webhook", endpoint_id)


@login_required
@require_POST
def test(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """POST /webhooks/:id/test/"""
    try:
        services.send_test(_find(request, endpoint_id))
    except services.EndpointDisabledError:
        messages.error(request, _("The endpoint is disabled. Enable it first."))
    else:
        messages.success(request, _("Test event sent. Reload to see the result."))
    return redirect("webhook", endpoint_id)


@login_required
@require_POST
def delete(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """POST /webhooks/:id/delete/"""
    services.delete_endpoint(_find(request, endpoint_id))
    messages.success(request, _("Endpoint deleted."))
    return redirect("webhooks")


@login_required
@require_POST
def replay(request: HttpRequest, endpoint_id: UUID, delivery_id: UUID) -> HttpResponse:
    """POST /webhooks/:id/deliveries/:id/replay/"""
    try:
        services.replay(get_delivery(_user(request), endpoint_id, delivery_id))
    except DeliveryNotFoundError:
        raise Http404 from None
    except services.EndpointDisabledError:
        messages.error(request, _("The endpoint is disabled. Enable it first."))
    else:
        messages.success(request, _("Resending it."))
    return redirect("webhook", endpoint_id)


def _render_webhook(
    request: HttpRequest, endpoint: WebhookEndpoint, *, form: EndpointForm, secret: str = ""
) -> HttpResponse:
    rows = WebhookDelivery.objects.filter(endpoint=endpoint).order_by("-created_at", "pk")
    pages = Paginator(rows.prefetch_related("attempts"), _DELIVERIES_A_PAGE)
    page = pages.get_page(request.GET.get("page"))
    context = {
        "endpoint": endpoint,
        "reason": REASON_LABELS.get(endpoint.disabled_reason, ""),
        "form": form,
        "secret": secret,
        "page": page,
        "deliveries": [_describe_delivery(row) for row in page],
        "tab": "webhooks",
        "overlap_hours": int(services.ROTATION_OVERLAP.total_seconds() // 3600),
    }
    return render(request, "webhooks/webhook.html", context)


def _describe(endpoint: WebhookEndpoint) -> dict[str, object]:
    return {
        "row": endpoint,
        "events": [EVENT_LABELS[event] for event in endpoint.events if event in EVENT_LABELS],
    }


def _describe_delivery(delivery: WebhookDelivery) -> dict[str, object]:
    last = next(reversed(delivery.attempts.all()), None)  # prefetched, oldest first
    return {
        "row": delivery,
        "event": EVENT_LABELS.get(delivery.event, delivery.event),
        "status": STATUS_LABELS[delivery.status],
        "last": last,
        "error": ERROR_LABELS.get(last.error, last.error) if last is not None else "",
    }


def _find(request: HttpRequest, endpoint_id: UUID) -> WebhookEndpoint:
    try:
        return get_endpoint(_user(request), endpoint_id)
    except EndpointNotFoundError:
        raise Http404 from None


def _user(request: HttpRequest) -> User:
    """Whom `login_required` let through."""
    return cast("User", request.user)
