"""GET /api/v1/billing/plans/, POST checkout/ and portal/: offers, and the way to Stripe's pages."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from billing.models import Checkout, CreditPack, Plan, StripeCustomer
from tests.accounts.people import create_person
from tests.billing.payments.conftest import CHECKOUT, PACK_CENTS, Shop
from tests.billing.stripe_stand_in import StripeStandIn

OFFERS = "/api/v1/billing/plans/"
PORTAL = "/api/v1/billing/portal/"


def ask(client: Client, body: object, **headers: str) -> Any:
    return client.post(CHECKOUT, body, content_type="application/json", headers=headers)


def test_offers_need_no_key(shop: Shop) -> None:
    shown = Client().get(OFFERS).json()
    assert shown["can_buy"] is True
    assert [plan["id"] for plan in shown["plans"]] == ["free", "gold"]
    assert shown["packs"][0] == {
        "id": "credits-100",
        "name": "100 credits",
        "credits": 100,
        "price_cents": PACK_CENTS,
        "currency": "USD",
    }


def test_what_is_no_longer_offered_is_neither_shown_nor_sold(shop: Shop) -> None:
    CreditPack.objects.filter(pk="credits-100").update(is_offered=False)
    assert "credits-100" not in str(Client().get(OFFERS).json())
    answer = ask(shop.person.client, {"pack": "credits-100"})
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_offer")
    assert "credits-500" in answer.json()["error"]


def test_a_checkout_leads_to_stripe_with_what_was_offered(shop: Shop) -> None:
    session_id = shop.check_out(pack="credits-100")
    _, _, form = shop.stripe.requests[-1]
    assert form["line_items[0][price_data][unit_amount]"] == str(PACK_CENTS)
    assert form["line_items[0][price_data][currency]"] == "usd"
    assert form["line_items[0][price_data][product_data][name]"] == "100 credits"
    assert form["success_url"] == "http://testserver/billing/?paid=1"
    assert form["cancel_url"] == "http://testserver/billing/"
    checkout = Checkout.objects.get()
    assert shop.stripe.objects[session_id]["client_reference_id"] == str(checkout.pk)
    assert (checkout.credits, checkout.amount_cents) == (100, PACK_CENTS)
    assert shop.credits == 0


def test_a_plan_is_paid_every_month(shop: Shop) -> None:
    shop.check_out(plan="gold")
    _, _, form = shop.stripe.requests[-1]
    assert form["mode"] == "subscription"
    assert form["line_items[0][price_data][recurring][interval]"] == "month"


def test_one_account_is_one_customer(shop: Shop) -> None:
    for _ in range(2):
        shop.check_out(pack="credits-100")
    paths = [path for _, path, _ in shop.stripe.requests]
    assert paths.count("/v1/customers") == 1
    assert StripeCustomer.objects.count() == 1


def test_the_same_idempotency_key_leads_to_the_same_page(shop: Shop) -> None:
    first, again = (
        ask(shop.person.client, {"pack": "credits-100"}, **{"Idempotency-Key": "k1"}).json()
        for _ in range(2)
    )
    other = ask(shop.person.client, {"pack": "credits-100"}, **{"Idempotency-Key": "k2"}).json()
    assert first == again != other
    reused = ask(shop.person.client, {"pack": "credits-500"}, **{"Idempotency-Key": "k1"})
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    eve = create_person("eve@example.com")
    assert ask(eve.client, {"pack": "credits-100"}, **{"Idempotency-Key": "k1"}).json() != first


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_of_ten_at_once_with_one_key_one_opens_a_page(shop: Shop) -> None:
    def ask_one(_: int) -> tuple[int, Any]:
        try:
            client = Client()
            client.force_login(shop.person.user)
            answer = ask(client, {"pack": "credits-100"}, **{"Idempotency-Key": "once"})
            return answer.status_code, answer.json()
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(ask_one, range(10)))

    urls = {body["url"] for status, body in answers if status == 200}
    codes = {body["code"] for status, body in answers if status != 200}
    assert (len(urls), codes | {"idempotency_key_in_use"}) == (1, {"idempotency_key_in_use"})
    assert Checkout.objects.count() == 1
    paths = [path for _, path, _ in shop.stripe.requests]
    assert paths.count("/v1/checkout/sessions") == 1


def test_a_repeated_answer_states_that_it_is_one(shop: Shop) -> None:
    answers = [
        ask(shop.person.client, {"pack": "credits-100"}, **{"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, "true"]
    assert answers[0].headers["Content-Type"] == answers[1].headers["Content-Type"]


def test_what_is_no_idempotency_key_is_refused(shop: Shop) -> None:
    answer = ask(shop.person.client, {"pack": "credits-100"}, **{"Idempotency-Key": "a b"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")
    assert not Checkout.objects.exists()


def test_while_stripe_is_down_it_is_503_and_works_later_with_the_same_key(shop: Shop) -> None:
    shop.stripe.is_down = True
    refused = ask(shop.person.client, {"pack": "credits-100"}, **{"Idempotency-Key": "k"})
    assert (refused.status_code, refused.json()["code"]) == (503, "payments_unavailable")
    assert refused.headers["Retry-After"] == "60"
    shop.stripe.is_down = False
    answer = ask(shop.person.client, {"pack": "credits-100"}, **{"Idempotency-Key": "k"})
    assert answer.status_code == 200


def test_a_second_subscription_is_refused(shop: Shop) -> None:
    shop.subscribe()
    answer = ask(shop.person.client, {"plan": "gold"})
    assert (answer.status_code, answer.json()["code"]) == (409, "already_subscribed")


def test_the_portal_is_the_customers(shop: Shop) -> None:
    refused = shop.person.client.post(PORTAL)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_customer")
    shop.check_out(pack="credits-100")
    url = shop.person.client.post(PORTAL).json()["url"]
    portal = shop.stripe.objects[url.rpartition("/")[2]]
    assert portal["customer"] == StripeCustomer.objects.get().customer_id


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "unknown_offer"),
        ({"pack": "credits-100", "plan": "gold"}, "unknown_offer"),
        ({"pack": "credits-1"}, "unknown_offer"),
        ({"plan": "free"}, "unknown_offer"),
        ({"plan": "local"}, "unknown_offer"),
        ({"pack": ["credits-100"]}, "invalid_value"),
        ([], "invalid_value"),
    ],
)
def test_what_is_not_on_sale_is_400(shop: Shop, body: object, code: str) -> None:
    answer = ask(shop.person.client, body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Checkout.objects.exists()


def test_without_keys_for_stripe_it_is_503_with_a_sentence(db: None) -> None:
    person = create_person("owner@example.com")
    answers = [ask(person.client, {"pack": "credits-100"}), person.client.post(PORTAL)]
    answers.append(Client().post("/api/v1/billing/stripe/webhook/", {}, "application/json"))
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "not_configured")
        assert "Ask its operator" in answer.json()["error"]
    assert Client().get(OFFERS).json()["can_buy"] is False


@pytest.mark.parametrize("url", [CHECKOUT, PORTAL])
def test_without_a_key_it_is_401_and_with_a_narrow_one_403(
    stripe: StripeStandIn, db: None, url: str
) -> None:
    assert Client().post(url, {}, content_type="application/json").status_code == 401
    narrow = create_person("owner@example.com", scopes=("read",))
    answer = narrow.client.post(url, {}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")


@pytest.mark.parametrize(("method", "url"), [("get", CHECKOUT), ("get", PORTAL), ("post", OFFERS)])
def test_another_method_is_405(shop: Shop, method: str, url: str) -> None:
    answer = getattr(shop.person.client, method)(url)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_a_customer_who_was_deleted_at_stripe_is_made_again(shop: Shop) -> None:
    shop.check_out(pack="credits-100")
    deleted = StripeCustomer.objects.get().customer_id
    del shop.stripe.objects[deleted]
    assert ask(shop.person.client, {"pack": "credits-100"}).status_code == 503
    shop.check_out(pack="credits-100")
    assert StripeCustomer.objects.get().customer_id != deleted


def test_an_edited_pack_is_sold_as_it_was_offered(shop: Shop) -> None:
    session_id = shop.check_out(pack="credits-100")
    CreditPack.objects.filter(pk="credits-100").update(credits=1, price_cents=9)
    shop.deliver(shop.stripe.pay(session_id))
    assert shop.credits == 100


def test_plans_without_a_price_are_not_shown(shop: Shop) -> None:
    Plan.objects.filter(pk="gold").update(price_cents=0)
    assert [plan["id"] for plan in Client().get(OFFERS).json()["plans"]] == ["free"]
