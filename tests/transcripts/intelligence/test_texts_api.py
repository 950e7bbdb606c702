"""`/v1/summarize`, `analyze`, `generate`, `embed`, `translate`: shapes, refusals, failures."""

import json
import socket
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import grpc
import numpy as np
import pytest
import requests
import sttai

from accounts.models import ApiKey
from billing.models import Plan
from tests.transcripts.fake_language import EMBEDDER, FakeLanguage
from tests.transcripts.intelligence.texts import CZECH_MEETING, MEETING
from tests.transcripts.served_api import Client
from transcripts.intelligence.operations import ANALYSES, CONTENTS, STYLE_NAMES
from transcripts.intelligence.writing import WRITTEN

pytestmark = pytest.mark.django_db(transaction=True)

SUMMARIZE, ANALYZE, GENERATE = "/v1/summarize", "/v1/analyze", "/v1/generate"
EMBED, TRANSLATE = "/v1/embed", "/v1/translate"
BODIES: dict[str, dict[str, Any]] = {
    SUMMARIZE: {"text": MEETING},
    ANALYZE: {"text": MEETING, "type": "topics"},
    GENERATE: {"text": MEETING, "type": "key_quotes"},
    EMBED: {"texts": ["Hello there."]},
    TRANSLATE: {"text": "Hello there.", "target": "cs"},
}


@pytest.fixture(autouse=True)
def _fresh(language: FakeLanguage) -> None:
    """Each test begins with both embedders and a translator, and no language model."""


def post(client: Client, path: str, **body: Any) -> requests.Response:
    return client.call("POST", path, json={**BODIES[path], **body})


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_each_style_is_a_summary_with_its_sources(client: Client, style: str) -> None:
    answer = post(client, SUMMARIZE, style=style)
    body = answer.json()
    assert answer.status_code == 200, body
    assert body["style"] == STYLE_NAMES[style]
    assert body["summary"]
    assert body["model"].startswith("extractive")
    assert body["approximate"] is True
    assert body["coverage"]["complete"] is True
    assert body["coverage"]["characters"] == len(MEETING)
    for sentence in body["sentences"]:
        start, end = sentence["evidence"]["characters"]
        assert MEETING[start:end] == sentence["text"]


def test_the_sdk_summarises(client: Client) -> None:
    sdk = sttai.STTClient(client.key, base_url=client.url)
    for style in ("brief", "detailed", "bullets", "action_items"):
        body = sdk.summarize(MEETING, style=style)
        assert body["summary"]
        assert {"style", "model"} <= set(body)
    with pytest.raises(sttai.AuthError):
        sttai.STTClient("stt_wrong", base_url=client.url).summarize(MEETING)


def test_the_model_that_read_is_named(client: Client) -> None:
    assert post(client, SUMMARIZE).json()["model"] == f"extractive/{EMBEDDER}"
    assert post(client, ANALYZE, type="entities").json()["model"] == "extractive"


@pytest.mark.parametrize("kind", ANALYSES)
@pytest.mark.parametrize("text", [MEETING, CZECH_MEETING], ids=["en", "cs"])
def test_each_analysis_has_the_shape_of_the_contract(client: Client, kind: str, text: str) -> None:
    body = post(client, ANALYZE, type=kind, text=text).json()
    assert set(body) >= {"type", "model", "coverage", "result"}
    result = body["result"]
    assert result
    shapes: dict[str, set[str]] = {
        "sentiment": {"label", "score", "segments"},
        "topics": {"topic", "score"},
        "entities": {"text", "label", "start", "end"},
        "action_items": {"task", "owner", "due", "source"},
        "questions": {"question", "answered", "answer"},
        "pii_redact": {"text", "entities", "types_covered"},
    }
    first = result if isinstance(result, dict) else result[0]
    assert shapes[kind] <= set(first)


@pytest.mark.parametrize("kind", [kind for kind in CONTENTS if kind not in WRITTEN])
def test_each_quoted_kind_is_markdown_and_data(client: Client, kind: str) -> None:
    body = post(client, GENERATE, type=kind).json()
    assert set(body) >= {"type", "model", "coverage", "content", "data"}
    assert body["content"].strip()
    assert body["data"]
    if kind == "flashcards":
        assert {"front", "back"} <= set(body["data"][0])
    if kind == "quiz":
        assert {"question", "choices", "answer"} <= set(body["data"][0])
    if kind == "chapter_markers":
        assert {"start", "title"} <= set(body["data"][0])


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_only_a_model_can_write_states_what_to_install(client: Client, kind: str) -> None:
    answer = post(client, GENERATE, type=kind)
    assert (answer.status_code, answer.json()["code"]) == (503, "not_installed")
    assert "No language model is installed" in answer.json()["error"]


