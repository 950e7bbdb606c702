"""A payment intent of Stripe's, and what follows from it: credits, invoices, corrections.

Of a pack: its credits, as a `purchase` in the ledger. Of a plan: a month that is paid; the plan
itself follows the subscription, not the payment.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

import stripe

from billing.ledger import grant_credits
from billing.models import Checkout, DisputeState, EntryKind, Payment
from billing.payments.corrections import correct_credits
from billing.payments.gateway import read_checkout_id
from billing.payments.invoices import Buyer, issue_credit_note, issue_invoice

logger = logging.getLogger(__name__)
# https://docs.stripe.com/api/disputes/object: inquiries (`warning_…`) withdraw no money.
_INQUIRIES = ("warning_needs_response", "warning_under_review")
_OPEN = ("needs_response", "under_review", "appeal_needs_response", "appeal_under_review")
_LOST = ("lost",)


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """A payment intent as it is now. `checkout_id`: empty where we didn't ask for the payment."""

    reference: str
    checkout_id: str
    is_paid: bool
    amount_cents: int
    currency: str
    paid_at: datetime
    refunded_cents: int
    disputed_cents: int
    dispute_state: DisputeState
    buyer: Buyer


def fetch_purchase(client: stripe.StripeClient, reference: str) -> Purchase:
    """Ask Stripe for the payment intent, its charge and its disputes: two or three requests."""
    intent = client.v1.payment_intents.retrieve(reference, {"expand": ["latest_charge"]})
    charge = cast("stripe.Charge | None", intent.latest_charge)  # expanded
    disputes = list(
        client.v1.disputes.list({"payment_intent": reference, "limit": 100}).auto_paging_iter()
    )
    return Purchase(
        reference=reference,
        checkout_id=read_checkout_id(intent.metadata) or _checkout_of_invoice(client, reference),
        is_paid=intent.status == "succeeded",
        amount_cents=intent.amount_received,
        currency=intent.currency.upper(),
        paid_at=datetime.fromtimestamp(charge.created if charge else intent.created, UTC),
        refunded_cents=charge.amount_refunded if charge else 0,
        disputed_cents=sum(each.amount for each in disputes if each.status in _OPEN + _LOST),
        dispute_state=_state_of(disputes),
        buyer=_buyer_of(charge),
    )


def apply_purchase(purchase: Purchase) -> None:
    """Update our rows to the payment intent's state; within the caller's transaction."""
    checkout = find_checkout(purchase.checkout_id)
    if checkout is None or not purchase.is_paid:
        return
    # Locked: debts are collected beside us.
    is_as_offered = (
        purchase.amount_cents >= checkout.amount_cents
        and purchase.currency == checkout.currency.upper()
    )
    payment, is_new = Payment.objects.select_for_update().get_or_create(
        reference=purchase.reference,
        defaults={
            "account": checkout.account,
            "checkout": checkout,
            "credits": checkout.credits if is_as_offered else 0,
            "needs_attention": not is_as_offered,
            "amount_cents": purchase.amount_cents,
            "currency": purchase.currency,
            "paid_at": purchase.paid_at,
        },
    )
    if is_new:
        _hand_over(payment, buyer=purchase.buyer)
    _note_state(payment, purchase)
    correct_credits(payment)
    issue_credit_note(payment)


def find_checkout(checkout_id: str) -> Checkout | None:
    """Return the checkout that a payment or subscription carries the id of; None: not ours."""
    try:
        key = UUID(checkout_id)
    except ValueError:
        return None
    return Checkout.objects.select_related("account__user").filter(pk=key).first()


def _hand_over(payment: Payment, *, buyer: Buyer) -> None:
    if payment.credits:
        grant_credits(
            payment.account,
            amount=payment.credits,
            reference=payment.reference,
            reason=payment.checkout.name,
            kind=EntryKind.PURCHASE,
        )
    issue_invoice(payment, buyer=buyer)


def _note_state(payment: Payment, purchase: Purchase) -> None:
    """Store refunds and disputes; what an operator should review is flagged once."""
    is_worse = purchase.dispute_state != payment.dispute_state and purchase.dispute_state in (
        DisputeState.INQUIRY,
        DisputeState.OPEN,
        DisputeState.LOST,
    )
    has_shrunk = purchase.refunded_cents < payment.refunded_cents  # a refund that failed
    if is_worse or has_shrunk:
        payment.needs_attention = True
        logger.warning(
            "event=payment_needs_attention payment_id=%s dispute=%s",
            payment.pk,
            purchase.dispute_state.value or "none",
        )
    payment.refunded_cents = purchase.refunded_cents
    payment.disputed_cents = purchase.disputed_cents
    payment.dispute_state = purchase.dispute_state
    payment.save(
        update_fields=["refunded_cents", "disputed_cents", "dispute_state", "needs_attention"]
    )


def _state_of(disputes: list[stripe.Dispute]) -> DisputeState:
    """The worst of them: a payment can be disputed more than once."""
    statuses = {each.status for each in disputes}
    if statuses & set(_OPEN):
        return DisputeState.OPEN
    if statuses & set(_LOST):
        return DisputeState.LOST
    if statuses & set(_INQUIRIES):
        return DisputeState.INQUIRY
    return DisputeState.WON if statuses else DisputeState.NONE


def _checkout_of_invoice(client: stripe.StripeClient, reference: str) -> str:
    """A month of a subscription: its payment carries nothing of ours, but its invoice does."""
    paid = client.v1.invoice_payments.list(
        {
            "payment": {"type": "payment_intent", "payment_intent": reference},
            "expand": ["data.invoice"],
        }
    )
    for each in paid.data:
        invoice = cast("stripe.Invoice", each.invoice)  # expanded
        details = invoice.parent.subscription_details if invoice.parent else None
        if details is not None:
            return read_checkout_id(details.metadata)
    return ""


def _buyer_of(charge: stripe.Charge | None) -> Buyer:
    details = charge.billing_details if charge else None
    if details is None:
        return Buyer()
    place = details.address
    lines = (
        [place.line1, place.line2, f"{place.postal_code or ''} {place.city or ''}", place.country]
        if place
        else []
    )
    address = "\n".join(line.strip() for line in lines if line and line.strip())
    return Buyer(name=details.name or "", email=details.email or "", address=address)
