"""POST /api/v1/billing/stripe/webhook/: who may send events, and that each takes effect once."""

import itertools
import json
import time

import pytest
from django.test import Client

from billing.models import EntryKind, LedgerEntry, Payment, StripeEvent
from tests.billing.payments.conftest import WEBHOOK, Shop, post_body, post_event
from tests.billing.stripe_server import sign


def purchases() -> list[tuple[str, int]]:
    entries = LedgerEntry.objects.filter(kind=EntryKind.PURCHASE)
    return list(entries.values_list("reference", "amount"))


def test_a_paid_pack_is_credits(shop: Shop) -> None:
    intent_id = shop.buy_pack()
    assert shop.credits == 100
    assert purchases() == [(intent_id, 100)]
    payment = shop.payment(intent_id)
    assert (payment.amount_cents, payment.currency, payment.needs_attention) == (500, "USD", False)


def test_an_event_that_comes_again_changes_nothing(shop: Shop) -> None:
    _, events = shop.pay_for_pack()
    shop.deliver(events * 3)
    assert shop.credits == 100
    assert StripeEvent.objects.count() == len(events)
    assert not StripeEvent.objects.filter(processed_at=None).exists()


def test_two_events_of_one_payment_are_one_purchase(shop: Shop) -> None:
    intent_id, events = shop.pay_for_pack()
    session = events[-1]["data"]["object"]
    events.append(shop.stripe.event("checkout.session.async_payment_succeeded", session))
    shop.deliver(events)
    assert purchases() == [(intent_id, 100)]


def test_two_payments_are_two_purchases(shop: Shop) -> None:
    first, second = shop.buy_pack(), shop.buy_pack()
    assert sorted(purchases()) == sorted([(first, 100), (second, 100)])


def test_a_session_that_is_complete_but_not_paid_is_nothing_yet(shop: Shop) -> None:
    intent_id, events = shop.pay_for_pack()
    shop.stripe.objects[intent_id]["status"] = "processing"
    shop.deliver(events[1:])
    assert not Payment.objects.exists()
    shop.stripe.objects[intent_id]["status"] = "succeeded"
    shop.deliver(events[:1])
    assert shop.credits == 100


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_a_purchase_and_its_refund_come_in_any_order(shop: Shop, order: tuple[int, ...]) -> None:
    intent_id, events = shop.pay_for_pack()
    events += shop.stripe.refund(intent_id, 500)
    shop.deliver(events[place] for place in order)
    assert shop.credits == 0
    assert shop.payment(intent_id).credits_taken == 100


def test_less_than_the_price_buys_nothing_and_is_reported(shop: Shop) -> None:
    intent_id, events = shop.pay_for_pack()
    shop.stripe.objects[intent_id]["amount_received"] = 499
    shop.deliver(events)
    assert (shop.credits, shop.payment(intent_id).needs_attention) == (0, True)


def test_while_stripe_is_down_an_event_is_refused_and_done_when_it_comes_again(shop: Shop) -> None:
    _, events = shop.pay_for_pack()
    shop.stripe.is_down = True
    answer = post_event(events[0])
    assert (answer.status_code, answer.json()["code"]) == (503, "payments_unavailable")
    assert shop.credits == 0
    shop.stripe.is_down = False
    shop.deliver(events[:1])
    assert shop.credits == 100


@pytest.mark.parametrize(
    "signing",
    [
        {"secret": "whsec_somebody_else"},
        {"at": time.time() - 3600},
    ],
)
def test_what_stripe_did_not_sign_just_now_is_400_and_nothing(
    shop: Shop, signing: dict[str, object]
) -> None:
    _, events = shop.pay_for_pack()
    answer = post_event(events[0], **signing)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
    assert (shop.credits, StripeEvent.objects.count()) == (0, 0)


def test_a_changed_body_or_no_signature_is_400(shop: Shop) -> None:
    _, events = shop.pay_for_pack()
    body = json.dumps(events[0]).encode()
    for sent, signature in [
        (body + b" ", sign(body)),
        (body, ""),
        (body, "t=now,v1=x"),
        (b"\xff", sign(b"\xff")),
        (b"{}", sign(b"{}")),
        (b"", ""),
    ]:
        assert post_body(sent, signature=signature).status_code == 400
    assert shop.credits == 0


def test_what_is_not_for_us_is_taken_and_changes_nothing(shop: Shop) -> None:
    intent_id, events = shop.pay_for_pack()
    shop.stripe.objects[intent_id]["metadata"] = {}
    foreign = [
        shop.stripe.event("customer.created", {"id": "cus_1", "object": "customer"}),
        shop.stripe.event("invoice.upcoming", {"object": "invoice"}),
        shop.stripe.event("charge.refunded", {"id": "ch_1", "payment_intent": None}),
        shop.stripe.event("payment_intent.succeeded", {"id": "pi_of_another_account"}),
        shop.stripe.event("customer.subscription.updated", {"id": "sub_of_another_account"}),
    ]
    shop.deliver([*events, *foreign])
    assert (Payment.objects.count(), shop.credits) == (0, 0)


def test_it_needs_neither_a_key_nor_a_csrf_token_and_takes_only_post(shop: Shop) -> None:
    _, events = shop.pay_for_pack()
    body = json.dumps(events[0]).encode()
    client = Client(enforce_csrf_checks=True, headers={"Stripe-Signature": sign(body)})
    assert client.post(WEBHOOK, body, content_type="application/json").status_code == 200
    assert client.get(WEBHOOK).status_code == 405
