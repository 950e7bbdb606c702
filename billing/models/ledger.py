"""What accounts may use, and the ledger of what they used.

The ledger is append-only: `LedgerEntry` rows are never changed, and a balance is their sum.
`credits_available` and `minutes_available` are caches of such sums, moved only together with the
entry that explains them, in one transaction, by a conditional update that can't go below zero:
that is what makes an overdraft impossible on every database (`billing.ledger`).

One job: a `Hold` (minutes of the monthly allowance first, credits for the rest), then either a
settlement (the audio is charged; the rest goes back) or a release (all goes back). Going back
runs in reverse: credits first.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Plan(models.Model):
    """A tier that an operator can edit. 0 means "none" for amounts and "no limit" for limits."""

    id = models.SlugField(primary_key=True)  # anonymous, free, paid, local
    name = models.CharField(max_length=100)
    monthly_minutes = models.PositiveIntegerField(default=0)
    daily_transcriptions = models.PositiveIntegerField(default=0)  # anonymous use only
    max_file_bytes = models.PositiveBigIntegerField()
    concurrency = models.PositiveIntegerField()
    requests_per_minute = models.PositiveIntegerField(default=0)
    text_requests_per_minute = models.PositiveIntegerField(default=0)  # which cost no credits
    price_cents = models.PositiveIntegerField(default=0)
    currency = models.CharField(max_length=3, default="USD")
    is_metered = models.BooleanField(default=True)  # False: use is recorded but costs nothing
    # Accounts on it have inference servers of their own, and use no others (`billing.cloud`).
    has_private_cloud = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")

    def __str__(self) -> str:
        return self.name


class BillingAccount(models.Model):
    """What one user may use. Outlives the user: the ledger retains amounts without the person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="billing_account",
    )
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT)
    credits_available = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("billing account")
        verbose_name_plural = _("billing accounts")
        constraints = [
            models.CheckConstraint(
                condition=Q(credits_available__gte=0), name="billing_no_overdraft_of_credits"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user or 'deleted user'}: {self.plan_id}"


class Allowance(models.Model):
    """The free minutes of one account in one month (UTC)."""

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="allowances")
    month = models.DateField()  # its first day
    minutes_granted = models.PositiveIntegerField()
    minutes_available = models.IntegerField()

    class Meta:
        verbose_name = _("allowance")
        verbose_name_plural = _("allowances")
        constraints = [
            models.UniqueConstraint(fields=["account", "month"], name="billing_allowance_a_month"),
            models.CheckConstraint(
                condition=Q(minutes_available__gte=0), name="billing_no_overdraft_of_minutes"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}: {self.minutes_available} of {self.minutes_granted} min"


class HoldState(models.TextChoices):
    HELD = "held"
    SETTLED = "settled"
    RELEASED = "released"


class Hold(models.Model):
    """Minutes and credits set aside for one job, until it is settled or released; once each."""

    reference = models.CharField(max_length=64, unique=True)  # the transcript's id
    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="holds")
    allowance = models.ForeignKey(Allowance, null=True, on_delete=models.PROTECT)
    allowance_minutes = models.PositiveIntegerField(default=0)
    credit_minutes = models.PositiveIntegerField(default=0)
    settled_allowance_minutes = models.PositiveIntegerField(default=0)
    settled_credit_minutes = models.PositiveIntegerField(default=0)
    billed_ms = models.PositiveBigIntegerField(default=0)
    kind = models.CharField(max_length=16, default="file")  # file, live, ai
    extensions = models.PositiveIntegerField(default=0)  # how often it was made longer
    state = models.CharField(max_length=10, choices=HoldState.choices, default=HoldState.HELD)
    created_at = models.DateTimeField(default=timezone.now)  # its month is the allowance's
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        indexes = [models.Index(fields=["account", "created_at"], name="billing_holds_by_day")]
        constraints = [
            models.CheckConstraint(
                condition=Q(settled_allowance_minutes__lte=F("allowance_minutes"))
                & Q(settled_credit_minutes__lte=F("credit_minutes")),
                name="billing_never_settled_above_the_hold",
            )
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.state}"


class EntryKind(models.TextChoices):
    GRANT = "grant"
    ALLOWANCE = "allowance"
    PURCHASE = "purchase"
    HOLD = "hold"
    SETTLEMENT = "settlement"
    RELEASE = "release"
    REFUND = "refund"


class Bucket(models.TextChoices):
    CREDITS = "credits"
    ALLOWANCE = "allowance"


class LedgerEntry(models.Model):
    """One movement, in minutes: never changed, never deleted.

    A hold is negative; a settlement is the (positive or zero) part of the hold that comes back
    when the job ends; a release is the whole of it. The reference of a hold and of what closes it
    is the hold's; its n-th extension's is the hold's with `:n` behind, from 2 on.
    """

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="entries")
    bucket = models.CharField(max_length=10, choices=Bucket.choices)
    allowance = models.ForeignKey(Allowance, null=True, blank=True, on_delete=models.PROTECT)
    hold = models.ForeignKey(
        Hold, null=True, blank=True, on_delete=models.PROTECT, related_name="entries"
    )
    kind = models.CharField(max_length=12, choices=EntryKind.choices)
    amount = models.BigIntegerField()
    # Unique with kind and bucket: what makes each movement happen at most once.
    reference = models.CharField(max_length=100)
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.UniqueConstraint(
                fields=["reference", "kind", "bucket"], name="billing_each_movement_once"
            )
        ]
        indexes = [models.Index(fields=["account", "bucket", "created_at"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount:+d} {self.bucket}"


class AnonymousUse(models.Model):
    """How often one network address was served without a key on one UTC day."""

    address_digest = models.CharField(max_length=64)  # keyed hash: the address itself is not stored
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("anonymous use")
        verbose_name_plural = _("anonymous uses")
        constraints = [
            models.UniqueConstraint(fields=["address_digest", "day"], name="billing_use_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.count}"
