"""Credits that a refund or a dispute takes back, and what is owed where they are spent.

There is no overdraft: what the account has is taken, the rest is owed (`Payment.credits_owed`), and
taken when there are credits again: of a job's hold that is released, of a later purchase, of a
grant. An operator may write a debt off. What is right follows from the payment's state alone, so
it doesn't matter how often and in which order the refunds and disputes behind it arrived.

The entries are of the kind `refund`, negative where credits are taken, positive where they are
returned (a dispute that was won, a refund that failed).
"""

import logging
from uuid import UUID

from django.db import transaction
from django.db.models import F

from billing.ledger import grant_credits
from billing.models import BillingAccount, Bucket, EntryKind, LedgerEntry, Payment

logger = logging.getLogger(__name__)


def correct_credits(payment: Payment) -> None:
    """Take or return what the payment's refunds and disputes call for.

    Within a transaction that has the payment to itself. Partial refunds count by their share of the
    price, rounded down to whole credits: in the buyer's favour.
    """
    due = _credits_due(payment)
    missing = due - payment.credits_taken - payment.credits_written_off
    if missing > 0:
        _take(payment, up_to=missing)
    elif missing < 0:
        _return(payment, amount=min(-missing, payment.credits_taken))
    owed = max(0, due - payment.credits_taken - payment.credits_written_off)
    if owed > payment.credits_owed:
        payment.needs_attention = True
        logger.warning("event=credits_owed payment_id=%s credits=%d", payment.pk, owed)
    payment.credits_owed = owed
    payment.save(update_fields=["credits_taken", "credits_owed", "corrections", "needs_attention"])


def collect_debts() -> int:
    """Take what accounts owe and have again; return how many credits that were."""
    collected = 0
    indebted = Payment.objects.filter(credits_owed__gt=0, account__credits_available__gt=0)
    for payment_id in list(indebted.order_by("paid_at").values_list("pk", flat=True)):
        with transaction.atomic():
            payment = _lock(payment_id)
            before = payment.credits_taken
            correct_credits(payment)
            collected += payment.credits_taken - before
    return collected


def write_off_debt(payment: Payment) -> int:
    """Cancel the debt of the payment; return how many credits that were."""
    with transaction.atomic():
        locked = _lock(payment.pk)
        forgiven = locked.credits_owed
        locked.credits_written_off += forgiven
        locked.credits_owed = 0
        locked.save(update_fields=["credits_written_off", "credits_owed"])
    return forgiven


def _lock(payment_id: UUID) -> Payment:
    return Payment.objects.select_for_update().get(pk=payment_id)


def _credits_due(payment: Payment) -> int:
    """How many of the payment's credits its refunds and disputes take, in all."""
    if payment.amount_cents == 0:
        return 0
    returned_cents = min(payment.amount_cents, payment.refunded_cents + payment.disputed_cents)
    return payment.credits * returned_cents // payment.amount_cents


def _take(payment: Payment, *, up_to: int) -> None:
    account = BillingAccount.objects.select_for_update().get(pk=payment.account_id)
    taken = min(up_to, account.credits_available)
    if taken == 0:
        return
    LedgerEntry.objects.create(
        account=account,
        bucket=Bucket.CREDITS,
        kind=EntryKind.REFUND,
        amount=-taken,
        reference=_next_reference(payment),
        reason=payment.checkout.name,
    )
    # The condition holds where no lock does.
    moved = BillingAccount.objects.filter(pk=account.pk, credits_available__gte=taken).update(
        credits_available=F("credits_available") - taken
    )
    if moved != 1:
        raise RuntimeError(f"Credits of account {account.pk} went while it was locked.")
    payment.credits_taken += taken


def _return(payment: Payment, *, amount: int) -> None:
    if amount == 0:
        return
    grant_credits(
        payment.account,
        amount=amount,
        reference=_next_reference(payment),
        reason=payment.checkout.name,
        kind=EntryKind.REFUND,
    )
    payment.credits_taken -= amount


def _next_reference(payment: Payment) -> str:
    """The n-th correction of a payment: of two that are made at once, the ledger takes one."""
    payment.corrections += 1
    return f"{payment.pk}:{payment.corrections}"
