"""Refunds and disputes: credits go and come back, never below zero, and what is owed is known."""

import pytest

from billing.ledger import grant_credits, place_hold, release_hold, settle_hold
from billing.models import DisputeState, EntryKind, LedgerEntry
from billing.payments.corrections import collect_debts, write_off_debt
from tests.billing.payments.conftest import Shop


def corrections() -> list[int]:
    entries = LedgerEntry.objects.filter(kind=EntryKind.REFUND).order_by("pk")
    return list(entries.values_list("amount", flat=True))


def use(shop: Shop, credits: int, *, job: str = "job") -> None:
    """Use the free minutes of the month and `credits`."""
    minutes = 600 + credits
    place_hold(job, account=shop.account, minutes=minutes)
    settle_hold(job, billed_ms=minutes * 60_000)


def test_a_full_refund_takes_all_credits_back(shop: Shop) -> None:
    intent_id = shop.buy_pack()
    shop.deliver(shop.stripe.refund(intent_id, 500))
    assert (shop.credits, corrections()) == (0, [-100])
    assert shop.payment(intent_id).credits_owed == 0


@pytest.mark.parametrize(("cents", "taken"), [(1, 0), (5, 1), (250, 50), (499, 99), (500, 100)])
def test_a_partial_refund_takes_its_share_rounded_down(shop: Shop, cents: int, taken: int) -> None:
    intent_id = shop.buy_pack()
    shop.deliver(shop.stripe.refund(intent_id, cents))
    assert shop.credits == 100 - taken


def test_partial_refunds_add_up(shop: Shop) -> None:
    intent_id = shop.buy_pack()
    for _ in range(5):
        shop.deliver(shop.stripe.refund(intent_id, 99))
    assert shop.credits == 1  # 495 of 500 cents: 99 of 100 credits, not 5 times 19


def test_a_refund_that_fails_gives_the_credits_back(shop: Shop) -> None:
    intent_id = shop.buy_pack()
    shop.deliver(shop.stripe.refund(intent_id, 500))
    shop.deliver(shop.stripe.fail_refund(intent_id, 500))
    assert (shop.credits, corrections()) == (100, [-100, 100])
    assert shop.payment(intent_id).needs_attention


def test_what_is_spent_is_owed_and_reported(shop: Shop) -> None:
    intent_id = shop.buy_pack()
    use(shop, 70)
    shop.deliver(shop.stripe.refund(intent_id, 500))
    payment = shop.payment(intent_id)
    assert (shop.credits, payment.credits_taken, payment.credits_owed) == (0, 30, 70)
    assert payment.needs_attention


def test_what_is_owed_is_taken_when_a_job_gives_credits_back(shop: Shop) -> None:
    intent_id = shop.buy_pack()
    place_hold("job", account=shop.account, minutes=700)
    shop.deliver(shop.stripe.refund(intent_id, 500))
    release_hold("job")
    assert collect_debts() == 100
    assert (shop.credits, shop.payment(intent_id).credits_owed) == (0, 0)
    assert collect_debts() == 0


def test_a_debt_that_is_written_off_is_not_taken(shop: Shop) -> None:
    intent_id = shop.buy_pack()
    use(shop, 100)
    events = shop.stripe.refund(intent_id, 500)
    shop.deliver(events)
    assert write_off_debt(shop.payment(intent_id)) == 100
    grant_credits(shop.account, amount=50, reference="gift", reason="test")
    assert collect_debts() == 0
    shop.deliver([shop.stripe.event("charge.refunded", shop.stripe.charge_of(intent_id))])
    assert shop.credits == 50


def test_a_dispute_takes_the_credits_and_a_won_one_returns_them(shop: Shop) -> None:
    intent_id = shop.buy_pack()
    shop.deliver(shop.stripe.dispute(intent_id))
    payment = shop.payment(intent_id)
    assert (shop.credits, payment.dispute_state) == (0, DisputeState.OPEN)
    assert payment.needs_attention
    shop.deliver(shop.stripe.close_dispute(intent_id, status="won"))
    assert (shop.credits, shop.payment(intent_id).dispute_state) == (100, DisputeState.WON)


def test_a_lost_dispute_retains_the_credits(shop: Shop) -> None:
    intent_id = shop.buy_pack()
    shop.deliver(shop.stripe.dispute(intent_id))
    shop.deliver(shop.stripe.close_dispute(intent_id, status="lost"))
    assert (shop.credits, corrections()) == (0, [-100])


def test_an_inquiry_is_reported_and_takes_nothing(shop: Shop) -> None:
    intent_id = shop.buy_pack()
    shop.deliver(shop.stripe.dispute(intent_id, status="warning_needs_response"))
    assert shop.credits == 100
    assert shop.payment(intent_id).needs_attention


def test_a_dispute_of_what_is_left_after_a_refund_takes_no_more_than_was_sold(shop: Shop) -> None:
    grant_credits(shop.account, amount=40, reference="gift", reason="test")
    intent_id = shop.buy_pack()
    shop.deliver(shop.stripe.refund(intent_id, 250))
    shop.deliver(shop.stripe.dispute(intent_id))
    assert shop.credits == 40


def test_a_late_old_event_changes_nothing(shop: Shop) -> None:
    intent_id, events = shop.pay_for_pack()
    opened = shop.stripe.dispute(intent_id)
    closed = shop.stripe.close_dispute(intent_id, status="won")
    shop.deliver([*closed, *opened, *events])
    assert (shop.credits, shop.payment(intent_id).dispute_state) == (100, DisputeState.WON)
