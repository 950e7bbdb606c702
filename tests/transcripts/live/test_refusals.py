"""Every error is a message with a code, and then a close with the code that docs/live.md names."""

import contextlib
import errno
import json
import time
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from pytest_django import Settings
from websockets.exceptions import ConnectionClosed, InvalidStatus

from accounts.keys.issue import issue_api_key
from accounts.keys.throttle import MAX_UNKNOWN_KEYS
from accounts.models import ApiKey, User
from accounts.tickets import issue_ticket
from stt_web.core.asgi.request_log import RequestIdLayer
from stt_web.core.asgi.socket_protocol import MAX_FRAGMENTS, MAX_FRAME_BYTES
from tests.accounts.key_throttle import reset_key_throttle
from tests.stt_web.served import Served
from tests.transcripts.live.conftest import SECOND
from tests.transcripts.live.fake_stream import FakeStream, StreamScript
from tests.transcripts.live.sockets import application_server, server, speaker
from tests.transcripts.live.talk import Talk, talk
from tests.transcripts.served_api import Client, make_client
from transcripts.live.consumer import StreamConsumer
from transcripts.live.events import LiveRequest
from transcripts.live.session import SessionRunner
from transcripts.models import Status, Transcript

__all__ = ["application_server", "server", "speaker"]  # fixtures


def refusal(client: Talk) -> tuple[str, int | None]:
    """Return the code of the error that the server sent last, and of its close."""
    last = client.receive_all()[-1]
    assert last["error"]
    assert (last["text"], last["partial"]) == ("", "")
    return last["code"], client.close_code


@pytest.mark.parametrize(
    ("frame", "code", "close_code"),
    [
        ("{", "invalid_json", 4400),
        ("[" * 8000, "invalid_json", 4400),
        ("[]", "invalid_json", 4400),
        ('{"action": "dance"}', "unknown_action", 4400),
        ('{"action": ["stop"]}', "unknown_action", 4400),
        ('{"language": "klingon"}', "unknown_language", 4400),
        ('{"language": 7}', "invalid_value", 4400),
        ('{"second_pass": "yes"}', "invalid_value", 4400),
        ('{"endpointing_ms": 299}', "invalid_value", 4400),
        ('{"aligner": "magic"}', "invalid_value", 4400),
        ('{"aligner": "wav2vec2"}', "not_installed", 1013),
        ('{"last_received": -1}', "invalid_value", 4400),
        ('{"last_received": NaN}', "invalid_json", 4400),
        ('{"resume_token": "\\ud800"}', "invalid_json", 4400),
        ('{"resume_token": "unknown"}', "session_not_found", 4404),
        ('{"model": "medium"}', "not_installed", 1013),
        ('{"model": "no-such-model"}', "unknown_model", 4400),
        ('{"title": "' + "x" * 8192 + '"}', "frame_too_large", 1009),
    ],
)
def test_a_first_frame_that_cannot_be_used(
    speaker: Client, frame: str, code: str, close_code: int
) -> None:
    with talk(speaker) as client:
        client.send_frame(frame)

        assert refusal(client) == (code, close_code)
    assert not Transcript.objects.exists()


def test_text_where_audio_is_due(speaker: Client) -> None:
    with talk(speaker) as client:
        client.send(SECOND[:3200])  # too little for a text
        client.send_frame({"language": "en"})

        assert refusal(client) == ("audio_expected", 4400)


@pytest.mark.parametrize("is_open", [False, True])
@pytest.mark.parametrize("size", [MAX_FRAME_BYTES + 1, 3 * MAX_FRAME_BYTES])
def test_an_oversized_frame(speaker: Client, is_open: bool, size: int) -> None:
    with talk(speaker) as client:
        if is_open:
            client.begin()
        with contextlib.suppress(ConnectionClosed):
            client.send(bytes(size))

        assert refusal(client) == ("frame_too_large", 1009)


