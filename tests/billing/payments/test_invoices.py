"""GET /api/v1/billing/invoices/: numbered documents, and their PDF."""

import re
from io import BytesIO

import pytest
from django.test import Client
from pypdf import PdfReader
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from billing.models import Invoice
from tests.accounts.people import create_person
from tests.billing.payments.conftest import Shop

URL = "/api/v1/billing/invoices/"


@pytest.fixture
def seller(settings: Settings) -> None:
    settings.SELLER_NAME = "Řeč a písmo s. r. o."
    settings.SELLER_ADDRESS = "Šumavská 12\n602 00 Brno"
    settings.SELLER_VAT_ID = "CZ12345678"
    settings.SELLER_VAT_PERCENT = 21.0


def numbers(shop: Shop) -> list[str]:
    return [row["number"] for row in shop.person.client.get(URL).json()["results"]]


def read_pdf(shop: Shop, *, kind: str) -> str:
    invoice = Invoice.objects.filter(kind=kind).latest("number")
    answer = shop.person.client.get(f"{URL}{invoice.pk}/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'inline; filename="{invoice.number}.pdf"'
    reader = PdfReader(BytesIO(answer.content))
    assert len(reader.pages) == 1
    return reader.pages[0].extract_text()


def test_a_payment_has_an_invoice_and_a_receipt(shop: Shop) -> None:
    shop.buy_pack()
    listed = shop.person.client.get(URL).json()
    assert listed["count"] == 2
    assert {row["kind"] for row in listed["results"]} == {"invoice", "receipt"}
    assert {(row["amount_cents"], row["currency"]) for row in listed["results"]} == {(500, "USD")}


def test_numbers_are_consecutive_over_all_accounts(shop: Shop) -> None:
    other = Shop(shop.stripe, create_person("eve@example.com"))
    for buyer in (shop, other, shop):
        buyer.buy_pack()
    found = sorted(Invoice.objects.filter(kind="invoice").values_list("number", flat=True))
    assert [re.sub(r"^INV-\d{4}-", "", number) for number in found] == ["00001", "00002", "00003"]
    assert len(numbers(other)) == 2


def test_the_pdf_names_who_sold_what_to_whom_in_letters_that_can_be_copied(
    shop: Shop, seller: None
) -> None:
    intent_id = shop.buy_pack()
    text = read_pdf(shop, kind="invoice")
    for part in (
        "Řeč a písmo s. r. o.",
        "Šumavská 12",
        "602 00 Brno",
        "CZ12345678",
        "Jiří Dvořák",
        "Příčná 5",
        "110 00 Praha",
        "100 credits",
        "5.00 USD",
        "4.13 USD",
        "0.87 USD",
        intent_id,
    ):
        assert part in text


def test_without_vat_none_is_shown(shop: Shop) -> None:
    shop.buy_pack()
    assert "VAT" not in read_pdf(shop, kind="receipt")


def test_a_document_is_in_the_buyers_language_and_the_same_each_time(
    shop: Shop, seller: None
) -> None:
    User.objects.update(language="cs")
    shop.buy_pack()
    assert "5,00" in read_pdf(shop, kind="invoice")
    invoice = Invoice.objects.get(kind="invoice")
    first, again = (shop.person.client.get(f"{URL}{invoice.pk}/").content for _ in range(2))
    assert first == again


def test_each_refund_has_a_credit_note(shop: Shop) -> None:
    intent_id = shop.buy_pack()
    for cents in (100, 400):
        shop.deliver(shop.stripe.refund(intent_id, cents) * 2)
    notes = Invoice.objects.filter(kind="credit_note").order_by("number")
    invoice = Invoice.objects.get(kind="invoice")
    assert [(note.amount_cents, note.corrects) for note in notes] == [
        (-100, invoice.number),
        (-400, invoice.number),
    ]
    assert invoice.number in read_pdf(shop, kind="credit_note")


def test_another_users_or_none_is_404_and_a_bad_id_too(shop: Shop) -> None:
    shop.buy_pack()
    invoice = Invoice.objects.get(kind="invoice")
    eve = create_person("eve@example.com")
    for client, name in (
        (eve.client, str(invoice.pk)),
        (shop.person.client, "00000000-0000-0000-0000-000000000000"),
        (shop.person.client, "1"),
    ):
        answer = client.get(f"{URL}{name}/", headers={"Accept": "application/pdf"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert eve.client.get(URL).json()["count"] == 0


def test_without_a_key_it_is_401_and_another_method_405(shop: Shop) -> None:
    shop.buy_pack()
    one = f"{URL}{Invoice.objects.get(kind='invoice').pk}/"
    for url in (URL, one):
        assert Client().get(url).status_code == 401
        assert shop.person.client.post(url).status_code == 405
    narrow = create_person("owner@example.com", scopes=("transcribe",))
    assert narrow.client.get(URL).status_code == 403


def test_the_list_takes_the_same_queries_however_long_it_is(
    shop: Shop, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    shop.buy_pack()
    shop.person.client.get(URL)
    for _ in range(2):
        with django_assert_num_queries(6):
            shop.person.client.get(URL)
        shop.buy_pack()


def test_what_was_sold_stays_on_paper_when_settings_change(
    shop: Shop, seller: None, settings: Settings
) -> None:
    shop.buy_pack()
    settings.SELLER_NAME = "Somebody else"
    assert "Řeč a písmo" in read_pdf(shop, kind="invoice")
