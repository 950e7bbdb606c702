"""OpenAI's endpoints over a real socket: each format, streams, and errors in its shape."""

import json
import threading
from typing import Any

import grpc
import pytest
import requests

from accounts.keys.issue import revoke_api_key
from accounts.models import ApiKey
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
from transcripts.models import Transcript

__all__ = ["client", "guest", "inference", "server", "worker"]  # fixtures
PATH = "/v1/audio/transcriptions"
TEXT = "w0 w1 w2"


def transcribe(
    client: Client, *fields: tuple[str, str], path: str = PATH, **options: Any
) -> requests.Response:
    fields = (("model", "whisper-1"), *fields)
    form = [(name, (None, value)) for name, value in fields]
    return client.call("POST", path, files=[("file", ("a.wav", wav())), *form], **options)


@pytest.mark.usefixtures("worker")
def test_each_format_has_what_its_types_require(client: Client) -> None:
    plain = transcribe(client)
    assert plain.json() == {"text": TEXT, "usage": {"type": "duration", "seconds": 3}}
    assert plain.headers["X-Model-Used"] == "tiny"
    assert transcribe(client, ("response_format", "text")).text == f"{TEXT}\n"
    assert transcribe(client, ("response_format", "srt")).text.startswith("1\n00:00:00,")
    assert transcribe(client, ("response_format", "vtt")).text.startswith("WEBVTT")

    verbose = transcribe(client, ("response_format", "verbose_json")).json()
    assert (verbose["task"], verbose["language"], verbose["duration"]) == (
        "transcribe",
        "english",
        3,
    )
    assert "words" not in verbose
    assert set(verbose["segments"][0]) == {
        *("id", "seek", "start", "end", "text", "tokens", "temperature"),
        *("avg_logprob", "compression_ratio", "no_speech_prob"),
    }

    both = [("timestamp_granularities[]", "word"), ("timestamp_granularities[]", "segment")]
    timed = transcribe(client, ("response_format", "verbose_json"), *both).json()
    assert [word["word"] for word in timed["words"]] == TEXT.split()
    assert timed["segments"] == verbose["segments"]

    logged = transcribe(client, ("include[]", "logprobs")).json()
    assert [each["token"] for each in logged["logprobs"]] == TEXT.split()
    assert all(each["logprob"] <= 0 for each in logged["logprobs"])
    assert Transcript.objects.count() == 1  # the same recording, in other clothes


@pytest.mark.usefixtures("worker")
def test_speakers_come_where_they_are_asked_for(client: Client) -> None:
    diarized = transcribe(client, ("response_format", "diarized_json")).json()
    assert diarized["task"] == "transcribe"
    speakers = {segment["speaker"] for segment in diarized["segments"]}
    assert speakers == {"Speaker 1", "Speaker 2"}
    assert [segment["id"] for segment in diarized["segments"]][:2] == ["seg_0", "seg_1"]


@pytest.mark.usefixtures("worker")
def test_a_translation_is_never_something_else(client: Client) -> None:
    """The model here can't, and says so; what was asked for is read by `test_fields`."""
    answer = transcribe(client, path="/v1/audio/translations")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "not_installed"


def events_of(answer: requests.Response) -> list[Any]:
    lines = [line for line in answer.iter_lines(decode_unicode=True) if line.startswith("data: ")]
    return [
        line if line == "data: [DONE]" else json.loads(line.removeprefix("data: "))
        for line in lines
    ]


@pytest.mark.usefixtures("worker")
def test_a_stream_has_the_text_while_it_is_recognised_and_whole_at_the_end(
    client: Client, inference: FakeInference
) -> None:
    is_seen = threading.Event()
    inference.scripts.append(Script(before_window=lambda number: number < 2 or is_seen.wait(20)))
    with transcribe(client, ("stream", "true"), stream=True) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        lines = answer.iter_lines(decode_unicode=True)
        first = next(json.loads(line[6:]) for line in lines if line.startswith("data: "))
        is_seen.set()
        rest = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    deltas = [event["delta"] for event in (first, *rest) if event["type"].endswith(".delta")]
    assert "".join(deltas) == TEXT
    assert rest[-1] == {"type": "transcript.text.done", "text": TEXT}


