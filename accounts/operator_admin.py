"""What the admin's classes of all applications share.

Operators read; what they change goes through a service and into the audit log, with a reason, in
one transaction. Django's own history is not written beside it. An action has a page of its own,
that asks for the reason and other fields; its button stands on the object's page.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.audit import record_action
from accounts.models import User
from stt_web.core.errors import ApiError

MAX_REASON = 500


class ReasonForm(forms.Form):
    """What every action asks for."""

    reason = forms.CharField(
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
        help_text=_("Recorded in the audit log: a ticket, who asked, and why."),
    )


@dataclass(frozen=True)
class Outcome:
    """What came of an action: a sentence, what the log notes, and perhaps a page to show."""

    message: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    show: Callable[[HttpRequest], HttpResponse] | None = None


@dataclass(frozen=True, kw_only=True)
class OperatorAction:
    """`run` gets the object and the form's data, and raises ApiError where it refuses."""

    name: str  # in the address and the audit log
    label: str | Promise
    run: Callable[[Any, dict[str, Any]], Outcome]
    form: type[ReasonForm] = ReasonForm
    is_offered: Callable[[Any], bool] = lambda subject: True
    explanation: str | Promise = ""
    is_for_superusers: bool = False


class OperatorAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # no brackets at run time
    """Reading, and actions. Rows are editable only in subclasses of `EditableAdmin`."""

    operator_actions: tuple[OperatorAction, ...] = ()
    change_form_template = "admin/operator_change_form.html"
    actions = None
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def may_act(self, request: HttpRequest, action: OperatorAction) -> bool:
        user = operator_of(request)
        needed = f"{self.opts.app_label}.change_{self.opts.model_name}"
        return user.is_superuser or (not action.is_for_superusers and user.has_perm(needed))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.act)
        name = f"{self.opts.app_label}_{self.opts.model_name}_act"
        own = path("<path:object_id>/do/<slug:action_name>/", view, name=name)
        return [own, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **options: Any
    ) -> HttpResponse:
        subject = context.get("original")
        context["operator_actions"] = [
            action for action in self.operator_actions if self._is_offered(request, action, subject)
        ]
        return super().render_change_form(request, context, *args, **options)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Show what the audit log has of the object."""
        return HttpResponseRedirect(audit_log_of(self.opts.label_lower, object_id))

    def act(self, request: HttpRequest, object_id: str, action_name: str) -> HttpResponse:
        """Ask for what the action needs, and do it."""
        action = next((each for each in self.operator_actions if each.name == action_name), None)
        subject = self.get_object(request, object_id)
        if action is None or subject is None:
            raise Http404
        if not self.has_view_permission(request, subject) or not self.may_act(request, action):
            raise PermissionDenied
        form = action.form(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                return self._do(request, action, subject, form.cleaned_data)
            except ApiError as refusal:
                form.add_error(None, refusal.message)
        context = {
            **self.admin_site.each_context(request),
            "title": action.label,
            "opts": self.opts,
            "original": subject,
            "action": action,
            "form": form,
        }
        return TemplateResponse(request, "admin/operator_action.html", context)

    def _do(
        self, request: HttpRequest, action: OperatorAction, subject: models.Model, asked: Any
    ) -> HttpResponse:
        if not action.is_offered(subject):
            raise ApiError(gettext("This can no longer be done: the object has changed."))
        with transaction.atomic():
            outcome = action.run(subject, asked)
            record_action(
                operator_of(request),
                action=action.name,
                subject=subject,
                reason=asked["reason"],
                **outcome.details,
            )
        if outcome.show is not None:
            return outcome.show(request)
        messages.success(request, outcome.message)
        return HttpResponseRedirect(page_of(subject))

    def _is_offered(self, request: HttpRequest, action: OperatorAction, subject: Any) -> bool:
        return subject is not None and self.may_act(request, action) and action.is_offered(subject)

    # Django's own history would be a second log, without reasons, that can be deleted.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        pass

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        pass

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:  # type: ignore[override]
        pass


class ReasonModelForm(forms.ModelForm):  # type: ignore[type-arg]  # no brackets at run time
    """The form of a row that may be edited: it also asks why."""

    reason = forms.CharField(
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
        help_text=_("Reason, recorded in the audit log."),
    )


class EditableAdmin(OperatorAdmin):
    """Rows that operators add and change, each time with a reason."""

    form = ReasonModelForm
    unlogged_fields: tuple[str, ...] = ()  # of which the log notes that they changed, not to what

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Inside the admin's transaction."""
        changed = {
            name: "changed" if name in self.unlogged_fields else str(form.cleaned_data[name])
            for name in form.changed_data
            if name != "reason"
        }
        self.save_edited(obj, form)
        record_action(
            operator_of(request),
            action="change" if change else "add",
            subject=obj,
            reason=form.cleaned_data["reason"],
            **changed,
        )

    def save_edited(self, subject: Any, form: Any) -> None:
        subject.save()


def operator_of(request: HttpRequest) -> User:
    """Return the logged-in user; the site refuses all others."""
    return cast("User", request.user)


def page_of(subject: models.Model) -> str:
    name = f"admin:{subject._meta.app_label}_{subject._meta.model_name}_change"
    return reverse(name, args=[subject.pk])


def link_to(subject: models.Model | None, text: object = None) -> SafeString | str:
    """Return a link to the object's page in the admin."""
    if subject is None:
        return "–"
    return format_html('<a href="{}">{}</a>', page_of(subject), text or subject)


def link_to_list(model_label: str, text: str | Promise, **filters: uuid.UUID) -> SafeString:
    """Return a link to a list: `link_to_list("billing_hold", _("Holds"), account=…)`."""
    address = reverse(f"admin:{model_label}_changelist")
    return format_html(
        '<a href="{}?{}">{}</a>',
        address,
        urlencode({name: str(value) for name, value in filters.items()}),
        text,
    )


def audit_log_of(object_type: str, object_id: object) -> str:
    query = urlencode({"object_type": object_type, "object_id": str(object_id)})
    return f"{reverse('admin:accounts_auditentry_changelist')}?{query}"
