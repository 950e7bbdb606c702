"""In any order of events and deliveries, we end up with what is true at Stripe."""

import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.audit import check_ledger
from billing.ledger import NoCreditsError, place_hold, release_hold, settle_hold
from billing.models import EntryKind, Invoice, LedgerEntry
from billing.payments.corrections import collect_debts
from tests.billing.payments.conftest import Shop, make_shop
from tests.billing.stripe_stand_in import Object, StripeStandIn

_HAPPENINGS = ("refund", "fail_refund", "dispute", "won", "lost", "buy", "use", "hold", "deliver")


class Story:
    """One buyer. Events pile up; `deliver` hands half over, shuffled, and old ones again."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop = shop
        self.choose = random.Random(seed)
        self.pending: list[Object] = []
        self.reported: list[Object] = []
        self.intents: list[str] = []
        self.jobs = 0

    def report(self, what: str) -> None:
        happening: Callable[[], None] = getattr(self, what)
        happening()
        assert check_ledger() == []
        assert self.shop.credits >= 0

    def buy(self) -> None:
        if len(self.intents) < 3:
            intent_id, events = self.shop.pay_for_pack()
            self.intents.append(intent_id)
            self.pending += events

    def refund(self) -> None:
        for intent_id in self.intents[-1:]:
            charge = self.shop.stripe.charge_of(intent_id)
            left = charge["amount"] - charge["amount_refunded"]
            if left and not charge["disputed"]:
                self.pending += self.shop.stripe.refund(intent_id, self.choose.randint(1, left))

    def fail_refund(self) -> None:
        for intent_id in self.intents[-1:]:
            refunded = self.shop.stripe.charge_of(intent_id)["amount_refunded"]
            if refunded:
                self.pending += self.shop.stripe.fail_refund(intent_id, refunded)

    def dispute(self) -> None:
        for intent_id in self.intents[:1]:
            if not self.shop.stripe.charge_of(intent_id)["disputed"]:
                self.pending += self.shop.stripe.dispute(intent_id)

    def won(self) -> None:
        self.close("won")

    def lost(self) -> None:
        self.close("lost")

    def close(self, status: str) -> None:
        for intent_id in self.intents[:1]:
            if self.shop.stripe.charge_of(intent_id)["disputed"]:
                self.pending += self.shop.stripe.close_dispute(intent_id, status=status)

    def use(self) -> None:
        self.job(settle=True)

    def hold(self) -> None:
        self.job(settle=False)

    def job(self, *, settle: bool) -> None:
        self.jobs += 1
        reference = f"job-{self.shop.person.user.pk}-{self.jobs}"
        try:
            place_hold(reference, account=self.shop.account, minutes=self.choose.randint(1, 700))
        except NoCreditsError:
            return
        self.deliver()
        if settle:
            settle_hold(reference, billed_ms=self.choose.randint(1, 700) * 60_000)
        else:
            release_hold(reference)
        collect_debts()

    def deliver(self) -> None:
        self.choose.shuffle(self.pending)
        now, self.pending = self.pending[::2], self.pending[1::2]
        again = self.choose.sample(self.reported, min(2, len(self.reported)))
        self.shop.deliver([*now, *again])
        self.reported += now

    def finish(self) -> None:
        self.choose.shuffle(self.pending)
        self.shop.deliver(self.pending)
        collect_debts()

    def expected_loss(self, intent_id: str) -> int:
        """Credits of a payment that refunds and disputes take, by what Stripe has in the end."""
        objects = self.shop.stripe.objects.values()
        charge = self.shop.stripe.charge_of(intent_id)
        withdrawn = sum(
            each["amount"]
            for each in objects
            if each["object"] == "dispute"
            and each["payment_intent"] == intent_id
            and each["status"] != "won"
        )
        withdrawn_amount = min(charge["amount"], charge["amount_refunded"] + withdrawn)
        return 100 * int(withdrawn_amount) // int(charge["amount"])


@pytest.mark.database
@pytest.mark.django_db
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    happenings=st.lists(st.sampled_from(_HAPPENINGS), min_size=3, max_size=14),
    seed=st.integers(0, 2**32),
)
def test_we_end_up_with_what_is_true_at_stripe(
    stripe: StripeStandIn, happenings: list[str], seed: int
) -> None:
    shop = make_shop(stripe, email=f"person-{seed}-{len(stripe.objects)}@example.com")
    story = Story(shop, seed)
    for what in ("buy", *happenings):
        story.report(what)
    story.finish()
    assert check_ledger() == []
    for intent_id in story.intents:
        payment = shop.payment(intent_id)
        assert payment.credits_taken + payment.credits_owed == story.expected_loss(intent_id)
        assert payment.credits_owed == 0 or shop.credits == 0
        documents = Invoice.objects.filter(payment=payment)
        assert documents.exclude(kind="credit_note").count() == 2
    bought = LedgerEntry.objects.filter(account=shop.account, kind=EntryKind.PURCHASE)
    assert sorted(bought.values_list("reference", flat=True)) == sorted(story.intents)
