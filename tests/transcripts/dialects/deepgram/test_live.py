"""Deepgram's live protocol over a real socket, before a service that hears one word a second."""

import hashlib
from typing import Any

import grpc
import pytest

from accounts.keys.issue import revoke_api_key
from accounts.models import ApiKey
from tests.stt_web.served import Served
from tests.transcripts.dialects.vendor_client import Message, VendorClient, refusal_of
from tests.transcripts.live.conftest import live, stream
from tests.transcripts.live.fake_stream import FakeStream, StreamScript
from tests.transcripts.live.sockets import application_server, server, speaker
from tests.transcripts.served_api import Client, make_client
from transcripts.models import Transcript

__all__ = ["application_server", "live", "server", "speaker", "stream"]  # fixtures

PATH = "/v1/listen?model=nova-3&encoding=linear16&sample_rate=16000"
SECOND = b"\x10\x00" * 16_000
CLOSE = {"type": "CloseStream"}


def connect(speaker: Client, more: str = "", **options: Any) -> VendorClient:
    options = options or {"key": speaker.key, "scheme": "Token"}
    return VendorClient(speaker.url, PATH + more, **options)


def text_of(results: Message) -> str:
    text: str = results["channel"]["alternatives"][0]["transcript"]
    return text


def finals_of(client: VendorClient) -> list[Message]:
    return [each for each in client.of_type("Results") if each["is_final"]]


def test_from_the_first_word_to_the_metadata(speaker: Client) -> None:
    with connect(speaker, "&interim_results=true&punctuate=True&vad_events=true") as client:
        assert client.socket.response.headers["dg-request-id"]
        client.send(SECOND[:16_000])
        assert not client.receive("Results")["is_final"]
        client.send(SECOND[16_000:] + SECOND + SECOND[:20_000])
        client.send(CLOSE)
        client.receive_all()

    assert client.close_code == 1000
    finals = finals_of(client)
    assert [text_of(each) for each in finals] == ["w0", "w1", "w2"]
    assert all(each["speech_final"] for each in finals)
    assert (finals[1]["start"], finals[1]["duration"]) == (1.0, 1.0)
    alternative = finals[0]["channel"]["alternatives"][0]
    assert (alternative["confidence"], alternative["languages"]) == (0.75, ["en"])
    word = {"word": "w0", "start": 0.0, "end": 1.0, "confidence": 0.75, "punctuated_word": "w0"}
    assert alternative["words"] == [word]
    interims = [each for each in client.of_type("Results") if not each["is_final"]]
    assert interims
    assert not any(each["speech_final"] for each in interims)
    assert client.of_type("SpeechStarted")[0] == {
        "type": "SpeechStarted",
        "channel": [0, 1],
        "timestamp": 0.0,
    }
    metadata = client.messages[-1]
    assert (metadata["type"], metadata["duration"], metadata["channels"]) == ("Metadata", 2.625, 1)
    assert metadata["sha256"] == hashlib.sha256(SECOND * 2 + SECOND[:20_000]).hexdigest()
    assert metadata["request_id"] == client.socket.response.headers["dg-request-id"]
    assert Transcript.objects.get(owner=speaker.user).credits_charged == 1


def test_interims_and_events_come_only_where_they_are_asked_for(speaker: Client) -> None:
    with connect(speaker, "&endpointing=false") as client:
        client.send(SECOND + SECOND[:20_000])
        client.send(b"")  # how the earliest clients close
        client.receive_all()

    assert {each["type"] for each in client.messages} == {"Results", "Metadata"}
    assert all(each["is_final"] and not each["speech_final"] for each in finals_of(client))


@pytest.mark.parametrize(
    ("asked", "sent_ms"),
    [("500", 500), ("9000", 5000), ("25", 0), ("true", 0), ("false", 0)],
)
def test_the_pause_of_endpointing_is_asked_of_the_recogniser(
    speaker: Client, live: FakeStream, asked: str, sent_ms: int
) -> None:
    with connect(speaker, f"&endpointing={asked}") as client:
        client.send(CLOSE)
        client.receive_all()
    assert live.calls[-1].config.endpointing_ms == sent_ms


def test_finalize_is_answered_once_also_where_there_is_nothing(speaker: Client) -> None:
    with connect(speaker) as client:
        client.send(SECOND[:16_000])
        client.send({"type": "Finalize"})
        first = client.receive("Results")
        client.send({"type": "KeepAlive"})
        client.send({"type": "Finalize"})
        second = client.receive("Results")

    assert (text_of(first), first["is_final"], first["from_finalize"]) == ("w0", True, True)
    assert (text_of(second), second["from_finalize"]) == ("", True)
    assert second["channel"]["alternatives"][0]["words"] == []


