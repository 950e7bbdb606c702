"""`/api/v1/webhooks/`, by HTTP."""

import json
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client as DjangoClient
from django.test.utils import CaptureQueriesContext
from standardwebhooks import Webhook

from accounts.keys.issue import issue_api_key
from accounts.models import User
from tests.billing.conftest import create_account
from tests.transcripts.webhooks.conftest import loopback_allowed, receiver, sender
from tests.transcripts.webhooks.receiver import Receiver, answer
from transcripts.webhooks.endpoints import MAX_ENDPOINTS
from transcripts.webhooks.models import WebhookDelivery, WebhookEndpoint
from transcripts.webhooks.pump import pump_deliveries
from transcripts.webhooks.sender import Sender

__all__ = ["loopback_allowed", "receiver", "sender"]  # fixtures

ROOT = "/api/v1/webhooks/"


class Api:
    """A client with a key of these scopes."""

    def __init__(self, *scopes: str, user: User | None = None) -> None:
        self.user = user or create_account(minutes=60).user
        assert self.user is not None
        raw = issue_api_key(self.user, name="test", scopes=scopes)[1]
        self._client = DjangoClient(headers={"Authorization": f"Bearer {raw}"})

    def call(self, method: str, path: str, body: Any = None) -> Any:
        return self._client.generic(
            method, path, data=self._encode(body), content_type="application/json"
        )

    def make(self, url: str = "https://example.com/hook", **fields: Any) -> Any:
        made = self.call("POST", ROOT, {"url": url, **fields})
        assert made.status_code == 201, made.content
        return made.json()

    def _encode(self, body: Any) -> str:
        return "" if body is None else json.dumps(body)


@pytest.fixture
def api(transactional_db: None) -> Api:
    return Api()


def test_an_endpoint_is_made_changed_and_deleted_and_its_secret_shown_once(api: Api) -> None:
    made = api.make(description="Mine", events=["transcript.failed", "transcript.completed"])
    path = f"{ROOT}{made['id']}/"

    assert made["secret"].startswith("whsec_")
    assert made["events"] == ["transcript.completed", "transcript.failed"]
    shown = api.call("GET", path).json()
    assert "secret" not in shown
    assert api.call("GET", ROOT).json()["results"] == [shown]

    changed = api.call("PATCH", path, {"events": [], "is_enabled": False})
    assert (changed.status_code, changed.json()["events"]) == (200, [])
    assert (changed.json()["is_enabled"], changed.json()["disabled_reason"]) == (False, "owner")
    assert changed.json()["description"] == "Mine"

    assert api.call("DELETE", path).status_code == 204
    assert api.call("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_value"),
        ({"url": "http://example.com/"}, "invalid_url"),
        ({"url": "https://127.0.0.1/"}, "address_refused"),
        ({"url": "https://[::ffff:169.254.169.254]/"}, "address_refused"),
        ({"url": "https://example.com/", "events": ["transcript.eaten"]}, "invalid_value"),
        ({"url": "https://example.com/", "description": "x" * 201}, "invalid_value"),
    ],
)
def test_what_can_not_be_is_refused(api: Api, body: dict[str, Any], code: str) -> None:
    made = api.call("POST", ROOT, body)

    assert (made.status_code, made.json()["code"]) == (400, code)


def test_an_account_has_a_bounded_number_of_endpoints(api: Api) -> None:
    for _ in range(MAX_ENDPOINTS):
        api.make()

    refused = api.call("POST", ROOT, {"url": "https://example.com/"})

    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_endpoints")


