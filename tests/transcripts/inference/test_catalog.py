"""What a process remembers of the inference service while that is away."""

import time

import pytest
from django.core.cache import cache

from transcripts.inference.catalog import (
    REMEMBERED_S,
    InferenceUnavailableError,
    ModelDirectory,
)
from transcripts.inference.catalog_memory import CatalogMemory
from transcripts.inference.errors import UnavailableError
from transcripts.inference.results import Device, ServerModels

_FIVE_MINUTES_S = 300.0
_KEY = "inference-catalog"


class Service:
    """Answers until it is away; its clock is turned by hand."""

    def __init__(self) -> None:
        self.is_away = False
        self.now_s = 1000.0

    def fetch(self) -> ServerModels:
        if self.is_away:
            raise UnavailableError("It is away.")
        return ServerModels(
            models=(), default_model="base", device=Device("cpu", "", 0, "int8", False)
        )


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def directory(service: Service) -> ModelDirectory:
    return ModelDirectory(service.fetch, clock=lambda: service.now_s)


def test_what_can_wait_is_accepted_while_the_service_is_away_for_long(
    service: Service, directory: ModelDirectory
) -> None:
    assert directory.list_models().is_stale is False
    service.is_away = True
    service.now_s += _FIVE_MINUTES_S

    with pytest.raises(InferenceUnavailableError):
        directory.list_models()
    known = directory.list_models(stale_s=REMEMBERED_S)

    assert (known.default_model, known.is_stale) == ("base", True)


def test_what_was_never_known_is_not_remembered(
    service: Service, directory: ModelDirectory
) -> None:
    service.is_away = True

    with pytest.raises(InferenceUnavailableError):
        directory.list_models(stale_s=REMEMBERED_S)


def directory_of_another_process(service: Service) -> ModelDirectory:
    memory = CatalogMemory(REMEMBERED_S)
    return ModelDirectory(service.fetch, memory=memory, clock=lambda: service.now_s)


@pytest.mark.django_db
def test_a_process_that_starts_while_it_is_away_knows_what_others_knew(service: Service) -> None:
    directory_of_another_process(service).list_models()
    service.is_away = True
    started_later = directory_of_another_process(service)

    with pytest.raises(InferenceUnavailableError):
        started_later.list_models()  # a page shows what is there now, or nothing
    known = started_later.list_models(stale_s=REMEMBERED_S)

    assert (known.default_model, known.is_stale) == ("base", True)
    service.is_away = False
    service.now_s += 2
    assert started_later.list_models().is_stale is False


@pytest.mark.django_db
def test_what_was_stored_is_used_for_a_day_in_all(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory_of_another_process(service).list_models()
    service.is_away = True
    stored_at_s = time.time()
    late_s = stored_at_s + REMEMBERED_S - 60
    monkeypatch.setattr(time, "time", lambda: late_s)
    started_later = directory_of_another_process(service)

    assert started_later.list_models(stale_s=REMEMBERED_S).is_stale
    service.now_s += 120
    monkeypatch.setattr(time, "time", lambda: late_s + 120)
    with pytest.raises(InferenceUnavailableError):
        started_later.list_models(stale_s=REMEMBERED_S)


@pytest.mark.django_db
@pytest.mark.parametrize("stored", ["junk", (1.0, "junk"), (time.time(), object())])
def test_what_another_version_stored_is_as_nothing(service: Service, stored: object) -> None:
    cache.set(_KEY, stored)
    service.is_away = True

    with pytest.raises(InferenceUnavailableError):
        directory_of_another_process(service).list_models(stale_s=REMEMBERED_S)


def test_a_cache_that_is_away_costs_the_memory_only(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(cache, "set", fail)
    monkeypatch.setattr(cache, "get", fail)
    directory = directory_of_another_process(service)

    assert directory.list_models().default_model == "base"
    service.is_away = True
    with pytest.raises(InferenceUnavailableError):
        directory_of_another_process(service).list_models(stale_s=REMEMBERED_S)
