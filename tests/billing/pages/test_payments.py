"""/billing/: what one has, what one can buy, what one paid, and where credits went."""

from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format
from pytest_django import DjangoAssertNumQueries

from billing.ledger import grant_credits, place_hold, settle_hold
from billing.models import Invoice
from billing.plans import account_for
from tests.accounts.people import create_person
from tests.billing.payments.conftest import Shop, shop, stand_in, stripe

__all__ = ["shop", "stand_in", "stripe"]  # fixtures

URL = "/billing/"


@pytest.fixture
def browser(shop: Shop) -> Client:
    client = Client()
    client.force_login(shop.person.user)
    return client


def test_it_shows_offers_purchases_and_movements(shop: Shop, browser: Client) -> None:
    shop.buy_pack()
    shop.subscribe()
    page = browser.get(URL).content.decode()
    invoice = Invoice.objects.filter(kind="invoice").latest("number")
    for part in (
        "2000 credits",
        "60.00 USD",
        "Gold",
        "Gold is renewed on",
        f"/api/v1/billing/invoices/{invoice.pk}/",
        invoice.number,
        "Bought: 100 credits",
        "+100",
        "Manage payments",
    ):
        assert part in page
    assert browser.get(f"/api/v1/billing/invoices/{invoice.pk}/").status_code == 200


@pytest.mark.parametrize("offer", [{"pack": "credits-100"}, {"plan": "gold"}])
def test_buying_leads_to_stripe(shop: Shop, browser: Client, offer: dict[str, str]) -> None:
    answer = browser.post("/billing/checkout/", offer)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("https://checkout.stripe.example/cs_")


def test_the_portal_leads_to_stripe(shop: Shop, browser: Client) -> None:
    shop.buy_pack()
    answer = browser.post("/billing/portal/")
    assert answer.headers["Location"].startswith("https://billing.stripe.example/")


def test_what_can_not_be_bought_is_shown_on_the_page(shop: Shop, browser: Client) -> None:
    answer = browser.post("/billing/checkout/", {"pack": "credits-7"}, follow=True)
    assert answer.redirect_chain == [(URL, 302)]
    assert "no pack “credits-7” on sale" in answer.content.decode()
    assert (
        "not bought anything yet" in browser.post("/billing/portal/", follow=True).content.decode()
    )


def test_without_keys_for_stripe_there_are_no_buttons(db: None) -> None:
    person, client = create_person("owner@example.com"), Client()
    client.force_login(person.user)
    page = client.get(URL).content.decode()
    assert "take payments" in page
    assert "/billing/checkout/" not in page
    refused = client.post("/billing/checkout/", {"pack": "credits-100"}, follow=True)
    assert "take payments" in refused.content.decode()


def test_it_is_ones_own(shop: Shop, browser: Client) -> None:
    eve = create_person("eve@example.com")
    grant_credits(account_for(eve.user), amount=777, reference="gift", reason="for eve")
    assert "for eve" not in browser.get(URL).content.decode()


def test_it_needs_a_log_in_a_form_and_the_right_method(shop: Shop, browser: Client) -> None:
    assert Client().get(URL).headers["Location"].startswith("/account/login/")
    assert browser.post(URL).status_code == 405
    assert browser.get("/billing/checkout/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(shop.person.user)
    assert strict.post("/billing/checkout/", {"pack": "credits-100"}).status_code == 403


def test_a_long_history_is_paged_and_takes_the_same_queries(
    shop: Shop, browser: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    browser.get(URL)
    for number in range(60):
        grant_credits(shop.account, amount=1, reference=f"gift-{number}", reason=f"gift {number};")
        if number in (30, 59):
            with django_assert_num_queries(13):
                page = browser.get(URL).content.decode()
    assert "gift 59;" in page
    assert "gift 0;" not in page
    assert "gift 0;" in browser.get(f"{URL}?page=3").content.decode()
    assert browser.get(f"{URL}?page=x").status_code == 200


def test_movements_are_reported_in_the_time_of_their_owner_and_only_those_that_moved(
    shop: Shop, browser: Client
) -> None:
    user = shop.person.user
    account = account_for(user)
    user.time_zone = "Pacific/Kiritimati"  # 14 hours ahead
    user.save()
    grant_credits(account, amount=5, reference="gift", reason="welcome")
    granted_at = account.entries.get(reference="gift").created_at
    there = timezone.localtime(granted_at, ZoneInfo(user.time_zone))
    place_hold("job", account=account, minutes=3)
    settle_hold("job", billed_ms=3 * 60_000)

    page = browser.get(URL).content.decode()

    assert date_format(there, "j M Y, H:i") in page
    assert date_format(granted_at, "j M Y, H:i") not in page
    assert "Reserved" in page
    assert "shorter than reserved" not in page
