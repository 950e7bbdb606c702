"""The account's first page (plan, minutes, credits, limits) and its usage of 30 days."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from billing.ledger import read_balance
from billing.pages.chart import draw_chart
from billing.quotas import account_for, limits_for
from billing.templatetags.sizes import format_size
from billing.usage import count_minutes_used, read_daily_usage

KIND_NAMES = {"file": _("Recordings"), "live": _("Live"), "ai": _("AI")}


@never_cache
@login_required
@require_safe
def show_account(request: HttpRequest) -> HttpResponse:
    """GET /account/"""
    user, now = cast("User", request.user), timezone.now()
    account, limits = account_for(user), limits_for(user)
    context = {
        "plan": account.plan,
        "balance": read_balance(account, now=now),
        "minutes_used": count_minutes_used(account, now=now),
        "limits": limits,
        "max_file": format_size(limits.max_file_bytes),
        "tab": "account",
    }
    return render(request, "billing/account.html", context)


@never_cache
@login_required
@require_safe
def show_usage(request: HttpRequest) -> HttpResponse:
    """GET /account/usage/"""
    user = cast("User", request.user)
    days, totals = read_daily_usage(account_for(user), time_zone=user.time_zone, now=timezone.now())
    minutes = {
        day: {str(name): period.by_kind[kind].minutes for kind, name in KIND_NAMES.items()}
        for day, period in days.items()
    }
    kinds = [(name, totals.by_kind[kind]) for kind, name in KIND_NAMES.items()]
    rows = [
        (day, [(name, period.by_kind[kind].minutes) for kind, name in KIND_NAMES.items()], period)
        for day, period in reversed(days.items())
        if period.total.jobs
    ]
    context = {
        "chart": draw_chart(minutes),
        "totals": totals.total,
        "kinds": kinds,
        "rows": rows,
        "tab": "usage",
    }
    return render(request, "billing/usage.html", context)
