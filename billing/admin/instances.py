"""Private Cloud: instances are registered, changed, drained and removed here."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.operator_admin import (
    EditableAdmin,
    OperatorAction,
    Outcome,
    ReasonModelForm,
    link_to,
)
from billing import cloud
from billing.models import CloudInstance, InstanceStatus
from stt_web.core.encryption import MASK
from stt_web.core.errors import ApiError


class CloudInstanceForm(ReasonModelForm):
    token = forms.CharField(
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Write-only. Leave empty to keep the current value."),
    )

    class Meta:
        model = CloudInstance
        fields = ("account", "name", "region", "target", "is_tls", "ca_pem", "gpu")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            cloud.check_details(self.read_details())
        return cleaned

    def read_details(self) -> cloud.InstanceDetails:
        asked = self.cleaned_data
        stored = cloud.read_token(self.instance) if self.instance.token_encrypted else ""
        return cloud.InstanceDetails(
            name=asked["name"],
            region=asked["region"],
            target=asked["target"],
            is_tls=asked["is_tls"],
            ca_pem=asked["ca_pem"],
            gpu=asked["gpu"],
            token=asked["token"] or stored,
        )


def _moved(is_done: bool, sentence: str) -> Outcome:
    if not is_done:
        raise ApiError(gettext("The instance's status has changed."))
    return Outcome(sentence)


@admin.register(CloudInstance)
class CloudInstanceAdmin(EditableAdmin):
    form = CloudInstanceForm
    list_display = ("name", "owner", "region", "target", "is_tls", "token_is", "status", "gpu")
    list_filter = ("status",)
    search_fields = ("account__user__email", "name", "target")
    list_select_related = ("account__user",)
    autocomplete_fields = ("account",)
    ordering = ("-created_at",)
    fields = (
        "account",
        ("name", "region", "gpu"),
        ("target", "is_tls"),
        "ca_pem",
        ("token", "token_is"),
        "status",
        "reason",
    )
    readonly_fields = ("token_is", "status")
    unlogged_fields = ("token", "ca_pem")
    operator_actions = (
        OperatorAction(
            name="drain",
            label=_("Drain"),
            explanation=_("It finishes its current work and receives no new work."),
            run=lambda instance, asked: _moved(cloud.drain_instance(instance), gettext("Draining")),
            is_offered=lambda instance: instance.status == InstanceStatus.ACTIVE,
        ),
        OperatorAction(
            name="activate",
            label=_("Activate"),
            run=lambda instance, asked: _moved(
                cloud.activate_instance(instance), gettext("Active")
            ),
            is_offered=lambda instance: instance.status == InstanceStatus.DRAINING,
        ),
        OperatorAction(
            name="remove",
            label=_("Remove"),
            explanation=_("It is no longer used, and its token is deleted. This can't be undone."),
            run=lambda instance, asked: _moved(
                cloud.remove_instance(instance), gettext("Removed.")
            ),
            is_offered=lambda instance: instance.status != InstanceStatus.REMOVED,
        ),
    )

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "account__id__exact" or super().lookup_allowed(lookup, value, request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_removed = obj is not None and obj.status == InstanceStatus.REMOVED
        return not is_removed and super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # An instance that changes hands would take its jobs with it: register it again.
        return ("account", *self.readonly_fields) if obj is not None else self.readonly_fields

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        is_editable = obj is None or self.has_change_permission(request, obj)
        hidden = set() if is_editable else {"token", "reason", ("token", "token_is")}
        return [each for each in self.fields if each not in hidden]

    def save_edited(self, subject: Any, form: Any) -> None:
        cloud.change_instance(subject, form.read_details())

    @admin.display(description=_("Account"), ordering="account__user__email")
    def owner(self, instance: CloudInstance) -> SafeString | str:
        return link_to(instance.account, instance.account.user or "deleted user")

    @admin.display(description=_("Token now"))
    def token_is(self, instance: CloudInstance) -> str:
        return MASK if instance.token_encrypted else "none"
