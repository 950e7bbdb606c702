"""A subscription gives its plan, for as long as it lives."""

import pytest

from accounts.services.user_data import all_user_data
from billing.ledger import read_balance
from billing.models import Payment, Subscription
from billing.plans import change_plan
from tests.billing.payments.conftest import Shop
from tests.billing.stripe_server import WEBHOOK_SECRET
from tests.billing.stripe_stand_in import SECRET_KEY


def test_a_subscription_gives_its_plan(shop: Shop) -> None:
    subscription_id = shop.subscribe()
    assert shop.account.plan_id == "gold"
    assert read_balance(shop.account).minutes_left == 3_000
    subscription = Subscription.objects.get()
    assert (subscription.stripe_id, subscription.status) == (subscription_id, "active")
    assert subscription.period_end is not None
    payment = Payment.objects.get()
    assert (payment.amount_cents, payment.credits, shop.credits) == (1_500, 0, 0)


def test_its_events_come_in_any_order(shop: Shop) -> None:
    session_id = shop.check_out(plan="gold")
    events = shop.stripe.pay(session_id)
    subscription_id = shop.stripe.objects[session_id]["subscription"]
    ended = shop.stripe.set_status(subscription_id, "canceled")
    shop.deliver([*ended, *reversed(events), *ended])
    assert shop.account.plan_id == "free"
    assert Subscription.objects.get().status == "canceled"
    assert Payment.objects.count() == 1


def test_each_month_is_one_payment(shop: Shop) -> None:
    subscription_id = shop.subscribe()
    for _ in range(2):
        shop.deliver(shop.stripe.renew(subscription_id) * 2)
    assert Payment.objects.count() == 3


@pytest.mark.parametrize(
    ("status", "plan"),
    [
        ("past_due", "gold"),
        ("trialing", "gold"),
        ("unpaid", "free"),
        ("paused", "free"),
        ("canceled", "free"),
        ("incomplete_expired", "free"),
    ],
)
def test_the_plan_follows_the_status(shop: Shop, status: str, plan: str) -> None:
    subscription_id = shop.subscribe()
    shop.deliver(shop.stripe.set_status(subscription_id, status))
    assert shop.account.plan_id == plan
    shop.deliver(shop.stripe.set_status(subscription_id, "active"))
    assert shop.account.plan_id == "gold"


def test_what_an_operator_sets_in_between_stays(shop: Shop) -> None:
    subscription_id = shop.subscribe()
    change_plan(shop.account, plan_id="local")
    shop.deliver(shop.stripe.renew(subscription_id))
    assert shop.account.plan_id == "local"
    shop.deliver(shop.stripe.set_status(subscription_id, "canceled"))
    assert shop.account.plan_id == "local"


def test_after_one_ends_the_next_can_begin(shop: Shop) -> None:
    shop.deliver(shop.stripe.set_status(shop.subscribe(), "canceled"))
    shop.subscribe()
    assert shop.account.plan_id == "gold"


def test_a_refunded_month_is_noted_whichever_event_comes_first(shop: Shop) -> None:
    subscription_id = shop.subscribe()
    events = shop.stripe.renew(subscription_id)
    intent_id = events[0]["data"]["object"]["id"]
    shop.deliver([*shop.stripe.refund(intent_id, 1_500), *events])
    assert shop.payment(intent_id).refunded_cents == 1_500
    assert shop.account.plan_id == "gold"


def test_who_leaves_is_not_charged_again(shop: Shop) -> None:
    subscription_id = shop.subscribe()
    account = shop.account
    for user_data in all_user_data():
        user_data.remove(shop.person.user)
    assert shop.stripe.objects[subscription_id]["status"] == "canceled"
    stripe_event = shop.stripe.event(
        "customer.subscription.deleted", shop.stripe.objects[subscription_id]
    )
    shop.deliver([stripe_event])
    account.refresh_from_db()
    assert (account.user, account.plan_id) == (None, "free")


def test_of_two_that_were_paid_at_once_the_other_goes_on_when_one_ends(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = shop.check_out(plan="gold"), shop.check_out(plan="gold")
    shop.deliver(shop.stripe.pay(first))
    shop.deliver(shop.stripe.pay(second))
    assert "event=second_subscription" in caplog.text
    shop.deliver(shop.stripe.set_status(shop.stripe.objects[second]["subscription"], "canceled"))
    assert shop.account.plan_id == "gold"
    shop.deliver(shop.stripe.set_status(shop.stripe.objects[first]["subscription"], "canceled"))
    assert shop.account.plan_id == "free"


def test_no_key_of_stripes_reaches_a_log(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    shop.subscribe()
    shop.stripe.is_down = True
    shop.person.client.post(
        "/api/v1/billing/checkout/", {"pack": "credits-100"}, content_type="application/json"
    )
    assert "event=stripe_failed" in caplog.text
    assert SECRET_KEY not in caplog.text
    assert WEBHOOK_SECRET not in caplog.text