def test_a_message_of_too_many_fragments(speaker: Client) -> None:
    with talk(speaker) as client:
        client.begin()
        with contextlib.suppress(ConnectionClosed):
            client.socket.send([b"\0"] * (MAX_FRAGMENTS + 2))

        assert refusal(client) == ("frame_too_large", 1009)


@pytest.mark.parametrize("key", ["stt_wrong", "stt_" + "x" * 43, "nonsense"])
@pytest.mark.parametrize("place", ["header", "query"])
def test_a_key_that_is_none(speaker: Client, key: str, place: str) -> None:
    shown = {"key": key} if place == "header" else {"query": urlencode({"token": key})}
    with Talk(speaker.url, **shown) as client:
        assert refusal(client) == ("invalid_key", 4401)
    assert len(client.messages) == 1
    reset_key_throttle()


@pytest.mark.parametrize("changes", [{"revoked_at": -1}, {"expires_at": -1}])
def test_a_key_that_was_good_once(speaker: Client, changes: dict[str, int]) -> None:
    [(name, days)] = changes.items()
    ApiKey.objects.update(**{name: timezone.now() + timedelta(days=days)})
    with talk(speaker) as client:
        assert refusal(client) == ("invalid_key", 4401)


def test_a_key_that_is_meant_for_other_things(speaker: Client) -> None:
    narrow = issue_api_key(speaker.user, name="reader", scopes=["read"])[1]
    with Talk(speaker.url, key=narrow) as client:
        assert refusal(client) == ("missing_scope", 4403)


def test_trying_keys_is_throttled(speaker: Client) -> None:
    reset_key_throttle()
    codes = []
    for number in range(MAX_UNKNOWN_KEYS + 1):
        with Talk(speaker.url, key=f"stt_{number:043d}") as client:
            codes.append(refusal(client))
    reset_key_throttle()

    assert codes[0] == ("invalid_key", 4401)
    assert codes[-1] == ("too_many_unknown_keys", 4429)


def test_the_token_of_the_address_is_a_key_or_a_ticket(speaker: Client) -> None:
    for token in (speaker.key, issue_ticket(speaker.user)):
        with Talk(speaker.url, query=urlencode({"token": token})) as client:
            transcript_id = client.begin()["transcript_id"]
            assert Transcript.objects.get(pk=transcript_id).owner == speaker.user
            client.send_frame({"action": "stop"})
            client.receive_all()


def session_cookie(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def test_a_page_of_ours_speaks_with_the_session_cookie(speaker: Client) -> None:
    headers = {"Cookie": session_cookie(speaker.user)}
    with Talk(speaker.url, additional_headers=headers, origin=speaker.url) as client:
        transcript_id = client.begin()["transcript_id"]

    assert Transcript.objects.get(pk=transcript_id).owner == speaker.user


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", "http://[", ""])
def test_the_cookie_counts_for_no_other_page(speaker: Client, origin: str | None) -> None:
    headers = {"Cookie": session_cookie(speaker.user)}
    with Talk(speaker.url, additional_headers=headers, origin=origin) as client:
        assert refusal(client) == ("wrong_origin", 4403)


def test_origins_that_are_trusted_may_use_the_cookie(speaker: Client, settings: Settings) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://*.stt.example"]
    headers = {"Cookie": session_cookie(speaker.user)}
    with Talk(speaker.url, additional_headers=headers, origin="https://a.stt.example") as client:
        assert client.receive()["status"] == "ready"
    with Talk(speaker.url, additional_headers=headers, origin="http://a.stt.example") as client:
        assert refusal(client) == ("wrong_origin", 4403)


def test_a_stale_session_is_a_guest(server: Served) -> None:
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}=gone"}
    with Talk(server.url, additional_headers=headers, origin=server.url) as client:
        transcript_id = client.begin()["transcript_id"]

    assert Transcript.objects.get(pk=transcript_id).owner is None


def test_the_fourth_session_of_a_guest(server: Served) -> None:
    for _ in range(3):
        with Talk(server.url) as client:
            client.begin()
            client.send(SECOND)
            client.send_frame({"action": "stop"})
            client.receive_all()
    with Talk(server.url) as client:
        client.send_frame({})
        code, close_code = refusal(client)

    assert (code, close_code) == ("anonymous_limit", 4429)
    assert client.messages[-1]["retry_after"] > 0


