"""Numbered documents: an invoice and a receipt of each payment, a credit note of each refund.

Each kind has a series of numbers a year (of UTC), without a gap: a number is taken in the
transaction that writes its document. A document retains its whole content as of that day.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils import timezone

from billing.models import BillingAccount, Invoice, InvoiceKind, InvoiceSeries, Payment

_PREFIXES = {
    InvoiceKind.INVOICE: "INV",
    InvoiceKind.RECEIPT: "RCT",
    InvoiceKind.CREDIT_NOTE: "CRN",
}


@dataclass(frozen=True, kw_only=True)
class Buyer:
    """The payer, as entered at Stripe. `address`: lines."""

    name: str = ""
    email: str = ""
    address: str = ""


def issue_invoice(payment: Payment, *, buyer: Buyer) -> None:
    """Issue the invoice and the receipt of a payment, once; within the caller's transaction."""
    for kind in (InvoiceKind.INVOICE, InvoiceKind.RECEIPT):
        if not payment.invoices.filter(kind=kind).exists():
            _issue(
                payment,
                kind=kind,
                amount_cents=payment.amount_cents,
                buyer=_complete(buyer, payment),
            )


def issue_credit_note(payment: Payment) -> None:
    """Issue a credit note over what was refunded since the last one; nothing new: none."""
    new_cents = min(payment.refunded_cents, payment.amount_cents) - payment.credited_cents
    if new_cents <= 0:
        return
    invoice = payment.invoices.get(kind=InvoiceKind.INVOICE)
    _issue(
        payment,
        kind=InvoiceKind.CREDIT_NOTE,
        amount_cents=-new_cents,
        buyer=Buyer(**invoice.buyer),
        corrects=invoice.number,
    )
    payment.credited_cents += new_cents
    payment.save(update_fields=["credited_cents"])


def list_invoices(account: BillingAccount) -> QuerySet[Invoice]:
    """The account's documents, newest first."""
    return Invoice.objects.filter(account=account).order_by("-issued_at", "-number")


def _issue(
    payment: Payment, *, kind: InvoiceKind, amount_cents: int, buyer: Buyer, corrects: str = ""
) -> None:
    now = timezone.now()
    user = payment.account.user
    Invoice.objects.create(
        number=_take_number(kind, now=now),
        kind=kind,
        account=payment.account,
        payment=payment,
        sequence=payment.invoices.filter(kind=kind).count(),
        corrects=corrects,
        description=payment.checkout.name,
        amount_cents=amount_cents,
        currency=payment.currency,
        vat_percent=Decimal(str(settings.SELLER_VAT_PERCENT)),
        seller={
            "name": settings.SELLER_NAME,
            "address": settings.SELLER_ADDRESS,
            "vat_id": settings.SELLER_VAT_ID,
        },
        buyer=asdict(buyer),
        language=user.language if user else settings.LANGUAGE_CODE,
        paid_at=payment.paid_at,
        issued_at=now,
    )


def _take_number(kind: InvoiceKind, *, now: datetime) -> str:
    """Return the next number, such as `INV-2026-00007`. The update locks the series till commit."""
    series, _ = InvoiceSeries.objects.get_or_create(pk=f"{_PREFIXES[kind]}-{now:%Y}")
    InvoiceSeries.objects.filter(pk=series.pk).update(last_number=F("last_number") + 1)
    series.refresh_from_db()
    return f"{series.pk}-{series.last_number:05d}"


def _complete(buyer: Buyer, payment: Payment) -> Buyer:
    """Falls back to the account's own data where Stripe has none."""
    user = payment.account.user
    if user is None:
        return buyer
    return Buyer(
        name=buyer.name or user.name, email=buyer.email or user.email, address=buyer.address
    )