def test_the_end_of_an_utterance_is_known_by_the_silence_behind_it(
    speaker: Client, live: FakeStream
) -> None:
    live.scripts.append(StreamScript(step_ms=1000, utterances=None))
    with connect(speaker, "&utterance_end_ms=1000&interim_results=true") as client:
        client.send(SECOND)
        client.receive("Results")
        live.scripts.clear()
        client.send(SECOND[:15_000])
        client.send({"type": "Finalize"})
        client.send(CLOSE)
        client.receive_all()
    assert all(each["channel"] == [0, 1] for each in client.of_type("UtteranceEnd"))


def test_nothing_is_configured_in_mid_stream(speaker: Client) -> None:
    with connect(speaker) as client:
        client.send({"type": "Configure", "keyterms": ["kubectl"]})
        failure = client.receive("ConfigureFailure")
    assert failure["code"] == "CONFIGURE_KEYTERMS_NOT_SUPPORTED"
    assert failure["request_id"]


@pytest.mark.parametrize(
    ("query", "second"),
    [
        ("encoding=linear16&sample_rate=44100", b"\x10\x00" * 44_100),
        ("encoding=linear32&sample_rate=48000", b"\0\0\0\0" * 48_000),
        ("encoding=mulaw", b"\xff" * 8000),
        ("encoding=alaw&sample_rate=8000", b"\xd5" * 8000),
    ],
)
def test_each_encoding_has_its_length(
    speaker: Client, live: FakeStream, query: str, second: bytes
) -> None:
    with VendorClient(speaker.url, f"/v1/listen?{query}", key=speaker.key) as client:
        client.send(second * 2)
        client.send(CLOSE)
        client.receive_all()
    assert len(live.calls[-1].pcm) == 2 * len(SECOND)


def test_what_reaches_the_recogniser(speaker: Client, live: FakeStream) -> None:
    more = "&language=en-US&keyterm=kubectl&keyterm=helm+chart&keywords=vltava:2"
    with connect(speaker, more) as client:
        client.send(SECOND[:3200])
        client.send(CLOSE)
        client.receive_all()
    config = live.calls[-1].config
    assert (config.language, list(config.hot_words)) == ("en", ["kubectl", "helm chart", "vltava"])


def test_refusals_are_answers_to_the_handshake(server: Served) -> None:
    poor, rich = make_client(server.url, minutes=0), make_client(server.url)
    for more, options, status, field in (
        ("", {}, 401, ""),
        ("", {"key": "stt_wrong", "scheme": "Token"}, 401, ""),
        ("", {"key": poor.key, "scheme": "token"}, 402, ""),
        ("&redact=pii", {"key": rich.key}, 400, "redact"),
        ("&channels=2", {"key": rich.key}, 400, "channels"),
        ("&language=klingon", {"key": rich.key}, 400, "language"),
        ("&callback=https://example.com/", {"key": rich.key}, 400, "callback"),
    ):
        got, body, headers = refusal_of(server.url, PATH + more, **options)
        assert got == status, body
        assert body["err_code"] == body["category"]
        assert body["err_msg"]
        assert body.get("field", "") == field
        assert headers["dg-request-id"] == body["request_id"]


def test_a_browser_shows_its_key_among_the_subprotocols(speaker: Client) -> None:
    answer = speaker.call("POST", "/v1/auth/grant", json={"ttl_seconds": 60})
    grant = answer.json()
    assert (answer.status_code, grant["expires_in"]) == (200, 60)
    for offered in (["token", speaker.key], ["bearer", grant["access_token"]]):
        with connect(speaker, subprotocols=offered) as client:
            assert client.socket.subprotocol == offered[0]
            client.send(CLOSE)
            assert client.receive_all()[-1]["type"] == "Metadata"
    holder = Client(speaker.url, grant["access_token"])
    assert holder.call("POST", "/v1/auth/grant", json={}).status_code == 401
    assert holder.call("GET", "/api/v1/transcripts/").status_code == 401


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "invalid_json"),
        ({"type": "Sing"}, "unknown_action"),
        (b"ID3\x04" * 9, "unsupported_audio"),
    ],
)
def test_what_cannot_be_used_ends_it_with_an_error(speaker: Client, frame: Any, code: str) -> None:
    with connect(speaker) as client:
        client.send(frame)
        last = client.receive_all()[-1]
    assert (last["type"], last["code"], client.close_code) == ("Error", code, 4400)
    assert last["description"] == last["message"] == last["err_msg"]


def test_a_revoked_key_and_a_lost_recogniser_end_it_with_an_error(
    speaker: Client, live: FakeStream, settings: Any
) -> None:
    with connect(speaker) as client:
        client.send(SECOND[:3200])
        revoke_api_key(ApiKey.objects.get(user=speaker.user))
        last = client.receive_all()[-1]
    assert (last["code"], client.close_code) == ("key_revoked", 4401)

    live.scripts.append(StreamScript(refuses=True, status=grpc.StatusCode.UNAVAILABLE))
    other = make_client(speaker.url)
    status, body, _ = refusal_of(speaker.url, PATH, key=other.key)
    assert (status, body["code"]) == (503, "inference_unavailable")