@pytest.mark.usefixtures("worker")
def test_a_diarized_stream_names_the_speakers_once_they_are_known(client: Client) -> None:
    fields = [("stream", "true"), ("response_format", "diarized_json")]
    with transcribe(client, *fields, stream=True) as answer:
        *events, done, end = events_of(answer)
    segments = [event for event in events if event["type"] == "transcript.text.segment"]
    assert {segment["speaker"] for segment in segments} == {"Speaker 1", "Speaker 2"}
    assert done["text"] == TEXT
    assert end == "data: [DONE]"


@pytest.mark.usefixtures("worker")
def test_a_failure_in_mid_stream_is_an_error_and_never_a_silent_end(
    client: Client, inference: FakeInference
) -> None:
    inference.scripts.append(Script(windows=1, status=grpc.StatusCode.FAILED_PRECONDITION))
    with transcribe(client, ("stream", "true"), stream=True) as answer:
        last = events_of(answer)[-1]
    assert last["error"].keys() >= {"message", "type", "param", "code"}
    assert last["error"]["message"]


@pytest.mark.usefixtures("worker")
def test_a_key_that_is_revoked_in_mid_stream_is_an_error(
    client: Client, inference: FakeInference
) -> None:
    is_over = threading.Event()
    inference.scripts.append(Script(before_window=lambda number: number < 1 or is_over.wait(20)))
    with transcribe(client, ("stream", "true"), stream=True) as answer:
        lines = answer.iter_lines(decode_unicode=True)
        next(line for line in lines if line.startswith("data: "))
        revoke_api_key(ApiKey.objects.get(user=client.user))
        last = [line for line in lines if line][-1]
        is_over.set()
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "invalid_api_key"


def test_errors_have_their_four_fields_wherever_they_are_made(client: Client) -> None:
    stranger = Client(client.url, "stt_wrong")
    no_credits = make_client(client.url, minutes=0)
    for answer, status, code, param in (
        (transcribe(stranger), 401, "invalid_api_key", None),
        (transcribe(client, ("response_format", "xml")), 400, "invalid_value", "response_format"),
        (transcribe(client, ("known_speaker_names[]", "Ann")), 400, "invalid_value",
         "known_speaker_names[]"),
        (client.call("POST", PATH, json={}), 415, "unsupported_media_type", None),
        (client.call("POST", PATH, files={"model": (None, "x")}), 400, "missing_file", "file"),
        (client.call("POST", PATH, files={"file": ("a.mp3", b"")}), 400, "empty_file", "file"),
        (client.call("POST", PATH, files={"file": ("a.wav", wav()[:44])}), 400, "corrupt_media",
         "file"),
        (client.call("GET", PATH), 405, "method_not_allowed", None),
        (client.call("GET", "/v1/audio/nothing"), 404, "not_found", None),
        (client.call("GET", "/v1/models/nothing"), 404, "model_not_found", "model"),
        (transcribe(no_credits), 402, "no_credits", None),
    ):  # fmt: skip
        error = answer.json()["error"]
        assert answer.status_code == status, answer.text
        assert (error["code"], error["param"]) == (code, param)
        assert error.keys() >= {"message", "type", "param", "code"}


def test_an_unknown_model_is_not_the_default_one(client: Client) -> None:
    form = [("model", (None, "gpt-7"))]
    answer = client.call("POST", PATH, files=[("file", ("a.wav", wav())), *form])
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["param"]) == ("model_not_found", "model")


def test_a_model_is_described_by_the_name_that_was_asked_for(client: Client) -> None:
    listed = [each["id"] for each in client.call("GET", "/v1/models").json()["data"]]
    for name in ("whisper-1", "gpt-4o-transcribe-diarize", "tiny"):
        assert name in listed
        body = client.call("GET", f"/v1/models/{name}").json()
        assert (body["id"], body["object"], body["owned_by"]) == (name, "model", "fake")
        assert body["created"] > 0


def test_a_browser_may_send_the_headers_of_the_clients(guest: Client) -> None:
    asked = "authorization, x-stainless-lang, openai-organization, x-secret"
    preflight = guest.call(
        "OPTIONS",
        PATH,
        headers={
            "Origin": "https://example.com",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": asked,
        },
    )
    allowed = preflight.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "x-stainless-lang", "openai-organization"} <= set(allowed)
    assert "x-secret" not in allowed
