"""GET and POST /api/v1/keys/, DELETE /api/v1/keys/:id/"""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.authentication import AuthenticationError, authenticate_token
from accounts.keys.issue import MAX_KEYS, issue_api_key
from accounts.models import ApiKey, User
from tests.accounts.people import Person, client_with, create_person

URL = "/api/v1/keys/"
JSON = "application/json"


def post(person: Person, body: Any) -> Any:
    return person.client.post(URL, body, content_type=JSON)


def test_a_new_key_is_shown_once_and_works(owner: Person) -> None:
    answer = post(owner, {"name": "laptop"})
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    made = answer.json()
    assert made["name"] == "laptop"
    assert made["key"].startswith(made["prefix"])
    listed = owner.client.get(URL).json()
    assert {**listed["results"][0], "key": made["key"]} == made
    assert authenticate_token(made["key"]).user == owner.user
    assert made["key"] not in str(listed)


def test_a_list_is_paged_newest_first_and_ones_own(owner: Person, outsider: Person) -> None:
    for name in ("first", "second"):
        post(owner, {"name": name})
    page = owner.client.get(URL, {"page_size": 2}).json()
    assert [key["name"] for key in page["results"]] == ["second", "first"]
    assert page["count"] == 3
    rest = owner.client.get(page["next"]).json()
    assert [key["id"] for key in rest["results"]] == [str(owner.api_key.pk)]


