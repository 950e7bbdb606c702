"""/webhooks/: endpoints tended by a person in a browser."""

import re
import uuid
from typing import Any

import pytest
from django.test import Client

from tests.accounts.pages.people import browser_of, member
from tests.transcripts.webhooks.conftest import loopback_allowed, receiver, sender
from tests.transcripts.webhooks.receiver import Receiver, answer
from transcripts.webhooks.models import WebhookDelivery, WebhookEndpoint
from transcripts.webhooks.pump import pump_deliveries
from transcripts.webhooks.sender import Sender

__all__ = ["loopback_allowed", "receiver", "sender"]  # fixtures

SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")


@pytest.fixture
def browser(transactional_db: None) -> Client:
    return browser_of(member("jana@example.com"))


def add(browser: Client, url: str = "https://example.com/hook", **fields: Any) -> Any:
    return browser.post("/webhooks/", {"url": url, **fields})


def test_an_endpoint_is_added_and_its_secret_shown_once(browser: Client) -> None:
    page = add(browser, description="<b>Mine</b>", events=["transcript.failed"])

    assert page.status_code == 200
    assert len(set(SECRET.findall(page.content.decode()))) == 1
    later = browser.get("/webhooks/").content.decode()
    assert not SECRET.search(later)
    assert "https://example.com/hook" in later
    assert "&lt;b&gt;Mine&lt;/b&gt;" in later
    assert WebhookEndpoint.objects.get().events == ["transcript.failed"]


def test_an_address_that_may_not_be_called_is_explained(browser: Client) -> None:
    page = add(browser, "https://192.168.0.1/hook").content.decode()

    assert "private or special addresses" in page
    assert not WebhookEndpoint.objects.exists()


def test_a_test_is_sent_its_failure_shown_and_it_is_sent_again(
    browser: Client, loopback_allowed: None, receiver: Receiver, sender: Sender
) -> None:
    receiver.behaviours = [answer(500, body=b"<i>No</i>"), answer(200)]
    add(browser, receiver.url)
    path = f"/webhooks/{WebhookEndpoint.objects.get().pk}/"

    browser.post(f"{path}test/")
    pump_deliveries(sender)
    failed = browser.get(path).content.decode()
    browser.post(f"{path}deliveries/{WebhookDelivery.objects.get().pk}/replay/")
    pump_deliveries(sender)
    delivered = browser.get(path).content.decode()

    assert "It answered with an error." in failed
    assert "&lt;i&gt;No&lt;/i&gt;" in failed
    assert "delivered" not in failed
    assert "delivered" in delivered
    assert len(receiver.messages) == 2


def test_an_endpoint_is_changed_switched_rotated_and_deleted(browser: Client) -> None:
    add(browser)
    endpoint = WebhookEndpoint.objects.get()
    path = f"/webhooks/{endpoint.pk}/"

    browser.post(path, {"url": "https://example.org/new"})
    browser.post(f"{path}switch/", {"is_enabled": "false"})
    disabled = browser.get(path).content.decode()
    rotated = browser.post(f"{path}rotate/").content.decode()
    refused = browser.post(f"{path}test/", follow=True).content.decode()

    assert "You disabled this endpoint." in disabled
    assert "https://example.org/new" in disabled
    assert SECRET.search(rotated)
    assert "Enable it first." in refused
    browser.post(f"{path}delete/")
    assert not WebhookEndpoint.objects.exists()
    assert browser.get(path).status_code == 404


def test_no_one_else_sees_or_changes_it(browser: Client) -> None:
    add(browser)
    before = WebhookEndpoint.objects.values().get()
    path = f"/webhooks/{before['id']}/"
    stranger = browser_of(member("petr@example.com"))

    for person, refusal in ((stranger, 404), (Client(), 302)):
        assert person.get(path).status_code == refusal
        for then in ("", "rotate/", "switch/", "test/", "delete/"):
            assert person.post(path + then).status_code == refusal
        replay = f"{path}deliveries/{uuid.uuid4()}/replay/"
        assert person.post(replay).status_code == refusal
    assert WebhookEndpoint.objects.values().get() == before
    assert "example.com" not in stranger.get("/webhooks/").content.decode().split("<main", 1)[1]
    forged = Client(enforce_csrf_checks=True)
    forged.cookies = browser.cookies
    assert forged.post(f"{path}delete/").status_code == 403
