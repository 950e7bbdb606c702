"""The operators' pages of this application: accounts and their ledger, plans, Private Cloud.

The ledger and what explains it can be read by operators, and changed by nobody.
"""

import uuid
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts.operator_admin import (
    EditableAdmin,
    OperatorAction,
    OperatorAdmin,
    Outcome,
    ReasonForm,
    ReasonModelForm,
    link_to,
    link_to_list,
)
from billing import cloud
from billing.ledger import grant_credits, read_balance
from billing.models import (
    Allowance,
    AnonymousUse,
    BillingAccount,
    CloudInstance,
    Hold,
    InstanceStatus,
    LedgerEntry,
    Plan,
)
from billing.plans import change_plan
from billing.usage import count_minutes_used, read_daily_usage
from stt_web.encryption import MASK
from stt_web.errors import ApiError

_MAX_GRANT = 1_000_000
_RECENT = 20


class GrantForm(ReasonForm):
    credits = forms.IntegerField(min_value=1, max_value=_MAX_GRANT)
    # Sent twice by a double click, it is granted once.
    reference = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class PlanForm(ReasonForm):
    plan = forms.ModelChoiceField(Plan.objects.order_by("name"))


def _grant(account: BillingAccount, asked: dict[str, Any]) -> Outcome:
    is_new = grant_credits(
        account,
        amount=asked["credits"],
        reference=f"operator:{asked['reference']}",
        reason=asked["reason"][:200],
    )
    if not is_new:
        raise ApiError("These credits were granted already.")
    return Outcome(f"{asked['credits']} credits granted.", {"credits": asked["credits"]})


def _change_plan(account: BillingAccount, asked: dict[str, Any]) -> Outcome:
    before, plan = account.plan_id, asked["plan"]
    change_plan(account, plan_id=plan.pk)
    return Outcome(f"The plan is now {plan}.", {"before": before, "after": plan.pk})


class _OfAccountAdmin(OperatorAdmin):
    """Rows that belong to an account."""

    list_select_related = ("account__user",)
    search_fields = ("account__user__email",)

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "account__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description="Account", ordering="account__user__email")
    def of_account(self, row: Any) -> SafeString | str:
        return link_to(row.account, row.account.user or "deleted user")


@admin.register(BillingAccount)
class BillingAccountAdmin(OperatorAdmin):
    list_display = ("owner", "plan", "credits_available", "created_at")
    list_filter = ("plan",)
    search_fields = ("user__email", "user__name")
    list_select_related = ("user", "plan")
    ordering = ("-created_at",)
    fields = ("owner", "plan", "balance", "usage", "see_also", "recent_entries", "created_at")
    operator_actions = (
        OperatorAction(name="grant-credits", label="Grant credits", form=GrantForm, run=_grant),
        OperatorAction(
            name="change-plan",
            label="Change plan",
            form=PlanForm,
            run=_change_plan,
            explanation="Counts at once. A subscription that is paid for is not changed by this.",
        ),
    )

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "user__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(ordering="user__email")
    def owner(self, account: BillingAccount) -> SafeString | str:
        return link_to(account.user) if account.user else "deleted user"

    @admin.display(description="Left")
    def balance(self, account: BillingAccount) -> str:
        left = read_balance(account)
        used = count_minutes_used(account, now=timezone.now())
        metered = "" if left.is_metered else " (not metered)"
        return (
            f"{left.credits} credits, {left.minutes_left} minutes of this month"
            f" ({used} used){metered}"
        )

    @admin.display(description="Last 30 days")
    def usage(self, account: BillingAccount) -> str:
        time_zone = account.user.time_zone if account.user else "UTC"
        _, totals = read_daily_usage(account, time_zone=time_zone, now=timezone.now())
        total = totals.total
        return f"{total.minutes} minutes, {total.jobs} jobs, {total.credits} credits"

    @admin.display(description="See also")
    def see_also(self, account: BillingAccount) -> SafeString:
        mine = {"account__id__exact": account.pk}
        links = [
            link_to_list("billing_ledgerentry", "Ledger", **mine),
            link_to_list("billing_hold", "Holds", **mine),
            link_to_list("billing_allowance", "Allowances", **mine),
            link_to_list("billing_cloudinstance", "Private Cloud", **mine),
        ]
        if account.user_id:
            links += [
                link_to_list("transcripts_transcript", "Jobs", owner__id__exact=account.user_id),
                link_to_list("accounts_apikey", "Keys", user__id__exact=account.user_id),
            ]
        return format_html_join(" · ", "{}", ((link,) for link in links))

    @admin.display(description="Latest entries")
    def recent_entries(self, account: BillingAccount) -> SafeString | str:
        entries = account.entries.order_by("-created_at", "-pk")[:_RECENT]
        rows = (
            (
                f"{entry.created_at:%Y-%m-%d %H:%M}",
                entry.kind,
                f"{entry.amount:+d}",
                entry.bucket,
                entry.reason or entry.reference,
            )
            for entry in entries
        )
        return format_html_join("\n", "{} · {} · {} {} · {}<br>", rows) or "–"


