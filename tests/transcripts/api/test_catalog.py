"""GET /v1/models, /v1/languages, /v1/formats and /health, by HTTP, without a key."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from stt_web.core import background
from stt_web.core.background import ThreadLoop
from tests.e2e.processes import wait_until
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.served_api import Client, make_client, make_info


@pytest.fixture
def bare(guest: Client, settings: Settings) -> Iterator[Client]:
    """A client with a key, of a server on which no model is installed yet."""
    info = make_info()
    info.default_model = ""
    del info.models[4:]
    info.models.add(
        id="base", name="Base", detects_language=True, install_hint="Run `pull base` to install it."
    )
    for model in info.models:
        model.served_by = ""
    with FakeInference(info=info) as fake:
        settings.INFERENCE_TARGET = fake.target
        yield make_client(guest.url)


def test_the_models_are_listed_with_what_is_installed(guest: Client) -> None:
    body = guest.get("/v1/models").json()

    listed = {model["id"]: model for model in body["models"]}
    assert {name: model["speed"] for name, model in listed.items()} == {
        "large-v3-turbo": "fast",
        "large-v3": "standard",
        "medium": "fast",
        "small": "very_fast",
        "tiny": "very_fast",
    }
    assert listed["large-v3-turbo"]["languages"] == 99
    assert (listed["tiny"]["available"], listed["small"]["available"]) == (True, False)
    assert listed["large-v3-turbo"]["served_by"] == "tiny"
    assert body["object"] == "list"
    assert [model["id"] for model in body["data"]] == [
        "large-v3-turbo",
        "tiny",
        "whisper-1",
        "gpt-4o-transcribe",
        "gpt-4o-mini-transcribe",
        "gpt-4o-transcribe-diarize",
    ]
    assert body["data"][0].keys() == {"id", "object", "created", "owned_by"}


def test_the_languages_are_whispers_in_its_order(guest: Client) -> None:
    languages = guest.get("/v1/languages").json()["languages"]

    assert len(languages) == len({language["code"] for language in languages}) == 100
    assert languages[:3] == [
        {"code": "en", "name": "english"},
        {"code": "zh", "name": "chinese"},
        {"code": "de", "name": "german"},
    ]
    assert languages[-1] == {"code": "yue", "name": "cantonese"}


def test_the_formats_are_the_promised_sixteen(guest: Client) -> None:
    formats = guest.get("/v1/formats").json()["formats"]

    promised = "mp3 wav flac ogg m4a aac opus wma mp4 webm mkv avi mov wmv mpg mpeg"
    assert " ".join(each["extension"] for each in formats) == promised


def test_health_reports_the_gpu(guest: Client) -> None:
    answer = guest.get("/health")

    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["recognition"], body["gpu_available"]) == ("ok", "ok", True)
    assert (body["gpu_name"], body["gpu_memory_mb"]) == ("A GPU", 8188)


def test_without_any_model_the_server_is_well_and_states_that_it_can_not_recognise(
    bare: Client,
) -> None:
    wait_until(
        lambda: bare.get("/health").json()["recognition"] == "not_installed", what="it is seen"
    )

    answer = bare.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    models = bare.get("/v1/models").json()
    assert (models["default_model"], models["data"]) == ("", [])
    assert not any(model["available"] for model in models["models"])


@pytest.mark.parametrize("fields", [{}, {"model": "large-v3-turbo"}, {"model": "base"}])
def test_without_any_model_recognition_is_503_and_states_what_to_install(
    bare: Client, fields: dict[str, Any]
) -> None:
    answer = bare.transcribe(**fields)

    assert (answer.status_code, answer.json()["code"]) == (503, "not_installed")
    assert "No speech recognition model is installed" in answer.json()["error"]
    assert "pull base" in answer.json()["error"]


def test_a_background_loop_that_only_fails_makes_the_process_unready(
    guest: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> bool:
        raise ValueError

    monkeypatch.setattr(background, "DOWN_AFTER_S", 0.0)
    loop = ThreadLoop("test-loop", fail, longest_pause_s=0.01)
    loop.start()
    try:
        wait_until(lambda: guest.get("/health").status_code == 503, what="it is noticed")
        body = guest.get("/health").json()
        assert (body["status"], body["background"]) == ("degraded", "down")
        assert body["background_down"] == ["test-loop"]
        assert body["background_failures"]["test-loop"] >= background.DOWN_AFTER_ROUNDS
    finally:
        loop.stop()
    wait_until(lambda: guest.get("/health").status_code == 200, what="it is well again")
    assert guest.get("/health").json()["background"] == "ok"
