"""A buyer, and a shop: the real library talking to a stand-in of Stripe, and hearing from it."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from billing.audit import check_ledger
from billing.models import BillingAccount, Payment, Plan
from billing.plans import account_for
from tests.accounts.people import Person, create_person
from tests.billing.stripe_server import WEBHOOK_SECRET, serve_stand_in, sign
from tests.billing.stripe_stand_in import SECRET_KEY, Object, StripeStandIn

CHECKOUT = "/api/v1/billing/checkout/"
WEBHOOK = "/api/v1/billing/stripe/webhook/"
PACK_CREDITS, PACK_CENTS = 100, 500


@dataclass(frozen=True)
class Shop:
    """What a buyer does, and what Stripe then does."""

    stripe: StripeStandIn
    person: Person

    @property
    def account(self) -> BillingAccount:
        return account_for(self.person.user)

    @property
    def credits(self) -> int:
        return self.account.credits_available

    def check_out(self, **offer: str) -> str:
        """Go to pay for an offer; return the id of Stripe's session."""
        answer = self.person.client.post(CHECKOUT, offer, content_type="application/json")
        assert answer.status_code == 200, answer.json()
        return str(answer.json()["url"]).rpartition("/")[2]

    def pay_for_pack(self) -> tuple[str, list[Object]]:
        """Buy 100 credits for 5.00; return the payment intent and the events, undelivered."""
        session_id = self.check_out(pack="credits-100")
        events = self.stripe.pay(session_id)
        return self.stripe.objects[session_id]["payment_intent"], events

    def buy_pack(self) -> str:
        """Buy 100 credits, and have Stripe report it; return the payment intent."""
        intent_id, events = self.pay_for_pack()
        self.deliver(events)
        return intent_id

    def subscribe(self) -> str:
        """Subscribe to the plan `gold`; return the subscription."""
        session_id = self.check_out(plan="gold")
        self.deliver(self.stripe.pay(session_id))
        return str(self.stripe.objects[session_id]["subscription"])

    def deliver(self, events: Iterable[Object]) -> None:
        for event in events:
            answer = post_event(event)
            assert answer.status_code == 200, answer.content

    def payment(self, intent_id: str) -> Payment:
        return Payment.objects.get(reference=intent_id)


def post_event(event: Object, **signing: Any) -> Any:
    body = json.dumps(event).encode()
    return post_body(body, signature=sign(body, **signing))


def post_body(body: bytes, *, signature: str) -> Any:
    return Client().post(
        WEBHOOK,
        body,
        content_type="application/json",
        headers={"Stripe-Signature": signature},
    )


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StripeStandIn]:
    with serve_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
def stripe(stand_in: StripeStandIn, settings: Settings) -> Iterator[StripeStandIn]:
    """A server with keys for Stripe; nothing that wasn't expected may reach Stripe."""
    settings.STRIPE_SECRET_KEY = SECRET_KEY
    settings.STRIPE_WEBHOOK_SECRET = WEBHOOK_SECRET
    settings.STRIPE_API_BASE = stand_in.url
    stand_in.requests.clear()
    stand_in.is_down = False
    yield stand_in
    assert stand_in.complaints == []


def make_shop(stripe: StripeStandIn, *, email: str = "owner@example.com") -> Shop:
    Plan.objects.get_or_create(
        pk="gold",
        defaults={
            "name": "Gold",
            "monthly_minutes": 3_000,
            "max_file_bytes": 2_000_000_000,
            "concurrency": 5,
            "price_cents": 1_500,
        },
    )
    return Shop(stripe, create_person(email))


@pytest.fixture
def shop(stripe: StripeStandIn, db: None) -> Iterator[Shop]:
    """One buyer. The ledger adds up after each test."""
    yield make_shop(stripe)
    assert check_ledger() == []