def test_a_list_takes_the_same_queries_however_long(
    owner: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    owner.client.get(URL)  # makes the billing account, remembers the key
    for _ in range(2):
        with django_assert_num_queries(4):  # the plan, the requests a minute, the count, the page
            owner.client.get(URL)
        for number in range(10):
            issue_api_key(owner.user, name=str(number))


def test_an_expiry_and_scopes_are_stored(owner: Person) -> None:
    expires_at = (timezone.now() + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    asked = {"name": "ci", "expires_at": expires_at, "scopes": ["transcribe", "read"]}
    made = post(owner, asked).json()
    assert made["expires_at"] == expires_at
    assert made["scopes"] == ["read", "transcribe"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "n", "scopes": ["fly"]}, "scopes"),
        ({"name": "n", "scopes": "read"}, "scopes"),
        ({"name": "n", "expires_at": "yesterday"}, "expires_at"),
        ({"name": "n", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ([], "dictionary"),
    ],
)
def test_bad_input_is_400_and_names_the_field(owner: Person, body: object, field: str) -> None:
    answer = post(owner, body)
    assert answer.status_code == 400
    assert field in answer.json()["error"]
    assert ApiKey.objects.count() == 1


def test_what_is_no_json_is_400(owner: Person) -> None:
    answer = owner.client.post(URL, "{", content_type=JSON)
    assert (answer.status_code, set(answer.json())) == (400, {"error", "code"})


def test_another_kind_of_body_is_415(owner: Person) -> None:
    assert owner.client.post(URL, {"name": "form"}).status_code == 415


def test_no_one_has_more_than_a_hundred_keys(owner: Person) -> None:
    for number in range(MAX_KEYS - 1):
        issue_api_key(owner.user, name=str(number))
    answer = post(owner, {"name": "one too many"})
    assert (answer.status_code, answer.json()["code"]) == (400, "too_many_keys")


@pytest.mark.django_db(transaction=True)
def test_a_revoked_key_is_refused_from_the_next_request_on() -> None:
    owner = create_person("owner@example.com")
    other = create_person("owner@example.com")
    assert other.client.get(URL).status_code == 200
    assert owner.client.delete(f"{URL}{other.api_key.pk}/").status_code == 204
    answer = other.client.get(URL)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_key")
    assert owner.client.delete(f"{URL}{other.api_key.pk}/").status_code == 404


def test_another_users_key_is_404_and_lives_on(owner: Person, outsider: Person) -> None:
    answer = outsider.client.delete(f"{URL}{owner.api_key.pk}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert authenticate_token(owner.raw)


@pytest.mark.parametrize("key_id", ["17", "no-such-id", "00000000-0000-0000-0000-000000000000"])
def test_a_key_that_does_not_exist_is_404(owner: Person, key_id: str) -> None:
    assert owner.client.delete(f"{URL}{key_id}/").status_code == 404


@pytest.mark.parametrize(
    ("method", "url", "allowed"),
    [
        ("put", URL, "GET, POST, HEAD, OPTIONS"),
        ("delete", URL, "GET, POST, HEAD, OPTIONS"),
        ("get", f"{URL}17/", "DELETE, OPTIONS"),
        ("post", f"{URL}17/", "DELETE, OPTIONS"),
    ],
)
def test_another_method_is_405(owner: Person, method: str, url: str, allowed: str) -> None:
    answer = getattr(owner.client, method)(url)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == set(allowed.split(", "))
    assert set(answer.json()) == {"error", "code"}


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_a_key_it_is_401_with_a_challenge(db: None, method: str) -> None:
    answer = getattr(Client(), method)(URL)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Bearer nonsense", "Basic YTpi", "Bearer"])
def test_a_malformed_key_is_401(db: None, header: str) -> None:
    answer = Client(headers={"Authorization": header}).get(URL)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_key")


def test_a_session_does_as_well_as_a_key(owner: Person) -> None:
    client = Client()
    client.force_login(owner.user)
    assert client.get(URL).json()["count"] == 1
    assert client.post(URL, {"name": "n"}, content_type=JSON).status_code == 201


def test_a_session_needs_its_csrf_token(owner: Person) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner.user)
    answer = client.post(URL, {"name": "n"}, content_type=JSON)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


@pytest.mark.parametrize(
    ("scope", "statuses"),
    [("read", (200, 403, 403)), ("manage", (403, 201, 404)), ("transcribe", (403, 403, 403))],
)
def test_a_narrowed_key_does_what_it_is_meant_for(
    db: None, scope: str, statuses: tuple[int, ...]
) -> None:
    person = create_person("ada@example.com", scopes=(scope,))
    got = (
        person.client.get(URL).status_code,
        post(person, {"name": "n", "scopes": [scope]}).status_code,
        person.client.delete(f"{URL}17/").status_code,
    )
    assert got == statuses


def test_a_narrowed_key_makes_no_wider_one(db: None) -> None:
    person = create_person("ada@example.com", scopes=("manage",))
    answer = post(person, {"name": "n", "scopes": ["manage", "read"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")
    assert post(person, {"name": "n"}).json()["scopes"] == ["manage"]


def test_last_used_is_shown(owner: Person) -> None:
    owner.client.get(URL)
    (key,) = owner.client.get(URL).json()["results"]
    assert key["last_used_at"] is not None


def test_a_key_never_reaches_a_log_line(owner: Person, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    raw = post(owner, {"name": "n"}).json()["key"]
    client_with(raw).get(f"{URL}nothing/")
    client_with(raw + "x").get(URL)
    assert raw not in caplog.text


@pytest.mark.usefixtures("within_a_minute")
class TestKeyThrottle:
    """Twenty unknown keys a minute from one address, and no more."""

    def guess(self, number: int, *, address: str = "192.0.2.1") -> int:
        client = client_with(f"stt_{number:043d}")
        return client.get(URL, REMOTE_ADDR=address).status_code

    def test_too_many_unknown_keys_are_429(self, db: None) -> None:
        statuses = [self.guess(number) for number in range(25)]
        assert statuses == [401] * 20 + [429] * 5

    def test_the_refusal_states_when_to_come_back(self, db: None) -> None:
        for number in range(20):
            self.guess(number)
        answer = client_with(f"stt_{99:043d}").get(URL, REMOTE_ADDR="192.0.2.1")
        assert answer.json()["code"] == "too_many_unknown_keys"
        assert 1 <= int(answer.headers["Retry-After"]) <= 60

    def test_a_good_key_works_behind_a_guessers_address(self, owner: Person) -> None:
        for number in range(20):
            self.guess(number)
        assert owner.client.get(URL, REMOTE_ADDR="192.0.2.1").status_code == 200
        assert self.guess(99) == 429

    def test_a_key_in_use_goes_on_working_behind_a_guessers_address(self, owner: Person) -> None:
        owner.client.get(URL, REMOTE_ADDR="192.0.2.1")
        for number in range(20):
            self.guess(number)
        assert owner.client.get(URL, REMOTE_ADDR="192.0.2.1").status_code == 200

    def test_a_guesser_may_try_again_a_minute_later(self, db: None) -> None:
        noon = timezone.now().replace(second=30)
        for number in range(30):
            with pytest.raises(Exception, match="key"):
                authenticate_token(f"stt_{number:043d}", address="192.0.2.1", now=noon)
        with pytest.raises(AuthenticationError):
            authenticate_token(
                f"stt_{0:043d}", address="192.0.2.1", now=noon + timedelta(seconds=30)
            )

    def test_what_cannot_be_a_key_costs_nothing_and_counts_nothing(
        self, db: None, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(0):
            for _ in range(30):
                assert client_with("nonsense").get(URL).status_code == 401

    def test_deactivated_users_are_refused(self, owner: Person) -> None:
        User.objects.update(is_active=False)
        assert owner.client.get(URL).status_code == 401