@admin.register(LedgerEntry)
class LedgerEntryAdmin(_OfAccountAdmin):
    list_display = ("created_at", "of_account", "kind", "amount", "bucket", "reference", "reason")
    list_filter = ("kind", "bucket")
    search_fields = ("account__user__email", "=reference")  # type: ignore[assignment]  # longer
    ordering = ("-created_at", "-pk")
    fields = ("created_at", "of_account", "kind", "amount", "bucket", "reference", "reason")


@admin.register(Hold)
class HoldAdmin(_OfAccountAdmin):
    list_display = (
        "created_at",
        "of_account",
        "kind",
        "state",
        "allowance_minutes",
        "credit_minutes",
        "reference",
    )
    list_filter = ("state", "kind")
    search_fields = ("account__user__email", "=reference")  # type: ignore[assignment]  # longer
    ordering = ("-created_at",)
    fields = (
        ("of_account", "reference"),
        ("kind", "state"),
        ("allowance_minutes", "credit_minutes", "extensions"),
        ("settled_allowance_minutes", "settled_credit_minutes", "heard_ms"),
        ("created_at", "closed_at"),
    )


@admin.register(Allowance)
class AllowanceAdmin(_OfAccountAdmin):
    list_display = ("month", "of_account", "minutes_granted", "minutes_available")
    ordering = ("-month",)
    fields = ("month", "of_account", "minutes_granted", "minutes_available")


@admin.register(AnonymousUse)
class AnonymousUseAdmin(OperatorAdmin):
    """By digest: whose address it is isn't kept."""

    list_display = ("day", "address_digest", "count")
    search_fields = ("=address_digest",)
    ordering = ("-day",)


@admin.register(Plan)
class PlanAdmin(EditableAdmin):
    list_display = (
        "id",
        "name",
        "monthly_minutes",
        "max_file_bytes",
        "concurrency",
        "requests_per_minute",
        "price_cents",
        "is_metered",
        "has_private_cloud",
    )
    ordering = ("id",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("id",) if obj is not None else ()  # another id would be another plan


class CloudInstanceForm(ReasonModelForm):
    token = forms.CharField(
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Write only. Left empty: stays as it is.",
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
        kept = cloud.read_token(self.instance) if self.instance.token_encrypted else ""
        return cloud.InstanceDetails(
            name=asked["name"],
            region=asked["region"],
            target=asked["target"],
            is_tls=asked["is_tls"],
            ca_pem=asked["ca_pem"],
            gpu=asked["gpu"],
            token=asked["token"] or kept,
        )


def _moved(is_done: bool, sentence: str) -> Outcome:
    if not is_done:
        raise ApiError("The instance's status has changed meanwhile.")
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
            label="Drain",
            explanation="It ends what it has begun and gets nothing new.",
            run=lambda instance, _: _moved(cloud.drain_instance(instance), "It drains."),
            is_offered=lambda instance: instance.status == InstanceStatus.ACTIVE,
        ),
        OperatorAction(
            name="activate",
            label="Activate",
            run=lambda instance, _: _moved(cloud.activate_instance(instance), "It gets work."),
            is_offered=lambda instance: instance.status == InstanceStatus.DRAINING,
        ),
        OperatorAction(
            name="remove",
            label="Remove",
            explanation="It is used no more, and its token is forgotten. This can't be undone.",
            run=lambda instance, _: _moved(cloud.remove_instance(instance), "It is removed."),
            is_offered=lambda instance: instance.status != InstanceStatus.REMOVED,
        ),
    )

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "account__id__exact" or super().lookup_allowed(lookup, value, request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_removed = obj is not None and obj.status == InstanceStatus.REMOVED
        return not is_removed and super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # An instance that changes hands would take its jobs with it: register it anew.
        return ("account", *self.readonly_fields) if obj is not None else self.readonly_fields

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        is_editable = obj is None or self.has_change_permission(request, obj)
        hidden = set() if is_editable else {"token", "reason", ("token", "token_is")}
        return [each for each in self.fields if each not in hidden]

    def save_edited(self, subject: Any, form: Any) -> None:
        cloud.change_instance(subject, form.read_details())

    @admin.display(description="Account", ordering="account__user__email")
    def owner(self, instance: CloudInstance) -> SafeString | str:
        return link_to(instance.account, instance.account.user or "deleted user")

    @admin.display(description="Token")
    def token_is(self, instance: CloudInstance) -> str:
        return MASK if instance.token_encrypted else "none"