def test_vectors_are_minilms_and_of_unit_length(client: Client, language: FakeLanguage) -> None:
    body = post(client, EMBED, texts=["One text.", "Another text.", "word " * 300]).json()
    vectors = np.array(body["embeddings"])
    assert vectors.shape == (3, 384)
    assert (body["dimensions"], body["model"]) == (384, "all-MiniLM-L6-v2")
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert body["warnings"][0]["texts"] == [2]
    assert post(client, EMBED).json()["warnings"] == []


def test_many_texts_are_sent_in_several_calls(client: Client, language: FakeLanguage) -> None:
    texts = [f"Text {number}" for number in range(1200)]
    body = post(client, EMBED, texts=texts).json()
    assert len(body["embeddings"]) == 1200
    assert len(language.embedded) == 3


def test_a_translation_retains_what_lies_between_the_sentences(client: Client) -> None:
    body = post(client, TRANSLATE, text="One.\n\nTwo ¤ here.  Three.").json()
    assert body["translated_text"] == "cs:One.\n\nTwo ¤ here.  cs:Three."
    assert (body["source_language"], body["target_language"]) == ("en", "cs")
    assert [each["text"] for each in body["untranslated"]] == ["Two ¤ here."]
    assert body["untranslated"][0]["reason"] == "length"


def test_several_texts_are_translated_in_their_order(client: Client) -> None:
    answer = client.call("POST", TRANSLATE, json={"texts": ["A one.", "", "B."], "target": "cs"})
    translations = [each["translated_text"] for each in answer.json()["translations"]]
    assert translations == ["cs:A one.", "", "cs:B."]


def test_the_same_language_comes_back_unchanged_without_a_model(
    client: Client, language: FakeLanguage
) -> None:
    language.status = grpc.StatusCode.UNAVAILABLE
    body = post(client, TRANSLATE, target="en").json()
    assert (body["translated_text"], body["model"]) == ("Hello there.", "")


def test_an_unknown_language_or_text_is_refused(client: Client) -> None:
    answer = post(client, TRANSLATE, target="x")
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_language")


def test_languages_to_translate_into_are_listed(client: Client) -> None:
    languages = client.get("/v1/translate/languages").json()["languages"]
    assert [(each["code"], each["installed"], each["from"]) for each in languages] == [
        ("cs", True, ["en"]),
        ("de", False, []),
    ]
    assert languages[1]["install_hint"] == "Pull en-de."


@pytest.mark.parametrize("path", BODIES)
def test_without_the_model_it_is_503_with_what_to_install(
    client: Client, language: FakeLanguage, path: str
) -> None:
    language.models.clear()
    answer = post(client, path)
    assert (answer.status_code, answer.json()["code"]) == (503, "not_installed")
    assert "pull" in answer.json()["error"]


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (grpc.StatusCode.UNAVAILABLE, "inference_unavailable"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "inference_full"),
        (grpc.StatusCode.INTERNAL, "inference_error"),
        (grpc.StatusCode.UNIMPLEMENTED, "not_installed"),
    ],
)
def test_an_engine_that_fails_is_reported(
    client: Client, language: FakeLanguage, path: str, status: grpc.StatusCode, code: str
) -> None:
    language.status = status
    answer = post(client, path)
    assert (answer.status_code, answer.json()["code"]) == (503, code)


