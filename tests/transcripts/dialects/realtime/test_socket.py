"""Realtime transcription over a real socket, before a service that hears one word a second."""

import base64
import threading
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
import requests
from django.utils import timezone

from accounts.keys.issue import issue_api_key, revoke_api_key
from accounts.models import ApiKey
from billing.quotas import limits_for
from tests.e2e.processes import wait_until
from tests.stt_web.served import Served
from tests.transcripts.dialects.vendor_client import Message, VendorClient, refusal_of
from tests.transcripts.live.conftest import live, stream
from tests.transcripts.live.fake_stream import FakeStream, StreamScript
from tests.transcripts.live.sockets import application_server, server, speaker
from tests.transcripts.served_api import Client, make_client
from transcripts.models import Source, Status, Transcript

__all__ = ["application_server", "live", "server", "speaker", "stream"]  # fixtures

PATH = "/v1/realtime?intent=transcription"
SECOND = b"\x10\x00" * 16_000
NATIVE = {"type": "audio/pcm", "rate": 16_000}  # so that a second is a second, and not 1 ms less
TRANSCRIPTION = "conversation.item.input_audio_transcription"


@pytest.fixture
def client(speaker: Client) -> Iterator[VendorClient]:
    with connect(speaker) as client:
        yield client


def connect(speaker: Client, **options: Any) -> VendorClient:
    if not options:
        options = {"key": speaker.key}
    client = VendorClient(speaker.url, PATH, **options)
    assert client.receive()["type"] == "session.created"
    client.send(update(format=NATIVE))
    client.receive("session.updated")
    return client


def append(audio: bytes) -> Message:
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(audio).decode()}


def update(**sound: Any) -> Message:
    session = {"type": "transcription", "audio": {"input": sound}}
    return {"type": "session.update", "event_id": "mine", "session": session}


def speak(client: VendorClient, seconds: float, *, second: bytes = SECOND) -> None:
    client.send(append(second * int(seconds) + second[: int(len(second) * (seconds % 1))]))


def deltas_of(client: VendorClient, item_id: str) -> str:
    deltas = client.of_type(f"{TRANSCRIPTION}.delta")
    return "".join(each["delta"] for each in deltas if each["item_id"] == item_id)


def test_what_is_committed_by_the_client_is_an_item(client: VendorClient, speaker: Client) -> None:
    client.send(update(turn_detection=None, transcription={"model": "gpt-4o-transcribe"}))
    shown = client.receive("session.updated")["session"]
    assert shown["audio"]["input"]["turn_detection"] is None
    assert shown["audio"]["input"]["transcription"] == {"model": "gpt-4o-transcribe"}

    speak(client, 2.5)
    client.send({"type": "input_audio_buffer.commit"})
    committed = client.receive("input_audio_buffer.committed")
    first = client.receive(f"{TRANSCRIPTION}.completed")
    speak(client, 1)
    client.send({"type": "input_audio_buffer.commit"})
    second = client.receive(f"{TRANSCRIPTION}.completed")

    assert (first["transcript"], second["transcript"]) == ("w0 w1 w2", "w2")
    assert (first["usage"], second["usage"]) == (
        {"type": "duration", "seconds": 2.5},
        {"type": "duration", "seconds": 1.0},
    )
    assert first["languages"] == [{"code": "en"}]
    assert (committed["item_id"], committed["previous_item_id"]) == (first["item_id"], None)
    last = client.of_type("input_audio_buffer.committed")[-1]
    assert (last["item_id"], last["previous_item_id"]) == (second["item_id"], first["item_id"])
    for item in (first, second):
        assert deltas_of(client, item["item_id"]) == item["transcript"]
    ids = [message["event_id"] for message in client.messages]
    assert len(set(ids)) == len(ids)


def test_pauses_end_items_and_the_session_is_a_transcript_like_any_other(
    client: VendorClient, speaker: Client
) -> None:
    speak(client, 1.5)
    completed = client.receive(f"{TRANSCRIPTION}.completed")
    client.send({"type": "input_audio_buffer.commit"})
    client.receive(f"{TRANSCRIPTION}.completed")

    kinds = [message["type"] for message in client.messages]
    assert kinds.index("input_audio_buffer.speech_started") < kinds.index(
        "input_audio_buffer.speech_stopped"
    )
    assert completed["transcript"] == "w0"
    started = client.of_type("input_audio_buffer.speech_started")[0]
    stopped = client.of_type("input_audio_buffer.speech_stopped")[0]
    assert (started["audio_start_ms"], stopped["audio_end_ms"]) == (0, 1000)
    assert {started["item_id"], stopped["item_id"]} == {completed["item_id"]}

    client.__exit__()
    wait_until(lambda: _is_completed(speaker), what="the transcript is finished")
    stored = Transcript.objects.get(owner=speaker.user)
    assert (stored.source, stored.credits_charged) == (Source.LIVE, 1)
    assert [segment.text for segment in stored.segments.all()] == ["w0", "w1"]


