"""Private Cloud as its owner sees it, over HTTP: models, waiting, GET /api/v1/cloud/."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from billing.cloud import InstanceDetails
from billing.plans import change_plan
from tests.billing.instances import register_instance
from tests.certificates import make_certificates
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.served_api import Client, Worker, make_client, make_info


@pytest.fixture
def own() -> Iterator[FakeInference]:
    info = make_info()
    info.models.add(id="mine", name="Mine", available=True, served_by="mine", languages=["en"])
    info.queues.add(priority="short", windows=3, sessions=1)
    with FakeInference(info=info) as server:
        yield server


@pytest.fixture
def private(guest: Client, own: FakeInference) -> Client:
    """A client with a key and one instance."""
    client = make_client(guest.url)
    assert client.account is not None
    details = InstanceDetails(name="one", target=own.target, is_tls=False, region="Brno", gpu="A")
    register_instance(client.account, details)
    change_plan(client.account, plan_id="private")
    return client


def test_a_recording_is_recognised_by_the_own_instance(
    private: Client, own: FakeInference, inference: FakeInference, worker: Worker
) -> None:
    answer = private.transcribe(model="mine", diarize="true")

    assert (answer.status_code, answer.json()["text"]) == (200, "w0 w1 w2")
    assert (len(own.configs), len(own.diarized)) == (1, 1)
    assert inference.configs == []


def test_the_models_are_those_of_the_own_instances(private: Client, client: Client) -> None:
    def models_of(asker: Client) -> set[str]:
        return {model["id"] for model in asker.get("/v1/models").json()["models"]}

    assert "mine" in models_of(private)
    assert "mine" not in models_of(client) | models_of(Client(private.url))


def test_a_wrong_key_is_401_where_models_are_listed(guest: Client) -> None:
    answer = Client(guest.url, key="stt_" + "x" * 43).get("/v1/models")
    assert answer.status_code == 401


def test_with_all_instances_down_calls_are_503(
    private: Client, own: FakeInference, inference: FakeInference
) -> None:
    own.stop()
    for answer in (private.get("/v1/models"), private.transcribe()):
        assert (answer.status_code, answer.json()["code"]) == (503, "inference_unavailable")
        assert "Private Cloud" in answer.json()["error"]
        assert int(answer.headers["Retry-After"]) > 0
    assert inference.configs == []


def test_a_language_that_the_own_instances_lack_is_503(private: Client) -> None:
    answer = private.transcribe(model="mine", language="cs")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_installed")


def test_instances_are_listed_with_their_health_and_without_secrets(
    private: Client, tmp_path: Path
) -> None:
    assert private.account is not None
    unreachable = InstanceDetails(
        name="two",
        target="127.0.0.1:1",
        ca_pem=make_certificates(tmp_path).ca_pem,
        token="very-secret",
    )
    register_instance(private.account, unreachable)

    began_at = time.monotonic()
    answer = private.get("/api/v1/cloud/")
    took_s = time.monotonic() - began_at

    one, two = answer.json()["instances"]
    assert (one["name"], one["region"], one["gpu"], one["status"]) == ("one", "Brno", "A", "active")
    assert (one["health"], one["device"]["name"]) == ("ok", "A GPU")
    assert {model["id"] for model in one["models"]} == {"tiny", "mine"}
    assert one["queues"] == [{"priority": "short", "waiting": 3, "running": 1}]
    assert (two["health"], two["device"], two["models"]) == ("unreachable", None, [])
    assert not {"very-secret", "CERTIFICATE", "token", "127.0.0.1"} & set(answer.text.split('"'))
    assert "very-secret" not in answer.text
    assert took_s < 10  # each has two seconds


def test_others_have_no_instances(client: Client, private: Client) -> None:
    answer = client.get("/api/v1/cloud/")
    assert (answer.status_code, answer.json()) == (200, {"instances": []})
