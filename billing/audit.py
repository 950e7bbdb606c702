"""Proves the ledger: each cached balance is the sum of the entries that explain it.

Sums are made by the database, one statement for each kind of balance; a statement sees one moment,
and a balance moves in one transaction with its entry, so the check can run beside live traffic.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Case, F, IntegerField, Q, Sum, Value, When
from django.db.models.functions import Coalesce

from billing.models import Allowance, BillingAccount, Bucket, EntryKind, Hold, HoldState


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """One figure that its entries don't explain. `subject`: whose, with its id."""

    subject: str
    figure: str
    cached: int
    summed: int

    def __str__(self) -> str:
        return f"{self.subject}: {self.figure} is {self.cached}, its entries sum to {self.summed}"


def check_ledger() -> list[Discrepancy]:
    """Return every figure of every account that differs from its sum. Five queries in all."""
    return [
        *_check_credits(),
        *_check_allowances(),
        *_check_holds(Bucket.CREDITS, held="credit_minutes", settled="settled_credit_minutes"),
        *_check_holds(
            Bucket.ALLOWANCE, held="allowance_minutes", settled="settled_allowance_minutes"
        ),
    ]


def _check_credits() -> Iterator[Discrepancy]:
    accounts = (
        BillingAccount.objects.annotate(summed=_sum_of(Q(entries__bucket=Bucket.CREDITS)))
        .exclude(summed=F("credits_available"))
        .values_list("pk", "credits_available", "summed")
    )
    for account_id, cached, summed in accounts:
        yield Discrepancy(
            subject=f"account {account_id}", figure="credits", cached=cached, summed=summed
        )


def _check_allowances() -> Iterator[Discrepancy]:
    """What is available is the sum of all entries; what was granted, of those that grant."""
    is_grant = Q(ledgerentry__kind=EntryKind.ALLOWANCE)
    for figure, which in (("minutes_available", Q()), ("minutes_granted", is_grant)):
        allowances = (
            Allowance.objects.annotate(
                summed=Coalesce(Sum("ledgerentry__amount", filter=which or None), 0)
            )
            .exclude(summed=F(figure))
            .values_list("pk", figure, "summed")
        )
        for allowance_id, cached, summed in allowances:
            yield Discrepancy(
                subject=f"allowance {allowance_id}", figure=figure, cached=cached, summed=summed
            )


def _check_holds(bucket: Bucket, *, held: str, settled: str) -> Iterator[Discrepancy]:
    """A hold's entries sum to what it still takes: all, what was settled, or nothing."""
    taken = Case(
        When(state=HoldState.HELD, then=F(held)),
        When(state=HoldState.SETTLED, then=F(settled)),
        default=Value(0),
        output_field=IntegerField(),
    )
    holds = (
        Hold.objects.annotate(summed=_sum_of(Q(entries__bucket=bucket)), taken=taken)
        .exclude(summed=0 - F("taken"))
        .values_list("reference", "taken", "summed")
    )
    for reference, cached, summed in holds:
        yield Discrepancy(
            subject=f"hold {reference}", figure=f"{bucket} taken", cached=-cached, summed=summed
        )


def _sum_of(entries: Q) -> Coalesce:
    return Coalesce(Sum("entries__amount", filter=entries), 0)
