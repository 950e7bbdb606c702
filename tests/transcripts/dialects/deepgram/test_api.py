"""`POST /v1/listen` over a real socket: bytes, addresses, callbacks, and errors in its shapes."""

import json
from typing import Any
from urllib.parse import quote

import pytest
import requests
from pytest_django import Settings

from tests.transcripts.fake_inference import FakeInference, Script
from tests.transcripts.served_api import (
    Client,
    client,
    guest,
    inference,
    make_client,
    server,
    wav,
    worker,
)
from tests.transcripts.webhooks.receiver import Receiver
from transcripts.models import Transcript
from transcripts.webhooks.models import WebhookDelivery
from transcripts.webhooks.pump import pump_deliveries

__all__ = ["client", "guest", "inference", "server", "worker"]  # fixtures
PATH = "/v1/listen"
TEXT = "w0 w1 w2"


def listen(client: Client, query: str = "", **options: Any) -> requests.Response:
    options.setdefault("data", wav())
    key = {"Authorization": f"Token {client.key}"} if client.key else {}
    headers = key | {"Content-Type": "audio/wav"} | options.pop("headers", {})
    return client.call("POST", f"{PATH}?{query}", headers=headers, **options)


@pytest.mark.usefixtures("worker")
def test_the_answer_has_what_clients_read_without_a_guard(client: Client) -> None:
    answer = listen(client, "model=nova-3&tag=a&extra=b:c")
    body = answer.json()

    metadata = body["metadata"]
    assert metadata["request_id"] == answer.headers["dg-request-id"]
    assert metadata["request_id"] == answer.headers["X-Transcript-Id"]
    assert (metadata["duration"], metadata["channels"]) == (3, 1)
    assert len(metadata["sha256"]) == 64
    assert metadata["model_info"][metadata["models"][0]] == {"name": "tiny", "arch": "fake"}
    assert (metadata["tags"], metadata["extra"]) == (["a"], {"b": "c"})
    channel = body["results"]["channels"][0]
    alternative = channel["alternatives"][0]
    assert alternative["transcript"] == TEXT
    assert 0 < alternative["confidence"] <= 1
    assert [word["word"] for word in alternative["words"]] == TEXT.split()
    assert set(alternative["words"][0]) == {
        *("word", "start", "end", "confidence", "punctuated_word")
    }
    assert channel["detected_language"] == "en"
    assert "utterances" not in body["results"]
    assert "paragraphs" not in alternative


@pytest.mark.usefixtures("worker")
def test_speakers_utterances_and_paragraphs_come_where_they_are_asked_for(client: Client) -> None:
    query = "diarize=true&utterances=true&paragraphs=true&punctuate=true&language=en"
    results = listen(client, query).json()["results"]
    alternative = results["channels"][0]["alternatives"][0]

    assert {word["speaker"] for word in alternative["words"]} == {0, 1}
    assert "detected_language" not in results["channels"][0]
    assert " ".join(each["transcript"] for each in results["utterances"]) == TEXT
    assert {each["speaker"] for each in results["utterances"]} == {0, 1}
    paragraphs = alternative["paragraphs"]
    sentences = [each["text"] for part in paragraphs["paragraphs"] for each in part["sentences"]]
    assert " ".join(sentences) == TEXT
    assert paragraphs["transcript"].startswith("Speaker 0: ")


@pytest.mark.usefixtures("worker")
def test_the_same_recording_in_other_clothes_is_one_transcript(client: Client) -> None:
    first, second = listen(client), listen(client, "punctuate=true&paragraphs=true")
    assert first.headers["X-Transcript-Id"] == second.headers["X-Transcript-Id"]
    assert Transcript.objects.count() == 1


@pytest.mark.usefixtures("worker")
def test_phrases_are_found_word_for_word(client: Client) -> None:
    channel = listen(client, "search=W1+w2&search=nothing").json()["results"]["channels"][0]
    words = channel["alternatives"][0]["words"]
    (hit,) = channel["search"][0].pop("hits")
    assert (hit["start"], hit["end"]) == (words[1]["start"], words[2]["end"])
    assert hit["snippet"] == "w1 w2"
    assert 0 < hit["confidence"] <= 1
    assert channel["search"] == [{"query": "W1 w2"}, {"query": "nothing", "hits": []}]


@pytest.mark.usefixtures("worker")
def test_what_a_text_lacks_is_named(client: Client, inference: FakeInference) -> None:
    inference.scripts.append(Script(is_silent=True))
    ignored, lacking = listen(client, "topics=true").json()["metadata"]["warnings"]
    assert ignored["parameter"] == "topics"
    assert lacking == {
        "parameter": "",
        "type": "no_speech",
        "message": "No speech was found in this recording.",
    }


