"""/pricing/ and /private-cloud/: true to the rows of the plans, with payments and without."""

import pytest
from django.test import Client

from billing.models import CloudInstance, Plan
from billing.plans import account_for, change_plan
from tests.accounts.people import create_person
from tests.billing.payments.conftest import Shop, shop, stand_in, stripe

__all__ = ["shop", "stand_in", "stripe"]  # fixtures

pytestmark = pytest.mark.django_db


def read(client: Client, address: str = "/pricing/") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_limits_are_those_of_the_plans() -> None:
    Plan.objects.filter(pk="free").update(monthly_minutes=42, max_file_bytes=7_000_000)

    page = read(Client())

    for shown in ("42 minutes per month", "7 MB", "3 recordings a day", "100 MB", "2 GB"):
        assert shown in page


def test_without_payments_nothing_has_a_price() -> None:
    Plan.objects.create(pk="gold", name="Gold", price_cents=900, max_file_bytes=1, concurrency=1)

    page = read(Client())

    assert "take payments" in page
    assert "9.00" not in page
    assert "100 credits" not in page


def test_with_payments_prices_are_shown(shop: Shop) -> None:
    page = read(Client())

    assert "per month" in page
    assert "60.00 USD" in page
    assert "take payments" not in page


def test_an_account_sees_which_plan_is_its_own() -> None:
    person, client = create_person("ann@example.com"), Client()
    client.force_login(person.user)

    assert "Your plan" in read(client)
    assert "Your plan" not in read(Client())


def test_private_cloud_shows_its_servers_to_the_account_that_has_them_only() -> None:
    person, client = create_person("ann@example.com"), Client()
    client.force_login(person.user)
    account = account_for(person.user)
    assert "Your servers" not in read(client, "/private-cloud/")

    change_plan(account, plan_id="private")
    assert "None is registered yet." in read(client, "/private-cloud/")
    CloudInstance.objects.create(account=account, name="prague-1", target="10.0.0.1:50051")

    assert "prague-1" in read(client, "/private-cloud/")
    assert "prague-1" not in read(Client(), "/private-cloud/")
    eve = create_person("eve@example.com")
    client.force_login(eve.user)
    assert "prague-1" not in read(client, "/private-cloud/")
