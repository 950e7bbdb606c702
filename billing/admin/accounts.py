"""Accounts: what each has left and used, granting credits, changing plans."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.operator_admin import (
    OperatorAction,
    OperatorAdmin,
    Outcome,
    ReasonForm,
    link_to,
    link_to_list,
)
from billing.ledger import grant_credits, read_balance
from billing.models import BillingAccount, Plan
from billing.plans import change_plan
from billing.usage import count_minutes_used, read_daily_usage
from stt_web.core.errors import ApiError

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
        raise ApiError(gettext("These credits have already been granted."))
    message = ngettext("%(count)d credit granted.", "%(count)d credits granted.", asked["credits"])
    return Outcome(message % {"count": asked["credits"]}, {"credits": asked["credits"]})


def _change_plan(account: BillingAccount, asked: dict[str, Any]) -> Outcome:
    before, plan = account.plan_id, asked["plan"]
    change_plan(account, plan_id=plan.pk)
    return Outcome(
        gettext("The plan is now %(plan)s.") % {"plan": plan}, {"before": before, "after": plan.pk}
    )


@admin.register(BillingAccount)
class BillingAccountAdmin(OperatorAdmin):
    list_display = ("email", "plan", "credits_available", "created_at")
    list_filter = ("plan",)
    search_fields = ("user__email", "user__name")
    list_select_related = ("user", "plan")
    ordering = ("-created_at",)
    fields = ("owner", "plan", "balance", "usage", "see_also", "recent_entries", "created_at")
    operator_actions = (
        OperatorAction(name="grant-credits", label=_("Grant credits"), form=GrantForm, run=_grant),
        OperatorAction(
            name="change-plan",
            label=_("Change plan"),
            form=PlanForm,
            run=_change_plan,
            explanation=_("Takes effect immediately. A paid subscription is not changed by this."),
        ),
    )

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "user__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(ordering="user__email")
    def email(self, account: BillingAccount) -> str:
        return account.user.email if account.user else "deleted user"

    @admin.display(description=_("Person"))
    def owner(self, account: BillingAccount) -> SafeString | str:
        return link_to(account.user) if account.user else "deleted user"

    @admin.display(description=_("Left"))
    def balance(self, account: BillingAccount) -> str:
        left = read_balance(account)
        used = count_minutes_used(account, now=timezone.now())
        metered = "" if left.is_metered else " (not metered)"
        return (
            f"{left.credits} credits, {left.minutes_left} minutes of this month"
            f" ({used} used){metered}"
        )

    @admin.display(description=_("Last 30 days"))
    def usage(self, account: BillingAccount) -> str:
        time_zone = account.user.time_zone if account.user else "UTC"
        _, totals = read_daily_usage(account, time_zone=time_zone, now=timezone.now())
        total = totals.total
        return f"{total.minutes} minutes, {total.jobs} jobs, {total.credits} credits"

    @admin.display(description=_("See also"))
    def see_also(self, account: BillingAccount) -> SafeString:
        mine = {"account__id__exact": account.pk}
        links = [
            link_to_list("billing_ledgerentry", _("Ledger"), **mine),
            link_to_list("billing_hold", _("Holds"), **mine),
            link_to_list("billing_allowance", _("Allowances"), **mine),
            link_to_list("billing_cloudinstance", _("Private Cloud"), **mine),
        ]
        if account.user_id:
            links += [
                link_to_list(
                    "transcripts_transcriptionjob",
                    _("Transcriptions"),
                    transcript__owner__id__exact=account.user_id,
                ),
                link_to_list("accounts_apikey", _("Keys"), user__id__exact=account.user_id),
            ]
        return format_html_join(" · ", "{}", ((link,) for link in links))

    @admin.display(description=_("Latest entries"))
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