def _is_completed(speaker: Client) -> bool:
    return Transcript.objects.filter(owner=speaker.user, job__status=Status.COMPLETED).exists()


def test_logprobs_come_where_they_are_included(client: VendorClient) -> None:
    sent = update(turn_detection=None)
    sent["session"]["include"] = ["item.input_audio_transcription.logprobs"]
    client.send(sent)
    speak(client, 1)
    client.send({"type": "input_audio_buffer.commit"})

    completed = client.receive(f"{TRANSCRIPTION}.completed")

    assert completed["logprobs"] == [{"token": "w0", "bytes": [119, 48], "logprob": -0.2877}]


def test_what_is_cleared_is_not_delivered(client: VendorClient) -> None:
    client.send(update(turn_detection=None))
    speak(client, 1)
    client.send({"type": "input_audio_buffer.clear"})
    client.receive("input_audio_buffer.cleared")
    speak(client, 1)
    client.send({"type": "input_audio_buffer.commit"})

    assert client.receive(f"{TRANSCRIPTION}.completed")["transcript"] == "w1"
    assert len(client.of_type("input_audio_buffer.committed")) == 1


@pytest.mark.parametrize(
    ("sound", "second"),
    [
        ({"type": "audio/pcm", "rate": 16_000}, b"\x10\x00" * 16_000),
        ({"type": "audio/pcm", "rate": 48_000}, b"\x10\x00" * 48_000),
        ({"type": "audio/pcmu"}, b"\xff" * 8000),
        ({"type": "audio/pcma"}, b"\xd5" * 8000),
    ],
)
def test_each_format_has_its_length(
    client: VendorClient, live: FakeStream, sound: Message, second: bytes
) -> None:
    client.send(update(turn_detection=None, format=sound))
    shown = client.receive("session.updated")["session"]["audio"]["input"]["format"]
    assert shown == sound
    speak(client, 2, second=second)
    client.send({"type": "input_audio_buffer.commit"})

    assert client.receive(f"{TRANSCRIPTION}.completed")["transcript"] == "w0 w1"
    assert len(live.calls[-1].pcm) // 32 in (1998, 1999, 2000)


def test_the_language_may_change_in_mid_speech_and_fields_left_out_stay_as_they_are(
    client: VendorClient, live: FakeStream
) -> None:
    asked = {
        "model": "whisper-1",
        "language": "en",
        "prompt": "Kubernetes",
        "keywords": ["kubectl"],
    }
    client.send(update(turn_detection=None, transcription=asked))
    client.receive("session.updated")
    speak(client, 1)
    client.send({"type": "input_audio_buffer.commit"})
    client.receive(f"{TRANSCRIPTION}.completed")
    client.send(update(transcription={"language": "cs", "prompt": "Helm"}))
    shown = client.receive("session.updated")["session"]["audio"]["input"]

    assert shown["turn_detection"] is None
    assert shown["transcription"] == {**asked, "language": "cs"}
    wait_until(lambda: live.calls[-1].configured == ["cs"], what="the recogniser is told")
    config = live.calls[-1].config
    assert (config.language, config.prompt, list(config.hot_words)) == (
        "en",
        "Kubernetes",
        ["kubectl"],
    )


def test_models_without_turns_leave_commits_to_the_client(client: VendorClient) -> None:
    client.send(update(transcription={"model": "gpt-realtime-whisper"}))
    assert client.receive("session.updated")["session"]["audio"]["input"]["turn_detection"] is None


def test_the_earlier_version_of_the_events_is_understood(client: VendorClient) -> None:
    client.send(
        {
            "type": "transcription_session.update",
            "session": {
                "input_audio_format": "g711_ulaw",
                "input_audio_transcription": {"model": "whisper-1", "language": "en"},
                "turn_detection": None,
            },
        }
    )
    shown = client.receive("transcription_session.updated")["session"]["audio"]["input"]
    assert shown["format"] == {"type": "audio/pcmu"}
    assert shown["transcription"] == {"model": "whisper-1", "language": "en"}


