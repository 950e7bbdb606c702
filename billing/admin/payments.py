"""Payments, subscriptions and invoices, as Stripe reported them: read-only for operators."""

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.operator_admin import OperatorAction, Outcome
from billing.admin.ledger import OfAccountAdmin
from billing.models import Invoice, Payment, Subscription
from billing.payments.corrections import write_off_debt


def _write_off(payment: Payment) -> Outcome:
    forgiven = write_off_debt(payment)
    return Outcome(
        gettext("Credits written off: %(count)d.") % {"count": forgiven}, {"credits": forgiven}
    )


def _mark_reviewed(payment: Payment) -> Outcome:
    Payment.objects.filter(pk=payment.pk).update(needs_attention=False)
    return Outcome(gettext("Saved."))


@admin.register(Payment)
class PaymentAdmin(OfAccountAdmin):
    list_display = (
        "paid_at",
        "of_account",
        "amount_cents",
        "currency",
        "credits",
        "refunded_cents",
        "dispute_state",
        "needs_attention",
    )
    list_filter = ("needs_attention", "dispute_state")
    ordering = ("-paid_at",)
    fields = (
        "of_account",
        ("reference", "paid_at"),
        ("amount_cents", "currency", "credits"),
        ("refunded_cents", "disputed_cents", "dispute_state"),
        ("credits_taken", "credits_owed", "credits_written_off"),
        "needs_attention",
    )
    operator_actions = (
        OperatorAction(
            name="write-off",
            label=_("Write off the debt"),
            explanation=_("Credits that were refunded but spent are forgiven."),
            run=lambda payment, _: _write_off(payment),
            is_offered=lambda payment: payment.credits_owed > 0,
        ),
        OperatorAction(
            name="looked-at",
            label=_("Reviewed"),
            run=lambda payment, _: _mark_reviewed(payment),
            is_offered=lambda payment: payment.needs_attention,
        ),
    )


@admin.register(Subscription)
class SubscriptionAdmin(OfAccountAdmin):
    list_display = ("created_at", "of_account", "plan", "status", "is_live", "period_end")
    list_filter = ("status", "is_live")
    list_select_related = ("account__user", "plan")
    ordering = ("-created_at",)
    fields = (
        ("of_account", "plan"),
        ("status", "is_live", "cancels_at_period_end"),
        ("period_start", "period_end"),
        ("stripe_id", "created_at"),
    )


@admin.register(Invoice)
class InvoiceAdmin(OfAccountAdmin):
    list_display = ("number", "of_account", "kind", "amount_cents", "currency", "issued_at")
    list_filter = ("kind",)
    search_fields = ("account__user__email", "=number")
    ordering = ("-issued_at",)
    fields = (
        ("number", "kind", "of_account"),
        "description",
        ("amount_cents", "currency", "vat_percent"),
        ("paid_at", "issued_at"),
    )
