"""/pricing/ and /private-cloud/: what each plan allows, from the rows that the limits come from.

True with payments off, too: then nothing has a price, and the page says who gives credits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from accounts.models import User
from billing.cloud import is_private, list_instances
from billing.models import Plan
from billing.money import format_amount
from billing.payments.gateway import are_payments_configured
from billing.payments.offers import list_packs
from billing.plans import ANONYMOUS_PLAN, FREE_PLAN, PAID_PLAN, account_for, name_plan
from billing.templatetags.sizes import format_size


@dataclass(frozen=True)
class Column:
    """A plan as people compare it. `price`: "" where it can't be bought here."""

    name: str
    note: str
    price: str
    is_own: bool


@dataclass(frozen=True)
class PlanRow:
    title: str | Promise
    read: Callable[[Plan], str]


_ROWS = [
    PlanRow(gettext_lazy("Transcription"), lambda plan: _name_minutes(plan)),
    PlanRow(gettext_lazy("File size"), lambda plan: _name_size(plan)),
    PlanRow(gettext_lazy("At the same time"), lambda plan: _name_concurrency(plan)),
    PlanRow(gettext_lazy("Live session"), lambda plan: _name_live(plan)),
    PlanRow(gettext_lazy("Requests per minute"), lambda plan: _or_any(plan.requests_per_minute)),
    PlanRow(
        gettext_lazy("Summaries and translations per minute"),
        lambda plan: _name_texts(plan),
    ),
    PlanRow(gettext_lazy("Storage"), lambda plan: _name_storage(plan)),
]


@require_safe
def show_pricing(request: HttpRequest) -> HttpResponse:
    """GET /pricing/ — three queries; five for an account."""
    user = request.user
    own_plan = account_for(user).plan_id if isinstance(user, User) else ANONYMOUS_PLAN
    can_buy = are_payments_configured()
    plans = _list_compared_plans(own_plan)
    context = {
        "columns": [_describe(plan, own_plan=own_plan, can_buy=can_buy) for plan in plans],
        "rows": [(row.title, [row.read(plan) for plan in plans]) for row in _ROWS],
        "can_buy": can_buy,
        "packs": [(pack, format_amount(pack.price_cents, pack.currency)) for pack in list_packs()]
        if can_buy
        else [],
        "is_signup_open": settings.IS_SIGNUP_OPEN,
    }
    return render(request, "billing/pricing.html", context)


@require_safe
def show_private_cloud(request: HttpRequest) -> HttpResponse:
    """GET /private-cloud/ — what it is; for an account that has it, its servers, too."""
    user = request.user
    context: dict[str, Any] = {"instances": [], "is_private": False}
    if isinstance(user, User):
        context = {"instances": list_instances(user), "is_private": is_private(user)}
    return render(request, "billing/private_cloud.html", context)


def _list_compared_plans(own_plan: str) -> list[Plan]:
    """Return guests' plan, that of new accounts, the one of credits, those on sale, one's own."""
    named = Q(pk__in=[ANONYMOUS_PLAN, FREE_PLAN, PAID_PLAN, own_plan])
    order = {ANONYMOUS_PLAN: 0, FREE_PLAN: 1, PAID_PLAN: 2}
    plans = Plan.objects.filter(named | Q(price_cents__gt=0))
    return sorted(plans, key=lambda plan: (order.get(plan.pk, 3), plan.price_cents, plan.pk))


def _describe(plan: Plan, *, own_plan: str, can_buy: bool) -> Column:
    price = ""
    if plan.pk in (ANONYMOUS_PLAN, FREE_PLAN):
        price = _("Free")
    elif plan.price_cents and can_buy:
        amount = f"{format_amount(plan.price_cents, plan.currency)} {plan.currency}"
        price = _("%(amount)s per month") % {"amount": amount}
    elif plan.pk == PAID_PLAN and can_buy:
        price = _("Credits")
    note = _("With any credits on the account") if plan.pk == PAID_PLAN else ""
    return Column(name=name_plan(plan), note=note, price=price, is_own=plan.pk == own_plan)


def _name_minutes(plan: Plan) -> str:
    if plan.pk == ANONYMOUS_PLAN:
        count = plan.daily_transcriptions
        return ngettext("%(n)d recording a day", "%(n)d recordings a day", count) % {"n": count}
    if not plan.is_metered:
        return _("No limit")
    if plan.pk == PAID_PLAN and not plan.monthly_minutes:
        return _("1 credit per minute")
    count = plan.monthly_minutes
    return ngettext("%(n)d minute per month", "%(n)d minutes per month", count) % {"n": count}


def _name_size(plan: Plan) -> str:
    return format_size(plan.max_file_bytes) if plan.max_file_bytes else _("No limit")


def _name_concurrency(plan: Plan) -> str:
    if not plan.concurrency:
        return _("No limit")
    count = plan.concurrency
    return ngettext("%(n)d recording", "%(n)d recordings", count) % {"n": count}


def _name_live(plan: Plan) -> str:
    limit_s = settings.LIVE_ANONYMOUS_S if plan.pk == ANONYMOUS_PLAN else settings.LIVE_MAX_S
    minutes = limit_s // 60
    if minutes >= 120:
        hours = minutes // 60
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}


def _name_texts(plan: Plan) -> str:
    if plan.pk == ANONYMOUS_PLAN:
        return "–"
    return _or_any(plan.text_requests_per_minute)


def _name_storage(plan: Plan) -> str:
    return _("1 hour") if plan.pk == ANONYMOUS_PLAN else _("As long as you choose")


def _or_any(count: int) -> str:
    return str(count) if count else _("No limit")