BAD_EVENTS: list[tuple[Any, str, str | None]] = [
    ("{", "invalid_json", None),
    ("[]", "invalid_json", None),
    (b"\0\0", "invalid_json", None),
    ({"type": "response.create"}, "invalid_value", "type"),
    ({"type": 7}, "invalid_value", "type"),
    ({"type": "input_audio_buffer.commit"}, "input_audio_buffer_commit_empty", None),
    ({"type": "input_audio_buffer.append", "audio": "§"}, "invalid_value", "audio"),
    ({"type": "input_audio_buffer.append"}, "invalid_value", "audio"),
    (update(format={"type": "audio/mp3"}), "invalid_value", "session.audio.input.format.type"),
    (
        update(format={"type": "audio/pcm", "rate": 96_000}),
        "invalid_value",
        "session.audio.input.format.rate",
    ),
    (
        update(transcription={"language": "klingon"}),
        "unknown_language",
        "session.audio.input.transcription.language",
    ),
    (
        update(turn_detection={"type": "none"}),
        "invalid_value",
        "session.audio.input.turn_detection.type",
    ),
    (
        update(turn_detection={"silence_duration_ms": "long"}),
        "invalid_value",
        "session.audio.input.turn_detection.silence_duration_ms",
    ),
    (
        {"type": "session.update", "session": {"type": "realtime"}},
        "invalid_value",
        "session.type",
    ),
]


def test_what_cannot_be_obeyed_is_an_error_and_the_socket_stays(client: VendorClient) -> None:
    for event, code, param in BAD_EVENTS:
        client.send(event)
        error = client.receive("error")["error"]
        assert (error["code"], error["param"]) == (code, param), event
        assert error.keys() == {"type", "message", "code", "param", "event_id"}
        if isinstance(event, dict):
            assert error["event_id"] == event.get("event_id")
    speak(client, 1)
    assert client.receive(f"{TRANSCRIPTION}.completed")["transcript"] == "w0"


def test_refusals_are_answers_to_the_handshake(server: Served, live: FakeStream) -> None:
    poor = make_client(server.url, minutes=0)
    reader = make_client(server.url)
    _, narrowed = issue_api_key(reader.user, name="reader", scopes=["read"])
    for options, status, code in (
        ({}, 401, "invalid_api_key"),
        ({"key": "stt_wrong"}, 401, "invalid_api_key"),
        ({"key": reader.key, "scheme": "Token"}, 401, "invalid_api_key"),
        ({"key": narrowed}, 403, "missing_scope"),
        ({"key": poor.key}, 402, "no_credits"),
    ):
        got, body, _ = refusal_of(server.url, PATH, **options)
        assert (got, body["error"]["code"]) == (status, code)
        assert body["error"].keys() >= {"message", "type", "param", "code"}
    got, body, _ = refusal_of(server.url, "/v1/realtime?model=gpt-realtime", key=reader.key)
    assert (got, body["error"]["param"]) == (400, "model")


def test_a_client_that_renews_its_connection_may_have_two_for_a_moment(
    speaker: Client, live: FakeStream
) -> None:
    """The next is opened while the last one, for which the plan has room, is still there."""
    limit = limits_for(speaker.user).concurrency
    clients = [connect(speaker) for _ in range(limit)]
    for client in clients:
        speak(client, 1)
        client.receive(f"{TRANSCRIPTION}.completed")
    threading.Timer(0.5, clients[0].__exit__).start()

    with connect(speaker) as renewed:
        speak(renewed, 1)
        assert renewed.receive(f"{TRANSCRIPTION}.completed")["transcript"] == "w0"
        for client in clients[1:]:
            client.__exit__()


def test_a_browser_shows_its_key_among_the_subprotocols(speaker: Client) -> None:
    offered = ["realtime", f"openai-insecure-api-key.{speaker.key}", "openai-beta.realtime-v1"]
    with VendorClient(speaker.url, PATH, subprotocols=offered) as client:
        assert client.receive()["type"] == "session.created"
        assert client.socket.subprotocol == "realtime"


