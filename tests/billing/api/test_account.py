"""GET and PUT /api/v1/account/, GET /api/v1/cloud/"""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from billing.ledger import grant_credits, place_hold, settle_hold
from billing.plans import account_for, change_plan
from tests.accounts.people import Person, create_person

URL = "/api/v1/account/"
CLOUD = "/api/v1/cloud/"


def put(person: Person, body: Any) -> Any:
    return person.client.put(URL, body, content_type="application/json")


def test_an_account_shows_what_it_has(owner: Person) -> None:
    account = account_for(owner.user)
    grant_credits(account, amount=7, reference="gift", reason="test")
    place_hold("job", account=account, minutes=10)
    settle_hold("job", billed_ms=61_000)
    assert owner.client.get(URL).json() == {
        "email": "owner@example.com",
        "name": "",
        "time_zone": "UTC",
        "language": "en",
        "plan": {"id": "free", "name": "Free"},
        "credits": 7,
        "minutes_used": 2,
        "minutes_left": 598,
        "limits": {
            "max_file_bytes": 2_000_000_000,
            "concurrency": 5,
            "requests_per_minute": 600,
            "text_requests_per_minute": 120,
        },
        "email_preferences": {
            "transcript_ready": True,
            "transcript_failed": True,
            "credits_low": True,
            "key_created": True,
            "new_device": True,
            "webhook_disabled": True,
        },
    }


def test_a_new_account_has_the_free_tier(owner: Person) -> None:
    shown = owner.client.get(URL).json()
    assert (shown["credits"], shown["minutes_used"], shown["minutes_left"]) == (0, 0, 600)
    assert shown["limits"]["max_file_bytes"] == 500_000_000


def test_what_is_not_limited_is_null(owner: Person) -> None:
    change_plan(account_for(owner.user), plan_id="local")
    shown = owner.client.get(URL).json()
    assert shown["minutes_left"] is None
    assert set(shown["limits"].values()) == {None}


def test_a_change_is_answered_and_stored(owner: Person) -> None:
    asked = {
        "name": "Ada",
        "time_zone": "Europe/Prague",
        "language": "cs",
        "email_preferences": {"credits_low": False},
    }
    changed = put(owner, asked).json()
    assert {name: changed[name] for name in ("name", "time_zone", "language")} == {
        name: asked[name] for name in ("name", "time_zone", "language")
    }
    assert changed["email_preferences"]["credits_low"] is False
    assert changed["email_preferences"]["transcript_ready"] is True
    assert owner.client.get(URL).json() == changed


def test_what_is_not_sent_stays_and_what_may_not_change_does_not(owner: Person) -> None:
    put(owner, {"name": "Ada", "email_preferences": {"webhook_disabled": False}})
    changed = put(owner, {"email": "eve@example.com", "credits": 1_000, "plan": {"id": "paid"}})
    assert changed.json()["name"] == "Ada"
    assert changed.json()["email_preferences"]["webhook_disabled"] is False
    assert (changed.json()["email"], changed.json()["credits"]) == ("owner@example.com", 0)
    assert changed.json()["plan"]["id"] == "free"


def test_what_was_read_can_be_sent_back(owner: Person) -> None:
    shown = owner.client.get(URL).json()
    assert put(owner, shown).json() == shown


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"name": "x" * 151}, "name"),
        ({"name": None}, "name"),
        ({"time_zone": "Mars/Olympus"}, "time zone"),
        ({"language": "xx"}, "en"),
        ({"email_preferences": {"spam": True}}, "transcript_ready"),
        ({"email_preferences": {"new_device": "perhaps"}}, "email_preferences"),
        ({"email_preferences": []}, "email_preferences"),
        ([], "dictionary"),
    ],
)
def test_bad_input_is_400_and_changes_nothing(owner: Person, body: object, message: str) -> None:
    before = owner.client.get(URL).json()
    answer = put(owner, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_value")
    assert message in str(answer.json())
    assert owner.client.get(URL).json() == before


def test_an_account_takes_the_same_queries_with_any_history(
    owner: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    account = account_for(owner.user)
    owner.client.get(URL)
    for round_ in range(2):
        with django_assert_num_queries(7):
            owner.client.get(URL)
        for number in range(5):
            place_hold(f"job-{round_}-{number}", account=account, minutes=1)
            settle_hold(f"job-{round_}-{number}", billed_ms=1)


def test_everybody_has_a_list_of_cloud_instances(owner: Person) -> None:
    answer = owner.client.get(CLOUD)
    assert (answer.status_code, answer.json()) == (200, {"instances": []})


@pytest.mark.parametrize("url", [URL, CLOUD, "/api/v1/usage/"])
def test_without_a_key_it_is_401(db: None, url: str) -> None:
    answer = Client().get(url)
    assert (answer.status_code, set(answer.json())) == (401, {"error", "code"})


@pytest.mark.parametrize(
    ("method", "url"),
    [("post", URL), ("delete", URL), ("post", CLOUD), ("put", CLOUD), ("post", "/api/v1/usage/")],
)
def test_another_method_is_405(owner: Person, method: str, url: str) -> None:
    answer = getattr(owner.client, method)(url)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("url", [URL[:-1], f"{URL}17/", "/api/v1/usage"])
def test_there_is_nothing_beside_it(owner: Person, url: str) -> None:
    assert owner.client.get(url).status_code == 404


@pytest.mark.parametrize(
    ("scopes", "statuses"),
    [(("read",), (200, 403)), (("manage",), (403, 403)), (("manage", "read"), (200, 200))],
)
def test_a_narrowed_key_does_what_it_is_meant_for(
    db: None, scopes: tuple[str, ...], statuses: tuple[int, int]
) -> None:
    person = create_person("ada@example.com", scopes=scopes)
    assert (person.client.get(URL).status_code, put(person, {}).status_code) == statuses
