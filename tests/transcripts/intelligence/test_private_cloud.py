"""Texts of an account with Private Cloud: for its own instances, never for a remote model."""

from collections.abc import Iterator

import pytest

from billing.cloud import InstanceDetails
from billing.plans import change_plan
from tests.billing.instances import register_instance
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.fake_language import WRITER
from tests.transcripts.intelligence.conftest import discard_catalogs, install_writer
from tests.transcripts.intelligence.texts import MEETING
from tests.transcripts.served_api import Client, make_client, make_info

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def own() -> Iterator[FakeInference]:
    with FakeInference(info=make_info()) as server:
        yield server


@pytest.fixture
def private(guest: Client, own: FakeInference) -> Client:
    client = make_client(guest.url)
    assert client.account is not None
    details = InstanceDetails(name="one", target=own.target, is_tls=False, region="Brno", gpu="A")
    register_instance(client.account, details)
    change_plan(client.account, plan_id="private")
    return client


def test_a_text_goes_to_the_own_instance_only(
    private: Client, own: FakeInference, inference: FakeInference
) -> None:
    inference.language.embedded.clear()
    answer = private.call("POST", "/v1/summarize", json={"text": MEETING})
    assert answer.status_code == 200
    assert own.language.embedded
    assert inference.language.embedded == []


def test_without_an_instance_that_answers_it_is_503(
    private: Client, own: FakeInference, inference: FakeInference
) -> None:
    own.stop()
    inference.language.embedded.clear()
    answer = private.call("POST", "/v1/summarize", json={"text": MEETING})
    assert (answer.status_code, answer.json()["code"]) == (503, "inference_unavailable")
    assert inference.language.embedded == []


def test_a_model_on_another_users_server_is_never_asked(
    private: Client, own: FakeInference
) -> None:
    install_writer(own)
    own.language.answer = lambda prompt: "The bakery opens on the third of March."
    body = {"text": MEETING, "type": "blog_post"}
    assert private.call("POST", "/v1/generate", json=body).json()["model"] == WRITER
    assert own.language.generated[0].local_only is True
    own.info.text_models[0].remote = True
    discard_catalogs()
    refused = private.call("POST", "/v1/generate", json=body)
    assert (refused.status_code, refused.json()["code"]) == (503, "not_installed")
    assert len(own.language.generated) == 1