def test_a_client_secret_opens_configured_sessions_and_nothing_else(speaker: Client) -> None:
    sound = {"turn_detection": None, "transcription": {"model": "whisper-1", "language": "cs"}}
    answer = speaker.call(
        "POST",
        "/v1/realtime/client_secrets",
        json={
            "expires_after": {"anchor": "created_at", "seconds": 60},
            "session": {"type": "transcription", "audio": {"input": sound}},
        },
    )
    secret = answer.json()
    assert answer.status_code == 200, answer.text
    assert 50 <= secret["expires_at"] - timezone.now().timestamp() <= 61
    assert secret["session"]["audio"]["input"]["transcription"]["language"] == "cs"

    offered = ["realtime", f"openai-insecure-api-key.{secret['value']}"]
    with connect(speaker, subprotocols=offered) as client:
        shown = client.messages[0]["session"]["audio"]["input"]
        assert (shown["turn_detection"], shown["transcription"]) == (None, sound["transcription"])
        speak(client, 1)
        client.send({"type": "input_audio_buffer.commit"})
        assert client.receive(f"{TRANSCRIPTION}.completed")["transcript"] == "w0"

    holder = Client(speaker.url, secret["value"])
    for method, path in (
        ("POST", "/v1/realtime/client_secrets"),
        ("GET", "/api/v1/transcripts/"),
        ("POST", "/v1/embed"),
    ):
        assert holder.call(method, path, json={}).status_code == 401, path
    revoke_api_key(ApiKey.objects.get(user=speaker.user))
    assert refusal_of(speaker.url, PATH, key=secret["value"])[0] == 401


@pytest.mark.parametrize(
    "body",
    [
        {"expires_after": {"seconds": 5}},
        {"expires_after": {"seconds": 8000}},
        {"expires_after": {"anchor": "now", "seconds": 60}},
        {"session": {"type": "realtime"}},
        {"session": {"audio": {"input": {"transcription": {"prompt": "x" * 3000}}}}},
    ],
)
def test_a_client_secret_is_refused_in_the_shape_of_its_clients(
    speaker: Client, body: Message
) -> None:
    answer = speaker.call("POST", "/v1/realtime/client_secrets", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"].keys() >= {"message", "type", "param", "code"}
    url = f"{speaker.url}/v1/realtime/client_secrets"
    assert requests.post(url, json=body).status_code == 401
    assert speaker.call("GET", "/v1/realtime/client_secrets").status_code == 405


def test_a_key_that_is_revoked_ends_the_session_with_an_error(
    client: VendorClient, speaker: Client
) -> None:
    client.send(update(turn_detection=None))
    speak(client, 0.2)
    client.receive("session.updated")
    revoke_api_key(ApiKey.objects.get(user=speaker.user))

    last = client.receive_all()[-1]

    assert (last["type"], last["error"]["code"]) == ("error", "key_revoked")
    assert client.close_code == 4401


def test_inference_that_is_away_is_an_error(client: VendorClient, live: FakeStream) -> None:
    live.scripts.append(StreamScript(refuses=True, status=grpc.StatusCode.UNAVAILABLE))
    speak(client, 0.5)
    last = client.receive_all()[-1]
    assert (last["error"]["type"], last["error"]["code"]) == (
        "server_error",
        "inference_unavailable",
    )
    assert client.close_code == 1013


def test_a_commit_is_answered_though_the_recogniser_is_changed(
    client: VendorClient, live: FakeStream
) -> None:
    """The call that it was sent to breaks off before it answers; the next one gets it, too."""
    live.scripts.append(StreamScript(utterances=0))
    client.send(update(turn_detection=None))
    speak(client, 1.5)
    client.send({"type": "input_audio_buffer.commit"})

    assert client.receive(f"{TRANSCRIPTION}.completed")["transcript"] == "w0 w1"
    assert [len(call.flushes) for call in live.calls] == [0, 1]


def test_what_was_committed_fails_with_its_session(
    client: VendorClient, live: FakeStream, settings: Any
) -> None:
    settings.LIVE_RECONNECT_S = 0.2
    refused = StreamScript(refuses=True, status=grpc.StatusCode.UNAVAILABLE)
    live.scripts += [StreamScript(utterances=0), *[refused] * 20]
    client.send(update(turn_detection=None))
    speak(client, 1.5)
    client.send({"type": "input_audio_buffer.commit"})

    committed = client.receive("input_audio_buffer.committed")
    failed, error = client.receive_all()[-2:]

    assert (failed["type"], failed["item_id"]) == (f"{TRANSCRIPTION}.failed", committed["item_id"])
    assert failed["error"]["code"] == error["error"]["code"] == "inference_unavailable"
