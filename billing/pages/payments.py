"""The billing page: balance, plans and packs, invoices, and every movement of the ledger."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from billing.ledger import read_balance
from billing.models import (
    BillingAccount,
    Bucket,
    EntryKind,
    InvoiceKind,
    LedgerEntry,
    StripeCustomer,
)
from billing.money import format_amount
from billing.payments.addresses import find_billing_page, find_return_addresses
from billing.payments.checkout import open_checkout, open_portal
from billing.payments.errors import PaymentsError
from billing.payments.gateway import are_payments_configured
from billing.payments.invoices import list_invoices
from billing.payments.offers import find_offer, list_packs, list_public_plans
from billing.quotas import account_for
from billing.recordings import describe_charges, list_holds

_ROWS_A_PAGE = 25
_RECENT_INVOICES = 50
ENTRY_NAMES = {
    EntryKind.GRANT: _("Granted"),
    EntryKind.ALLOWANCE: _("Free minutes of the month"),
    EntryKind.PURCHASE: _("Bought"),
    EntryKind.HOLD: _("Reserved"),
    EntryKind.SETTLEMENT: _("Returned: shorter than reserved"),
    EntryKind.RELEASE: _("Returned: free of charge"),
    EntryKind.REFUND: _("Refund or dispute"),
}
BUCKET_NAMES = {Bucket.CREDITS: _("Credits"), Bucket.ALLOWANCE: _("Free minutes")}
DOCUMENT_NAMES = {
    InvoiceKind.INVOICE: _("Invoice"),
    InvoiceKind.RECEIPT: _("Receipt"),
    InvoiceKind.CREDIT_NOTE: _("Credit note"),
}


@never_cache
@login_required
@require_safe
def show_billing(request: HttpRequest) -> HttpResponse:
    """GET /billing/"""
    user = cast("User", request.user)
    account = account_for(user)
    # A job that took just what was set aside settles with nothing: no movement for its owner.
    moved = account.entries.exclude(amount=0).order_by("-created_at", "-pk")
    page = Paginator(moved, _ROWS_A_PAGE).get_page(request.GET.get("page", "1"))
    charges = Paginator(list_holds(account), _ROWS_A_PAGE).get_page(request.GET.get("charges", "1"))
    context = {
        "tab": "billing",
        "plan": account.plan,
        "balance": read_balance(account),
        "subscription": account.subscriptions.filter(is_live=True).select_related("plan").first(),
        "is_known_to_stripe": StripeCustomer.objects.filter(account=account).exists(),
        "can_buy": are_payments_configured(),
        "was_paid": "paid" in request.GET,
        "plans": [
            (plan, format_amount(plan.price_cents, plan.currency)) for plan in list_public_plans()
        ],
        "packs": [(pack, format_amount(pack.price_cents, pack.currency)) for pack in list_packs()],
        "invoices": _describe_invoices(account),
        "charges_page": charges,
        "charges": describe_charges(user, list(charges)),
        "is_ledger_open": "page" in request.GET,
        "page": page,
        "movements": _describe_entries(page),
    }
    return render(request, "billing/billing.html", context)


@login_required
@require_POST
def go_to_checkout(request: HttpRequest) -> HttpResponseRedirect:
    """POST /billing/checkout/ with `pack` or `plan`: on to Stripe, or back with a sentence."""
    try:
        url = open_checkout(
            account_for(cast("User", request.user)),
            offer=find_offer(
                pack_id=request.POST.get("pack", ""), plan_id=request.POST.get("plan", "")
            ),
            back=find_return_addresses(request),
        )
    except PaymentsError as error:
        messages.error(request, error.sentence)
        return redirect("billing")
    return HttpResponseRedirect(url)


@login_required
@require_POST
def go_to_portal(request: HttpRequest) -> HttpResponseRedirect:
    """POST /billing/portal/: on to Stripe, or back with a sentence."""
    try:
        account = account_for(cast("User", request.user))
        url = open_portal(account, return_url=find_billing_page(request))
    except PaymentsError as error:
        messages.error(request, error.sentence)
        return redirect("billing")
    return HttpResponseRedirect(url)


def _describe_invoices(account: BillingAccount) -> list[dict[str, Any]]:
    return [
        {
            "row": invoice,
            "name": DOCUMENT_NAMES[InvoiceKind(invoice.kind)],
            "amount": format_amount(invoice.amount_cents, invoice.currency),
        }
        for invoice in list_invoices(account)[:_RECENT_INVOICES]
    ]


def _describe_entries(entries: Iterable[LedgerEntry]) -> list[dict[str, Any]]:
    return [
        {
            "row": entry,
            "name": ENTRY_NAMES[EntryKind(entry.kind)],
            "bucket": BUCKET_NAMES[Bucket(entry.bucket)],
        }
        for entry in entries
    ]
