"""The management surface: what its refusals contain, and that every endpoint of it counts."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern

from accounts.api.urls import management_urlpatterns as account_urlpatterns
from billing.api.urls import management_urlpatterns as billing_urlpatterns
from billing.models import Plan
from tests.accounts.people import Person, client_with, create_person
from transcripts.urls import management_urlpatterns as transcript_urlpatterns

JSON = "application/json"
# Stripe's own calls: known by their signature, never by a key.
NOT_COUNTED = {"billing/stripe/webhook/"}
UPLOADS = {"transcripts/import/"}  # taken by the ingest, before there is a request


@pytest.fixture
def person(db: None) -> Person:
    return create_person("somebody@example.com")


def addresses() -> Iterator[str]:
    """Every address of the surface, with made-up ids."""
    made_up = {"uuid": str(uuid.UUID(int=17)), "int": "1", "str": "srt", "slug": "a"}
    for pattern in (*transcript_urlpatterns, *account_urlpatterns, *billing_urlpatterns):
        assert isinstance(pattern, URLPattern)
        route = str(pattern.pattern)
        if route not in NOT_COUNTED | UPLOADS:
            yield "/api/v1/" + re.sub(
                r"<(?:(\w+):)?\w+>", lambda found: made_up[found[1] or "str"], route
            )


REFUSALS: list[tuple[str, dict[str, Any], int, str, str]] = [
    ("GET account/ without a key", {}, 401, "missing_key", r"Authorization: Bearer <key>"),
    ("GET account/ scheme", {"key": "Basic x"}, 401, "invalid_key", r"Authorization: Bearer <key>"),
    ("GET account/ key", {"key": "Bearer stt_no"}, 401, "invalid_key", r"not valid: check that"),
    ('POST keys/ {"a":' + "[" * 100_000, {}, 400, "malformed_body", "nested more than 64 levels"),
    ("POST keys/ {", {}, 400, "malformed_body", r"not valid JSON: .+\. Correct it"),
    ("POST keys/ {}", {}, 400, "invalid_value", r"name: This field is required\."),
    ("POST keys/ []", {}, 400, "invalid_value", r"."),
    ("POST keys/ text", {"type": "text/plain"}, 415, "unsupported_media_type", JSON),
    ("PATCH account/ {}", {}, 405, "method_not_allowed", r"Use GET, PUT, HEAD, OPTIONS\."),
    ("GET account/ accept", {"accept": "text/csv"}, 406, "not_acceptable", JSON),
    ("GET transcripts/?page=99", {}, 404, "invalid_page", r"numbered from 1"),
    ("GET transcripts/?page=x", {}, 404, "invalid_page", r"numbered from 1"),
    ("GET account/ scope", {"scopes": ("transcribe",)}, 403, "missing_scope", r"scope “read”"),
]


@pytest.mark.parametrize(
    ("request_line", "how", "status", "code", "sentence"),
    REFUSALS,
    ids=[row[0] for row in REFUSALS],
)
def test_a_refusal_states_what_to_do(
    person: Person, request_line: str, how: dict[str, Any], status: int, code: str, sentence: str
) -> None:
    method, path, *rest = request_line.split(" ", 2)
    body = rest[0] if rest and method != "GET" else ""
    headers = {"Accept": how.get("accept", JSON)}
    client = person.client
    if "scopes" in how:
        client = create_person("narrow@example.com", scopes=how["scopes"]).client
    if rest == ["without a key"]:
        client = Client()
    if "key" in how:
        client = Client(headers={"Authorization": how["key"]})
    answer = client.generic(
        method, f"/api/v1/{path}", body, content_type=how.get("type", JSON), headers=headers
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert re.search(sentence, answer.json()["error"]), answer.json()["error"]
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)
    assert ("Allow" in answer.headers) or status != 405


def test_a_session_without_a_csrf_token_is_shown_how_to_send_one(person: Person) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person.user)
    answer = client.put("/api/v1/account/", {}, content_type=JSON)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert "X-CSRFToken" in answer.json()["error"]


@pytest.mark.parametrize("address", sorted(addresses()))
def test_every_endpoint_counts_and_states_what_is_left(person: Person, address: str) -> None:
    Plan.objects.filter(pk="free").update(requests_per_minute=50)
    for number in (1, 2):
        answer = person.client.get(address)
        left = re.search(r"r=(\d+)", answer.headers.get("RateLimit", ""))
        assert left is not None, f"{answer.status_code} without RateLimit"
        assert int(left[1]) == 50 - number


@pytest.mark.parametrize("address", sorted(addresses()))
def test_a_key_that_is_not_meant_for_it_is_counted_too(db: None, address: str) -> None:
    key = create_person("narrow@example.com", scopes=("transcribe",))
    answer = client_with(key.raw).get(address)
    assert answer.status_code in {403, 404, 405} or address.startswith("/api/v1/billing/")
    assert "RateLimit" in answer.headers