def test_a_test_event_is_sent_logged_and_sent_again(
    api: Api, loopback_allowed: None, receiver: Receiver, sender: Sender
) -> None:
    receiver.behaviours = [answer(500, body=b"Not\x00 today"), answer(200)]
    made = api.make(receiver.url)
    path = f"{ROOT}{made['id']}/"

    queued = api.call("POST", f"{path}test/")
    pump_deliveries(sender)

    assert (queued.status_code, queued.json()["event"]) == (202, "endpoint.test")
    listed = api.call("GET", f"{path}deliveries/").json()["results"]
    assert [(row["status"], row["tries"]) for row in listed] == [("pending", 1)]
    (attempt,) = listed[0]["attempts"]
    assert (attempt["status_code"], attempt["error"]) == (500, "bad_status")
    assert attempt["response"] == "Not today"
    assert listed[0]["next_try_at"] is not None

    delivery_path = f"{path}deliveries/{queued.json()['id']}/"
    assert api.call("POST", f"{delivery_path}replay/").status_code == 202
    pump_deliveries(sender)

    shown = api.call("GET", delivery_path).json()
    assert (shown["status"], len(shown["attempts"])) == ("succeeded", 2)
    message = receiver.messages[1]
    assert shown["body"] == message.body.decode()
    assert shown["message_id"] == message.headers["webhook-id"]
    Webhook(made["secret"]).verify(shown["body"], message.headers)
    assert api.call("GET", f"{path}deliveries/?status=failed").json()["count"] == 0
    assert api.call("GET", f"{path}deliveries/?status=lost").status_code == 400


def test_rotating_shows_the_new_secret_once(api: Api) -> None:
    made = api.make()
    path = f"{ROOT}{made['id']}/"

    rotated = api.call("POST", f"{path}secret/rotate/")

    assert rotated.json()["secret"] not in ("", made["secret"])
    assert rotated.headers["Cache-Control"] == "no-store"
    shown = api.call("GET", path).json()
    assert shown["previous_secret_until"] == rotated.json()["previous_secret_until"]


def test_nothing_is_sent_to_a_disabled_endpoint(api: Api) -> None:
    path = f"{ROOT}{api.make()['id']}/"
    api.call("PATCH", path, {"is_enabled": False})

    refused = api.call("POST", f"{path}test/")

    assert (refused.status_code, refused.json()["code"]) == (409, "endpoint_disabled")
    assert not WebhookDelivery.objects.exists()


@pytest.mark.parametrize(
    ("method", "then"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "secret/rotate/"),
        ("POST", "test/"),
        ("GET", "deliveries/"),
        ("GET", "deliveries/{delivery}/"),
        ("POST", "deliveries/{delivery}/replay/"),
    ],
)
def test_anothers_endpoint_is_404_and_the_wrong_scope_403_and_no_key_401(
    api: Api, method: str, then: str
) -> None:
    endpoint_id = api.make()["id"]
    delivery = api.call("POST", f"{ROOT}{endpoint_id}/test/").json()["id"]
    then = then.format(delivery=delivery)
    path = f"{ROOT}{endpoint_id}/{then}"
    before = WebhookEndpoint.objects.values().get()

    anothers = Api().call(method, path, {})
    missing = api.call(method, f"{ROOT}{uuid.uuid4()}/{then}", {})
    narrowed = Api("transcribe", user=api.user).call(method, path, {})
    keyless = DjangoClient().generic(method, path)
    wrong_method = api.call("PUT", path, {})

    assert (anothers.status_code, missing.status_code) == (404, 404)
    assert anothers.json() == missing.json()
    assert (narrowed.status_code, narrowed.json()["code"]) == (403, "missing_scope")
    assert keyless.status_code == 401
    assert wrong_method.status_code == 405
    assert WebhookEndpoint.objects.values().get() == before


def test_the_lists_cost_the_same_queries_however_long_they_are(api: Api) -> None:
    def count(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert api.call("GET", path).status_code == 200
        return len(queries)

    path = f"{ROOT}{api.make()['id']}/"
    api.call("POST", f"{path}test/")
    few = count(ROOT), count(f"{path}deliveries/")
    for _ in range(5):
        api.make()
        api.call("POST", f"{path}test/")

    assert (count(ROOT), count(f"{path}deliveries/")) == few
