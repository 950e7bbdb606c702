"""The OpenAPI document: valid, complete, and true: real answers are held against it."""

import tomllib
import uuid
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
from django.urls import get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from openapi_spec_validator import validate

from stt_web.openapi import build_document
from stt_web.reference.live import read_asyncapi
from tests.transcripts.served_api import (
    Client,
    Worker,
    client,
    guest,
    inference,
    server,
    wav,
    worker,
)

__all__ = ["client", "guest", "inference", "server", "worker"]  # fixtures


ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def document(guest: Client) -> dict[str, Any]:
    body: dict[str, Any] = guest.get("/openapi.json").json()
    return body


def test_all_documents_name_the_projects_version(document: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    live = read_asyncapi()["info"]["version"]

    assert (document["info"]["version"], live) == (project, project)


def hold(document: dict[str, Any], path: str, method: str, answer: requests.Response) -> None:
    """Hold an answer against the document's entry for this status, type and its headers."""
    described = document["paths"][path][method]["responses"][str(answer.status_code)]
    for name in described.get("headers", {}):
        assert name in answer.headers or name == "X-Transcript-Token", name
    if "content" not in described:
        assert not answer.content
        return
    kind = answer.headers["Content-Type"].partition(";")[0]
    schema = described["content"][kind]["schema"]
    if kind == "application/json":
        whole = {**schema, "components": document["components"]}
        jsonschema.Draft202012Validator(whole).validate(answer.json())


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    validate(document)

    assert document["openapi"].startswith("3.1")


def test_nothing_is_left_out_of_the_document_with_a_warning() -> None:
    """drf-spectacular leaves out what it doesn't know, and says so."""
    build_document.cache_clear()
    GENERATOR_STATS.reset()
    build_document()
    assert {**GENERATOR_STATS._warn_cache, **GENERATOR_STATS._error_cache} == {}


def test_every_address_of_the_api_is_described(document: dict[str, Any]) -> None:
    described = set(document["paths"])

    served = {
        "/" + "".join(route).replace("<uuid:transcript_id>", "{transcript_id}")
        for route in routes(get_resolver().url_patterns)
    }
    api = {path for path in served if path.startswith(("/v1/", "/api/v1/", "/health"))}
    assert {path for path in api if "<" not in path} <= described


def routes(patterns: Any, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for pattern in patterns:
        here = (*before, str(pattern.pattern))
        found += routes(pattern.url_patterns, here) if hasattr(pattern, "url_patterns") else [here]
    return found


@pytest.mark.parametrize("response_format", ["json", "verbose_json", "txt", "srt", "vtt"])
def test_transcriptions_are_as_described(
    document: dict[str, Any],
    client: Client,
    worker: Worker,
    response_format: str,
) -> None:
    answer = client.transcribe(response_format=response_format)

    assert answer.status_code == 200
    hold(document, "/v1/transcribe", "post", answer)


@pytest.mark.parametrize("is_async", ["false", "true"])
def test_clean_sound_and_speech_are_as_described(
    document: dict[str, Any], client: Client, worker: Worker, is_async: str
) -> None:
    recording = {"file": ("talk.wav", wav())}
    options = {"async": is_async}
    enhanced = client.call("POST", "/v1/enhance-audio", files=recording, data=options)
    sent = {"text": "Hello.", "voice": "jf_alpha", "async": is_async}
    files = {name: (None, value) for name, value in sent.items()}
    spoken = client.call("POST", "/v1/tts", files=files)

    for path, answer in (("/v1/enhance-audio", enhanced), ("/v1/tts", spoken)):
        assert answer.status_code == (202 if is_async == "true" else 200), answer.text
        hold(document, path, "post", answer)
        described = document["paths"][path]["post"]["responses"][str(answer.status_code)]
        assert {"X-Credits-Charged", "X-Credits-Left"} <= set(described["headers"])


def test_transcripts_and_their_lists_are_as_described(
    document: dict[str, Any],
    client: Client,
    worker: Worker,
) -> None:
    made = client.transcribe()
    one = f"/api/v1/transcripts/{made.json()['id']}/"
    detail = "/api/v1/transcripts/{transcript_id}/"

    hold(document, "/api/v1/transcripts/", "get", client.get("/api/v1/transcripts/"))
    hold(document, detail, "get", client.get(one))
    hold(document, detail + "cancel/", "post", client.call("POST", one + "cancel/"))
    hold(document, detail + "events/", "get", client.get(one + "events/"))
    hold(document, detail, "delete", client.call("DELETE", one))
    hold(document, detail, "get", client.get(one))  # 404


def test_what_needs_no_key_is_as_described(
    document: dict[str, Any],
    guest: Client,
) -> None:
    for path in ("/v1/models", "/v1/languages", "/v1/formats", "/health"):
        hold(document, path, "get", guest.get(path))
    accepted = guest.transcribe(is_async=True)
    assert accepted.status_code == 202
    hold(document, "/v1/transcribe", "post", accepted)


def test_refusals_are_as_described(
    document: dict[str, Any],
    guest: Client,
    client: Client,
) -> None:
    refusals = [
        client.transcribe(b"no recording"),
        client.transcribe(model="small"),
        client.call("POST", "/v1/transcribe", json={}),
        Client(guest.url, "stt_wrong").transcribe(),
    ]

    assert [answer.status_code for answer in refusals] == [400, 503, 415, 401]
    for answer in refusals:
        hold(document, "/v1/transcribe", "post", answer)
    missing = guest.get(f"/api/v1/transcripts/{uuid.uuid4()}/")
    assert missing.status_code == 401
    hold(document, "/api/v1/transcripts/{transcript_id}/", "get", missing)
