"""The same events delivered at the same time: threads, each with a connection of its own."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from billing.audit import check_ledger
from billing.ledger import grant_credits
from billing.models import EntryKind, Invoice, LedgerEntry, Payment, StripeEvent
from billing.payments.corrections import collect_debts
from tests.billing.conftest import run_at_once
from tests.billing.payments.conftest import Shop, make_shop, post_event
from tests.billing.stripe_stand_in import Object, StripeStandIn

pytestmark = pytest.mark.database


@pytest.fixture
def shop(stripe: StripeStandIn, transactional_db: None) -> Iterator[Shop]:
    yield make_shop(stripe)
    assert check_ledger() == []


def deliver_at_once(events: list[Object]) -> None:
    answers = run_at_once(partial(post_event, event) for event in events)
    assert {answer.status_code for answer in answers} == {200}


def entries(kind: EntryKind) -> list[int]:
    return list(LedgerEntry.objects.filter(kind=kind).values_list("amount", flat=True))


def test_one_event_that_comes_16_times_at_once_happens_once(shop: Shop) -> None:
    _, events = shop.pay_for_pack()
    deliver_at_once(events[:1] * 16)
    assert (shop.credits, entries(EntryKind.PURCHASE)) == (100, [100])
    assert (Payment.objects.count(), Invoice.objects.count()) == (1, 2)
    assert StripeEvent.objects.exclude(processed_at=None).count() == 1


def test_all_that_happens_to_a_payment_reported_at_once_ends_in_what_is_true(shop: Shop) -> None:
    intent_id, events = shop.pay_for_pack()
    events += shop.stripe.refund(intent_id, 200)
    events += shop.stripe.dispute(intent_id)
    events += shop.stripe.close_dispute(intent_id, status="won")
    deliver_at_once(events * 3)
    assert shop.credits == 60
    assert sum(entries(EntryKind.REFUND)) == -40


def test_numbers_have_no_gap_when_many_pay_at_once(shop: Shop) -> None:
    events = [event for _ in range(8) for event in shop.pay_for_pack()[1]]
    deliver_at_once(events)
    numbers = Invoice.objects.filter(kind="invoice").values_list("number", flat=True)
    assert sorted(int(number[-5:]) for number in numbers) == list(range(1, 9))
    assert shop.credits == 800


def test_a_subscription_reported_at_once_is_one_and_gives_its_plan(shop: Shop) -> None:
    session_id = shop.check_out(plan="gold")
    deliver_at_once(shop.stripe.pay(session_id) * 3)
    assert shop.account.plan_id == "gold"
    assert (shop.account.subscriptions.count(), Payment.objects.count()) == (1, 1)


def test_who_read_earlier_and_writes_later_changes_nothing(shop: Shop) -> None:
    intent_id, events = shop.pay_for_pack()
    path = f"/v1/payment_intents/{intent_id}"
    with ThreadPoolExecutor(1) as thread:
        with shop.stripe.holding_back(path) as is_made:
            late = thread.submit(run_at_once, [partial(post_event, events[0])])
            assert is_made.wait(20)
            shop.deliver(shop.stripe.refund(intent_id, 500))
            assert shop.credits == 0
        assert [answer.status_code for answer in late.result()] == [200]
    assert shop.credits == 0
    assert shop.payment(intent_id).refunded_cents == 500


def test_a_debt_is_collected_once_while_credits_come_in(shop: Shop) -> None:
    intent_id = shop.buy_pack()
    account = shop.account
    gift = partial(grant_credits, account, amount=30, reason="test")
    shop.deliver(shop.stripe.refund(intent_id, 250))
    take_all = shop.stripe.refund(intent_id, 250)
    calls: list[Callable[[], object]] = [
        partial(gift, reference=f"gift-{number}") for number in range(4)
    ]
    calls += [collect_debts] * 4
    calls += [partial(post_event, event) for event in take_all]
    run_at_once(calls)
    collect_debts()
    assert shop.credits == 120
    assert sum(entries(EntryKind.REFUND)) == -100