def test_what_needs_no_vectors_works_without_an_engine(
    client: Client, language: FakeLanguage
) -> None:
    language.status = grpc.StatusCode.UNAVAILABLE
    for kind in ("pii_redact", "entities", "action_items"):
        assert post(client, ANALYZE, type=kind).status_code == 200
    assert post(client, SUMMARIZE, style="action_items").status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (SUMMARIZE, {"text": None}, "invalid_value"),
        (SUMMARIZE, {"text": 7}, "invalid_value"),
        (SUMMARIZE, {"text": " \n "}, "empty_text"),
        (SUMMARIZE, {"style": "poem"}, "invalid_value"),
        (SUMMARIZE, {"model": ["x"]}, "invalid_value"),
        (SUMMARIZE, {"language": "klingonese!"}, "unknown_language"),
        (ANALYZE, {"type": None}, "invalid_value"),
        (ANALYZE, {"type": "poem"}, "invalid_value"),
        (ANALYZE, {"type": "pii_redact", "types": ["SHOE"]}, "invalid_value"),
        (GENERATE, {"type": "poem"}, "invalid_value"),
        (GENERATE, {"type": "blog_post", "model": "extractive"}, "invalid_value"),
        (EMBED, {"texts": []}, "invalid_value"),
        (EMBED, {"model": "word2vec"}, "unknown_model"),
        (EMBED, {"texts": "one"}, "invalid_value"),
        (EMBED, {"texts": [1]}, "invalid_value"),
        (EMBED, {"texts": ["a"] * 2049}, "too_many_texts"),
        (TRANSLATE, {"text": None}, "invalid_value"),
        (TRANSLATE, {"target": None}, "invalid_value"),
    ],
)
def test_what_can_not_be_used_is_400_with_a_sentence(
    client: Client, path: str, body: dict[str, Any], code: str
) -> None:
    answer = post(client, path, **body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["error"].endswith((".", ".\n")) or ":" in answer.json()["error"]


@pytest.mark.parametrize("path", BODIES)
def test_every_path_needs_a_key_and_json(client: Client, guest: Client, path: str) -> None:
    refused = guest.call("POST", path, json=BODIES[path])
    assert (refused.status_code, refused.json()["code"]) == (401, "missing_key")
    wrong = Client(guest.url, "stt_wrong").call("POST", path, json=BODIES[path])
    assert wrong.status_code == 401
    assert client.get(path).status_code == 405
    form = client.call("POST", path, data={"text": "x"})
    assert (form.status_code, form.json()["code"]) == (415, "unsupported_media_type")
    broken = client.call("POST", path, data="{", headers={"Content-Type": "application/json"})
    assert (broken.status_code, broken.json()["code"]) == (400, "malformed_body")


def test_a_text_of_two_megabytes_is_read_and_a_larger_one_refused(client: Client) -> None:
    text = "The bakery in Leeds opens in March, and everybody is glad about the ovens.\n" * 26_000
    answer = post(client, ANALYZE, type="pii_redact", text=text)
    assert answer.status_code == 200
    assert answer.json()["coverage"]["characters"] == len(text)
    larger = post(client, SUMMARIZE, text=text + text)
    assert larger.status_code == 413


def test_a_plan_has_so_many_texts_a_minute(client: Client) -> None:
    Plan.objects.update(text_requests_per_minute=2)
    answers = [post(client, ANALYZE, type="entities") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["Retry-After"]) >= 1
    assert '"text";r=0' in answers[1].headers["RateLimit"]
    assert '"text";q=2;w=60' in answers[1].headers["RateLimit-Policy"]


def test_the_same_request_sent_again_gets_the_same_answer(
    client: Client, language: FakeLanguage
) -> None:
    headers = {"Idempotency-Key": "texts-1"}
    first = client.call("POST", SUMMARIZE, json=BODIES[SUMMARIZE], headers=headers)
    calls = len(language.embedded)
    second = client.call("POST", SUMMARIZE, json=BODIES[SUMMARIZE], headers=headers)
    assert second.json() == first.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(language.embedded) == calls
    other = client.call("POST", SUMMARIZE, json={"text": "Another."}, headers=headers)
    assert other.status_code == 422


def test_a_client_that_leaves_ends_the_call_of_the_engine(
    client: Client, language: FakeLanguage
) -> None:
    language.hangs = threading.Event()
    began = time.monotonic()
    server = urlsplit(client.url)
    body = json.dumps(BODIES[SUMMARIZE]).encode()
    with socket.create_connection((str(server.hostname), int(server.port or 80))) as connection:
        head = (
            f"POST {SUMMARIZE} HTTP/1.1\r\nHost: {server.netloc}\r\n"
            f"Authorization: Bearer {client.key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        connection.sendall(head.encode() + body)
        time.sleep(0.5)
    assert language.left.acquire(timeout=10)
    assert time.monotonic() - began < 10


def test_a_key_that_is_revoked_ends_its_request(client: Client, language: FakeLanguage) -> None:
    language.hangs = threading.Event()
    answers: list[requests.Response] = []
    asking = threading.Thread(target=lambda: answers.append(post(client, SUMMARIZE)))
    asking.start()
    while not language.embedded and not ApiKey.objects.exclude(last_used_at=None).exists():
        time.sleep(0.02)
    ApiKey.objects.update(revoked_at="2020-01-01T00:00:00Z")
    asking.join(15)
    assert answers[0].status_code == 401
    assert language.left.acquire(timeout=10)


def test_two_short_texts_do_not_wait_for_long_ones(client: Client, language: FakeLanguage) -> None:
    """Long ones hang in the engine; a short one is answered beside them."""
    hanging = threading.Event()
    language.hangs = hanging
    long = MEETING * 30
    threads = [
        threading.Thread(target=lambda: post(client, SUMMARIZE, text=long)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    language.hangs = None
    began = time.monotonic()
    assert post(client, SUMMARIZE, text="A short text. It has two sentences.").status_code == 200
    assert time.monotonic() - began < 5
    hanging.set()
    for thread in threads:
        thread.join(20)
