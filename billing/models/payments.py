"""What is sold, and what was paid for it.

Stripe is the truth about money: these rows are its last known state, brought up to date by
`billing.payments`. What we did about it (credits, plans, invoices) is ours, and happened once.
"""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.ledger import BillingAccount, Plan


class CreditPack(models.Model):
    """Credits at a price. An edit counts from the next checkout on; retire one, don't delete it."""

    id = models.SlugField(primary_key=True)
    name = models.CharField(max_length=100)
    credits = models.PositiveIntegerField()
    price_cents = models.PositiveIntegerField()
    currency = models.CharField(max_length=3, default="USD")
    is_offered = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("credit pack")
        verbose_name_plural = _("credit packs")
        constraints = [
            models.CheckConstraint(
                condition=Q(credits__gte=1, price_cents__gte=1), name="billing_a_pack_has_a_price"
            )
        ]

    def __str__(self) -> str:
        return self.name


class StripeCustomer(models.Model):
    """Whom Stripe knows an account as."""

    account = models.OneToOneField(
        BillingAccount, primary_key=True, on_delete=models.PROTECT, related_name="stripe_customer"
    )
    customer_id = models.CharField(max_length=255, unique=True)

    def __str__(self) -> str:
        return self.customer_id


class Checkout(models.Model):
    """One offer that a user began to pay for, as it was then: a pack or a plan.

    Stripe carries its id through every payment, so that each payment leads back here.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="checkouts")
    pack = models.ForeignKey(CreditPack, null=True, blank=True, on_delete=models.PROTECT)
    plan = models.ForeignKey(Plan, null=True, blank=True, on_delete=models.PROTECT)
    name = models.CharField(max_length=100)
    credits = models.PositiveIntegerField(default=0)
    amount_cents = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    url = models.TextField(blank=True)  # Stripe's page; empty until it answered
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(pack=None, plan__isnull=False) | Q(pack__isnull=False, plan=None),
                name="billing_a_checkout_is_for_a_pack_or_a_plan",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """A plan that is paid every month, as Stripe last reported it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(
        BillingAccount, on_delete=models.PROTECT, related_name="subscriptions"
    )
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT)
    checkout = models.ForeignKey(Checkout, on_delete=models.PROTECT, related_name="subscriptions")
    stripe_id = models.CharField(max_length=255, unique=True)
    status = models.CharField(max_length=32)  # Stripe's word
    is_live = models.BooleanField(default=False)  # the account has the plan because of it
    cancels_at_period_end = models.BooleanField(default=False)
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.status}"


class DisputeState(models.TextChoices):
    NONE = "", "–"
    INQUIRY = "inquiry"  # asked about, no money withdrawn
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Payment(models.Model):
    """One payment that succeeded; never deleted.

    `credits_taken`: credits that refunds and disputes took back, less what was returned.
    `credits_owed`: what they should have taken besides, but the account had spent; taken as soon as
    it has credits again, or written off by an operator.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="payments")
    checkout = models.ForeignKey(Checkout, on_delete=models.PROTECT, related_name="payments")
    reference = models.CharField(max_length=255, unique=True)  # Stripe's payment intent
    credits = models.PositiveIntegerField(default=0)
    amount_cents = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    paid_at = models.DateTimeField()
    refunded_cents = models.PositiveIntegerField(default=0)
    disputed_cents = models.PositiveIntegerField(default=0)  # withdrawn by disputes, now
    dispute_state = models.CharField(
        max_length=8, choices=DisputeState.choices, blank=True, default=DisputeState.NONE
    )
    credits_taken = models.PositiveIntegerField(default=0)
    credits_owed = models.PositiveIntegerField(default=0)
    credits_written_off = models.PositiveIntegerField(default=0)
    corrections = models.PositiveIntegerField(default=0)  # numbers their ledger entries
    credited_cents = models.PositiveIntegerField(default=0)  # sum of its credit notes
    # an operator should check it, then clears it
    needs_attention = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        indexes = [
            models.Index(fields=["account"], condition=Q(credits_owed__gt=0), name="billing_debts")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(credits_taken__lte=F("credits")), name="billing_no_more_taken_than_sold"
            )
        ]

    def __str__(self) -> str:
        return self.reference


class StripeEvent(models.Model):
    """An event that Stripe delivered, at least once; processed at most once."""

    id = models.CharField(primary_key=True, max_length=255)
    type = models.CharField(max_length=100)
    created_at = models.DateTimeField()  # by Stripe's clock
    received_at = models.DateTimeField(default=timezone.now)
    processed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class StripeObject(models.Model):
    """Which of several fetches of an object of Stripe is the latest (`object_versions`)."""

    id = models.CharField(primary_key=True, max_length=255)
    fetches = models.PositiveBigIntegerField(default=0)
    latest_applied = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.id


class InvoiceKind(models.TextChoices):
    INVOICE = "invoice"
    RECEIPT = "receipt"
    CREDIT_NOTE = "credit_note"


class InvoiceSeries(models.Model):
    """The last number of each series, such as `INV-2026`: numbers without a gap."""

    id = models.CharField(primary_key=True, max_length=16)
    last_number = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.id}: {self.last_number}"


class Invoice(models.Model):
    """A document about a payment, with its whole content; never changed.

    Who bought stays in it when the account is deleted, as tax law demands.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=12, choices=InvoiceKind.choices)
    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="invoices")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="invoices")
    # 0, and of the n-th credit note n: of two that issue the same one, one does.
    sequence = models.PositiveIntegerField(default=0)
    corrects = models.CharField(
        max_length=32, blank=True
    )  # the invoice that a credit note corrects
    description = models.CharField(max_length=200)
    amount_cents = models.IntegerField()  # with VAT; of a credit note negative
    currency = models.CharField(max_length=3)
    vat_percent = models.DecimalField(max_digits=5, decimal_places=2)
    seller = models.JSONField()  # name, address, vat_id
    buyer = models.JSONField()  # name, email, address
    language = models.CharField(max_length=8)
    paid_at = models.DateTimeField()
    issued_at = models.DateTimeField()

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "kind", "sequence"], name="billing_each_document_once"
            )
        ]
        indexes = [models.Index(fields=["account", "issued_at"], name="billing_invoices_by_date")]

    def __str__(self) -> str:
        return self.number
