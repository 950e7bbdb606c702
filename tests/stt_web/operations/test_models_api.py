"""The models on the server's disk over the API: who sees them, and who has one fetched."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from tests.accounts.operators import BY_OPERATORS, last_entry
from tests.stt_web.operations.test_operator_api import client_of
from tests.transcripts.test_operator_models import FakeModels, models

__all__ = ["models"]  # fixtures

MODELS, PULL = "/api/v1/operator/models/", "/api/v1/operator/models/pull/"

pytestmark = pytest.mark.django_db


def operators_key(*scopes: str, has_all_rights: bool = True) -> Client:
    client = client_of(*scopes)
    User.objects.update(is_superuser=has_all_rights)
    return client


def pull(client: Client, **body: object) -> Any:
    return client.post(PULL, json.dumps(body), content_type="application/json")


def test_what_is_installed_is_listed(models: FakeModels) -> None:
    listed = operators_key("operate", has_all_rights=False).get(MODELS).json()

    assert (listed["free_bytes"], listed["is_offline"]) == (7_000_000_000, False)
    base, qwen = listed["models"]
    assert (base["id"], base["is_installed"], base["disk_bytes"]) == ("base", True, 142_000_000)
    assert (qwen["kind"], qwen["size_bytes"]) == ("language_model", 100)
    assert not qwen["is_installed"]


def test_a_model_is_fetched_for_a_reason_logged_and_followed(models: FakeModels) -> None:
    client = operators_key("operate")
    assert pull(client, model="qwen").status_code == 400
    assert (models.pulled, BY_OPERATORS.count()) == ([], 0)

    answer = pull(client, model="qwen", reason="ticket 7")

    assert (answer.status_code, answer.json()["id"]) == (202, "qwen")
    assert models.pulled == ["qwen"]
    entry = last_entry()
    assert (entry.action, entry.object_id, entry.reason) == ("pull-model", "qwen", "ticket 7")
    qwen = client.get(MODELS).json()["models"][1]
    assert (qwen["is_pulling"], qwen["pulled_bytes"]) == (True, 50)
    assert qwen["pull_line"] == "Fetching a file."


def test_what_the_catalogue_lacks_is_refused_and_not_logged(models: FakeModels) -> None:
    answer = pull(operators_key(), model="nothing", reason="x")

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_model")
    assert not BY_OPERATORS.exists()


def test_an_operator_without_all_rights_has_none_fetched(models: FakeModels) -> None:
    answer = pull(operators_key("operate", has_all_rights=False), model="qwen", reason="x")

    assert (answer.status_code, answer.json()["code"]) == (403, "not_all_rights")
    assert models.pulled == []


@pytest.mark.parametrize("scopes", [(), ("operate",)])
def test_a_key_of_anyone_else_is_refused(scopes: tuple[str, ...], models: FakeModels) -> None:
    client = client_of(*scopes, is_staff=False)
    User.objects.update(is_superuser=True)

    for answer in (client.get(MODELS), pull(client, model="qwen", reason="x")):
        assert (answer.status_code, answer.json()["code"]) == (403, "not_an_operator")
    assert models.pulled == []


def test_an_operators_narrower_key_and_session_are_refused(models: FakeModels) -> None:
    narrow = pull(operators_key("manage", "read"), model="qwen", reason="x")
    session = Client()
    session.force_login(User.objects.get())

    assert (narrow.status_code, narrow.json()["code"]) == (403, "missing_scope")
    assert session.get(MODELS).status_code == 401
    assert pull(session, model="qwen", reason="x").status_code == 401
    assert models.pulled == []


def test_a_service_that_is_away_is_503(settings: Settings) -> None:
    settings.INFERENCE_TARGET = "127.0.0.1:9"
    client = operators_key()

    for answer in (client.get(MODELS), pull(client, model="qwen", reason="x")):
        assert (answer.status_code, answer.json()["code"]) == (503, "inference_unavailable")
        assert answer.headers["Retry-After"]
    assert not BY_OPERATORS.exists()