def test_one_session_more_than_the_plan_allows(speaker: Client) -> None:
    limit = speaker.call("GET", "/api/v1/account/").json()["limits"]["concurrency"]
    with contextlib.ExitStack() as stack:
        for _ in range(limit):
            stack.enter_context(talk(speaker)).begin()
        with talk(speaker) as client:
            client.send_frame({})
            assert refusal(client) == ("concurrency_limit", 4429)


def test_no_minutes_left(server: Served) -> None:
    with talk(make_client(server.url, minutes=0)) as client:
        client.send_frame({})
        assert refusal(client) == ("no_credits", 4402)


def test_a_key_that_is_revoked_in_mid_session(speaker: Client) -> None:
    with talk(speaker) as client:
        client.begin()
        client.send(SECOND)
        while "w0" not in client.texts:
            client.receive()
        ApiKey.objects.update(revoked_at=timezone.now())
        last = client.receive_all()[-1]

    assert (last["code"], last["transcript"], last["is_final"]) == ("key_revoked", "w0", True)
    assert client.close_code == 4401


def test_an_inference_service_that_breaks_off_and_stays_away(
    speaker: Client, live: FakeStream, settings: Settings
) -> None:
    settings.LIVE_RECONNECT_S = 0.1
    live.scripts += [StreamScript(utterances=1), *[StreamScript(refuses=True)] * 50]
    with talk(speaker) as client:
        client.begin()
        client.send(SECOND * 2)
        last = client.receive_all()[-1]

    assert (last["code"], last["transcript"]) == ("inference_unavailable", "w0")
    assert (client.close_code, last["retry_after"]) == (1013, 5)


def test_a_language_that_the_model_lacks_in_mid_session_pauses_it(speaker: Client) -> None:
    with talk(speaker) as client:
        started = client.begin()
        client.send(SECOND)
        client.send_frame({"action": "configure", "language": "de"})

        assert refusal(client) == ("not_installed", 1013)
    deadline = time.monotonic() + 10
    while Transcript.objects.get(pk=started["transcript_id"]).job.lease_owner:
        assert time.monotonic() < deadline
    assert Transcript.objects.get().status == Status.PROCESSING


@pytest.mark.parametrize("path", ["/v1/streams", "/v1/stream/", "/", "/v1/transcribe"])
def test_other_addresses_open_no_socket(speaker: Client, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        Talk(speaker.url + path.removesuffix("/v1/stream") + "?", key=speaker.key)

    response = refused.value.response
    body = json.loads(response.body)
    assert (response.status_code, body["code"]) == (404, "not_found")
    assert body["error"]
    assert response.headers["Content-Type"] == "application/json"
    assert len(response.headers["X-Request-Id"]) == 32


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "invalid_json"),
        ('{"action": "dance"}', "unknown_action"),
        (bytes(MAX_FRAME_BYTES + 1), "frame_too_large"),
    ],
)
def test_what_was_finalized_is_reported_with_an_error_in_mid_session(
    speaker: Client, frame: str | bytes, code: str
) -> None:
    with talk(speaker) as client:
        client.begin()
        client.send(SECOND)
        while "w0" not in client.texts:
            client.receive()
        client.socket.send(frame)
        last = client.receive_all()[-1]

    assert (last["code"], last["transcript"]) == (code, "w0")
    assert (last["text"], last["is_final"], last["final"]) == ("", True, True)


def test_a_full_disk_is_reported_before_the_close(speaker: Client) -> None:
    async def open_session(_: LiveRequest) -> SessionRunner:
        raise OSError(errno.ENOSPC, "No space left on device")

    socket = RequestIdLayer(StreamConsumer.as_asgi(opener=open_session))
    with Served(socket) as served, Talk(served.url, key=speaker.key) as client:
        client.send_frame({})

        assert refusal(client) == ("storage_full", 1013)
