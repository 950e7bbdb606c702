"""The operators' page of models: what there is, what is fetched, and who may have it fetched."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from pytest_django import Settings

from accounts.models import User
from inference_service.catalog import Kind
from protos.stt.v1 import models_pb2, models_pb2_grpc
from tests.accounts.operators import BY_OPERATORS, Operator, last_entry, operator
from transcripts.operator_models import KIND_NAMES

__all__ = ["operator"]  # fixtures

URL = "/admin/transcripts/transcriptionjob/models/"


class FakeModels(models_pb2_grpc.ModelsServicer):
    def __init__(self) -> None:
        self.pulled: list[str] = []

    def ListWeights(self, request: Any, context: Any) -> models_pb2.WeightsList:  # noqa: N802
        pull = models_pb2.Pull(running=True, done_bytes=50, line="Fetching a file.")
        return models_pb2.WeightsList(
            models=[
                models_pb2.Weights(
                    id="base",
                    kind="recogniser",
                    licence="MIT",
                    disk_bytes=142_000_000,
                    installed=True,
                ),
                models_pb2.Weights(
                    id="qwen",
                    kind="language_model",
                    licence="Apache-2.0",
                    size_bytes=100,
                    pull=pull if self.pulled else None,
                ),
            ],
            free_bytes=7_000_000_000,
            total_bytes=64_000_000_000,
        )

    def PullWeights(self, request: Any, context: Any) -> models_pb2.Weights:  # noqa: N802
        if request.id == "nothing":
            context.abort(grpc.StatusCode.NOT_FOUND, "The catalogue has no model named that.")
        self.pulled.append(request.id)
        return models_pb2.Weights(id=request.id)

    def CheckWeights(self, request: Any, context: Any) -> models_pb2.WeightsCheck:  # noqa: N802
        raise NotImplementedError("the page of models doesn't call it")


@pytest.fixture
def models(settings: Settings) -> Iterator[FakeModels]:
    fake, server = FakeModels(), grpc.server(ThreadPoolExecutor(2))
    models_pb2_grpc.add_ModelsServicer_to_server(fake, server)
    settings.INFERENCE_TARGET = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield fake
    server.stop(None).wait()


def test_it_shows_what_is_installed_with_licence_size_and_disk(
    operator: Operator, models: FakeModels
) -> None:
    page = " ".join(operator.get(URL).content.decode().split())

    for shown in ("base", "142 MB", "MIT", "qwen", "not installed", "7 GB of 64 GB"):
        assert shown in page


def test_a_model_is_fetched_for_a_reason_and_followed(
    operator: Operator, models: FakeModels
) -> None:
    operator.client.post(URL, {"model": "qwen", "reason": ""})
    assert (models.pulled, BY_OPERATORS.count()) == ([], 0)

    operator.client.post(URL, {"model": "qwen", "reason": "ticket 7"})

    assert models.pulled == ["qwen"]
    entry = last_entry()
    assert (entry.action, entry.object_id, entry.reason) == ("pull-model", "qwen", "ticket 7")
    page = operator.get(URL)
    assert page.headers["Refresh"] == "3"
    assert 'value="0.500"' in page.content.decode()


def test_what_can_not_be_fetched_is_shown_and_not_logged(
    operator: Operator, models: FakeModels
) -> None:
    answer = operator.client.post(URL, {"model": "nothing", "reason": "x"}, follow=True)

    assert "no model named that" in answer.content.decode()
    assert not BY_OPERATORS.exists()


def test_an_operator_without_all_rights_sees_but_does_not_fetch(
    operator: Operator, models: FakeModels
) -> None:
    User.objects.filter(pk=operator.user.pk).update(is_superuser=False)

    assert 'name="reason"' not in operator.get(URL).content.decode()
    assert operator.client.post(URL, {"model": "qwen", "reason": "x"}).status_code == 403
    assert models.pulled == []


def test_a_service_that_is_away_is_a_sentence(operator: Operator, settings: Settings) -> None:
    settings.INFERENCE_TARGET = "127.0.0.1:9"

    page = operator.get(URL)

    assert page.status_code == 200
    assert "errornote" in page.content.decode()


def test_each_kind_of_the_catalogue_has_its_place_on_the_page() -> None:
    assert set(KIND_NAMES) == {kind.value for kind in Kind}