@pytest.mark.usefixtures("worker")
def test_what_was_asked_for_and_ignored_is_named(client: Client) -> None:
    query = "summarize=v2&topics=true&sentiment=false&shiny=1&punctuate=true"
    metadata = listen(client, query).json()["metadata"]
    assert [each["parameter"] for each in metadata["warnings"]] == ["summarize", "topics", "shiny"]
    assert all(each["message"].startswith(each["parameter"]) for each in metadata["warnings"])
    assert "warnings" not in listen(client, "punctuate=true").json()["metadata"]


def test_the_models_are_listed_in_its_shape_for_its_keys_alone(client: Client) -> None:
    theirs = client.call("GET", "/v1/models", headers={"Authorization": f"Token {client.key}"})
    assert [model["name"] for model in theirs.json()["stt"]] == ["large-v3-turbo", "tiny"]
    assert {"en", "cs"} <= set(theirs.json()["stt"][1]["languages"])
    assert "stt" not in client.get("/v1/models").json()
    wrong = client.call("GET", "/v1/models", headers={"Authorization": "Token stt_wrong"})
    assert wrong.status_code == 401


@pytest.fixture
def receiver(settings: Settings) -> Any:
    settings.WEBHOOK_ALLOW_HTTP = True
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with Receiver() as receiver:
        yield receiver


@pytest.mark.usefixtures("worker")
def test_a_callback_gets_the_answer_once_by_its_method(client: Client, receiver: Receiver) -> None:
    query = f"callback={quote(receiver.url)}&callback_method=put&punctuate=true"
    first = listen(client, query)
    again = listen(client, query)  # as a client that saw no answer
    assert first.json() == again.json() == {"request_id": first.headers["X-Transcript-Id"]}

    client.call("POST", "/v1/transcribe", files={"file": ("a.wav", wav())}, data={"diarize": "no"})
    pump_deliveries()
    (message,) = receiver.messages
    body = json.loads(message.body)
    assert message.head.startswith("PUT /hook?a=1 ")
    assert body["metadata"]["request_id"] == first.json()["request_id"]
    assert body["results"]["channels"][0]["alternatives"][0]["transcript"] == TEXT
    assert "webhook-signature" not in message.headers
    assert WebhookDelivery.objects.count() == 1
    assert client.get("/api/v1/webhooks/").json()["results"] == []  # none of the owner's


def test_a_callback_needs_an_account(guest: Client) -> None:
    answer = listen(guest, "callback=https://example.com/")
    assert answer.status_code == 401
    assert answer.json()["err_code"] == "INVALID_AUTH"


def test_errors_have_both_shapes_wherever_they_are_made(client: Client) -> None:
    stranger = Client(client.url, "stt_wrong")
    no_credits = make_client(client.url, minutes=0)
    small = make_client(client.url, max_file_bytes=1000)
    as_json = {"Content-Type": "application/json"}
    for answer, status, code, category in (
        (listen(stranger), 401, "invalid_key", "INVALID_AUTH"),
        (listen(client, headers={"Authorization": "Basic eDp5"}), 401, "invalid_key",
         "INVALID_AUTH"),
        (listen(client, "multichannel=true"), 400, "invalid_value", "Bad Request"),
        (listen(client, "model=nova9000x"), 400, "unknown_model", "Bad Request"),
        (listen(client, data=b""), 400, "missing_file", "Bad Request"),
        (listen(client, data=b"{}", headers=as_json), 400, "missing_file", "Bad Request"),
        (listen(client, data=b'{"url": "http://10.0.0.1/a"}', headers=as_json), 400,
         "address_refused", "Bad Request"),
        (listen(client, data=b"x" * 5000), 400, "not_audio", "Bad Request"),
        (listen(client, data=None, files={"file": wav()}, headers={"Content-Type": None}), 415,
         "unsupported_media_type", "UNSUPPORTED_MEDIA_TYPE"),
        (listen(small), 413, "file_too_large", "PAYLOAD_TOO_LARGE"),
        (listen(no_credits), 402, "no_credits", "ASR_PAYMENT_REQUIRED"),
        (client.call("GET", PATH), 405, "method_not_allowed", "METHOD_NOT_ALLOWED"),
        (client.call("GET", f"{PATH}/more"), 404, "not_found", "NOT_FOUND"),
    ):  # fmt: skip
        body = answer.json()
        assert (answer.status_code, body["code"]) == (status, code), answer.text
        assert body["err_code"] == body["category"] == category
        assert body["err_msg"] == body["message"]
        assert body["request_id"]
        assert answer.headers["dg-request-id"] == body["request_id"]
    named = listen(client, "redact=numbers").json()
    assert named["details"] == "invalid_value: redact"
