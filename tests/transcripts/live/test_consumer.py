"""Clients of both dialects on real sockets, before a service that recognises one word a second."""

import json
import time
from typing import Any

import pytest
import sttai

from tests.e2e.processes import wait_until
from tests.stt_web.served import Served
from tests.transcripts.live.conftest import SECOND
from tests.transcripts.live.fake_stream import FakeStream, StreamScript
from tests.transcripts.live.sockets import application_server, server, speaker
from tests.transcripts.live.talk import Talk, talk
from tests.transcripts.served_api import Client, make_client
from transcripts.jobs.concurrency import running
from transcripts.models import Source, Status, Transcript

__all__ = ["application_server", "server", "speaker"]  # fixtures

pytestmark = pytest.mark.database


def test_the_documented_dialect_from_ready_to_the_last_word(speaker: Client) -> None:
    with talk(speaker) as client:
        started = client.begin(language="en", model="large-v3-turbo", title="Minutes")
        for _ in range(3):
            client.send(SECOND)
        client.send_frame({"action": "stop"})
        messages = client.receive_all()

    assert client.texts == ["w0", "w1", "w2"]
    assert [message["is_final"] for message in messages] == [False] * (len(messages) - 1) + [True]
    last = messages[-1]
    assert (last["text"], last["transcript"], last["duration"]) == ("", "w0 w1 w2", 3.0)
    assert (last["language"], last["credits_charged"], last["audio_ms"]) == ("en", 1, 3000)
    assert client.close_code == 1000
    stored = Transcript.objects.get(pk=started["transcript_id"])
    assert (stored.title, stored.source, stored.status) == (
        "Minutes",
        Source.LIVE,
        Status.COMPLETED,
    )
    assert stored.owner == speaker.user


def test_partials_and_parts_have_times_and_words(speaker: Client) -> None:
    with talk(speaker) as client:
        client.begin()
        client.send(SECOND + SECOND[:16_000])
        client.send_frame({"action": "finalize"})
        client.send_frame({"action": "stop"})
        messages = client.receive_all()

    partial = next(message for message in messages if message["partial"])
    # Until an utterance is stored and sent, it leads the partial.
    is_early = partial["seq"] < next(message["seq"] for message in messages if message["text"])
    words, start = ("w0 w1", 0.0) if is_early else ("w1", 1.0)
    assert (partial["partial"], partial["committed"]) == (words, words)
    assert (partial["start"], partial["end"]) == (start, 1.5)
    first_partial = next(message for message in messages if message["text"])
    assert first_partial["words"] == [
        {
            "word": "w0",
            "start": 0.0,
            "end": 1.0,
            "confidence": 0.75,
            "timing": "attention",
            "committed": True,
        }
    ]
    assert (first_partial["start"], first_partial["end"], first_partial["language"]) == (
        0.0,
        1.0,
        "en",
    )


def test_a_session_without_a_word_has_no_language_and_names_its_model(
    speaker: Client, live: FakeStream
) -> None:
    live.scripts.append(StreamScript(is_silent=True))
    with talk(speaker) as client:
        client.begin(language="auto")
        client.send(SECOND)
        client.send_frame({"action": "stop"})
        last = client.receive_all()[-1]

    assert (last["transcript"], last["language"], last["model"]) == ("", None, "tiny")


def test_the_sdk_streams_a_whole_file_at_once(speaker: Client) -> None:
    received: list[dict[str, str]] = []
    session = sttai.STTClient(speaker.key, base_url=speaker.url).stream(received.append)
    for start in range(0, 40 * len(SECOND), 4096):
        session.send((SECOND * 40)[start : start + 4096])

    result = session.finish()  # takes 30 s: see the consumer's SDK_PATIENCE_S

    words = [f"w{n}" for n in range(40)]
    assert result["text"] == " ".join(words)
    assert [message["text"] for message in received if message["text"]] == [*words, result["text"]]
    assert (result["final"], result["is_final"]) == (True, True)


def test_odd_byte_counts_are_one_recording(speaker: Client, live: FakeStream) -> None:
    with talk(speaker, query="language=cs") as client:
        assert client.receive()["status"] == "ready"
        for start in range(0, 2 * len(SECOND), 7777):
            client.send((SECOND * 2)[start : start + 7777])
        client.send(b"")
        client.receive_all()

    assert client.messages[-1]["text"] == "w0 w1"
    assert bytes(live.calls[0].pcm) == SECOND * 2
    assert live.calls[0].config.language == "cs"


def test_two_sessions_at_once_never_mix(speaker: Client) -> None:
    with talk(speaker) as one, talk(speaker) as other:
        ids = [client.begin()["transcript_id"] for client in (one, other)]
        for second in range(4):
            one.send(SECOND)
            if second % 2:
                other.send(SECOND)
        for client in (one, other):
            client.send_frame({"action": "stop"})
            client.receive_all()

    assert one.messages[-1]["transcript"] == "w0 w1 w2 w3"
    assert other.messages[-1]["transcript"] == "w0 w1"
    for client, transcript_id in zip((one, other), ids, strict=True):
        named = {message["transcript_id"] for message in client.messages} - {None}
        assert named == {transcript_id}


def test_a_second_configuration_changes_the_language_only(
    speaker: Client, live: FakeStream
) -> None:
    with talk(speaker) as client:
        client.begin(language="en", model="tiny")
        client.send_frame({"language": "cs", "model": "medium"})
        client.send_frame({"action": "configure", "language": "auto"})
        client.send(SECOND)
        client.send_frame({"action": "stop"})
        messages = client.receive_all()

    notices = [message for message in messages if message.get("notice") == "config_ignored"]
    assert [notice["message"] for notice in notices] == [
        "The session is open: model can't be changed any more."
    ]
    assert live.calls[0].config.model == "tiny"
    assert live.calls[0].configured == ["cs", ""]
    assert messages[-1]["transcript"] == "w0"


def test_pause_and_aligner_are_asked_of_the_recogniser(speaker: Client, live: FakeStream) -> None:
    with talk(speaker) as first:
        started = first.begin(endpointing_ms=500, aligner="attention")
        first.send(SECOND)
        while first.messages[-1]["audio_ms"] < 1000:
            first.receive()
    wait_until_paused(started["transcript_id"])
    with talk(speaker) as second:
        second.begin(resume_token=started["resume_token"])
        second.send_frame({"action": "stop"})
        second.receive_all()

    # Also of the one that goes on, whose client has forgotten it.
    assert [call.config.endpointing_ms for call in live.calls] == [500, 500]
    assert [call.config.aligner for call in live.calls] == ["attention", "attention"]


def test_audio_without_a_configuration_is_recognised_in_the_documented_dialect(
    speaker: Client,
) -> None:
    with talk(speaker) as client:
        client.receive()
        client.send_frame({"action": "keepalive"})
        client.send(SECOND)
        client.send(b"")  # not the end in this dialect
        client.send(SECOND)
        client.send_frame({"action": "stop"})
        client.receive_all()

    assert client.texts == ["w0", "w1"]


def test_stop_twice_and_audio_behind_it_change_nothing(speaker: Client) -> None:
    with talk(speaker) as client:
        client.begin()
        client.send(SECOND)
        client.send_frame({"action": "stop"})
        client.send_frame({"action": "stop"})
        client.send(SECOND)
        client.send_frame("no json")
        client.receive_all()

    assert client.messages[-1]["transcript"] == "w0"
    assert client.close_code == 1000


@pytest.mark.parametrize("end", [json.dumps({"action": "stop"}), b""])
def test_an_end_before_anything_was_spoken_costs_and_leaves_nothing(
    speaker: Client, end: str | bytes
) -> None:
    with talk(speaker) as client:
        client.socket.send(end)
        client.receive_all()

    assert [message.get("status") for message in client.messages] == ["ready", None]
    assert (client.messages[-1]["is_final"], client.close_code) == (True, 1000)
    assert not Transcript.objects.exists()


def test_a_configuration_without_audio_ends_empty(speaker: Client) -> None:
    with talk(speaker) as client:
        client.begin()
        client.send_frame({"action": "stop"})
        last = client.receive_all()[-1]

    assert (last["transcript"], last["credits_charged"], client.close_code) == ("", 0, 1000)


def test_a_session_goes_on_behind_another_socket(speaker: Client, live: FakeStream) -> None:
    with talk(speaker) as first:
        started = first.begin()
        first.send(SECOND * 2)
        while first.messages[-1]["audio_ms"] < 2000:
            first.receive()
    with talk(speaker) as second:
        resumed = second.begin(resume_token=started["resume_token"])
        second.send(SECOND)
        second.send_frame({"action": "stop"})
        second.receive_all()

    assert resumed["transcript_id"] == started["transcript_id"]
    assert resumed["audio_ms"] == 2000
    assert second.messages[-1]["transcript"] == "w0 w1 w2"


def wait_until_paused(transcript_id: str) -> None:
    rows = Transcript.objects.filter(
        pk=transcript_id, job__lease_owner="", status=Status.PROCESSING
    )
    wait_until(rows.exists, what="the session is paused")


def intervals(*clients: Talk) -> list[tuple[float, float]]:
    """Return where the utterances lie that these received, in the order in which they were."""
    return [(m["start"], m["end"]) for client in clients for m in client.messages if m["text"]]


def test_what_was_finalized_while_one_was_away_is_reported_once(speaker: Client) -> None:
    with talk(speaker) as first:
        started = first.begin()
        first.send(SECOND * 2 + SECOND[:16_000])
        while first.texts != ["w0", "w1"]:
            first.receive()
    wait_until_paused(started["transcript_id"])
    with talk(speaker) as second:
        second.begin(resume_token=started["resume_token"])
        second.send(SECOND[:16_000])
        second.send_frame({"action": "stop"})
        messages = second.receive_all()

    assert intervals(first, second) == [(0.0, 1.0), (1.0, 2.0), (2.0, 2.5), (2.5, 3.0)]
    assert messages[0]["words"] == [
        {
            "word": "w2",
            "start": 2.0,
            "end": 2.5,
            "confidence": 0.75,
            "timing": "attention",
            "committed": True,
        }
    ]
    assert (messages[0]["language"], messages[-1]["transcript"]) == ("en", "w0 w1 w2 w2")


def test_a_client_is_trusted_about_how_far_it_received(speaker: Client) -> None:
    """What was on its way to it when the connection broke is sent again."""
    with talk(speaker) as first:
        started = first.begin()
        first.send(SECOND * 3)
        while len(first.texts) < 3:
            first.receive()
        token = started["resume_token"]
        # The first connection seems to be there still.
        with talk(speaker) as second:
            second.begin(resume_token=token, last_received=1.0)
            while len(second.texts) < 2:
                second.receive()
            with talk(speaker) as third:
                third.begin(resume_token=token, last_received=3)
                third.send_frame({"action": "stop"})
                third.receive_all()

    assert intervals(second) == [(1.0, 2.0), (2.0, 3.0)]
    assert intervals(third) == []


def test_a_client_that_is_away_again_and_again_misses_no_word(speaker: Client) -> None:
    clients = []
    config: dict[str, Any] = {}
    for _ in range(4):
        with talk(speaker) as client:
            started = client.begin(**config)
            client.send(SECOND + SECOND[:8000])
            client.receive()
        clients.append(client)
        last_end = max((end for _, end in intervals(*clients)), default=0)
        config = {"resume_token": started["resume_token"], "last_received": last_end}
        wait_until_paused(started["transcript_id"])
    with talk(speaker) as client:
        client.begin(**config)
        client.send_frame({"action": "stop"})
        client.receive_all()
    clients.append(client)

    messages = intervals(*clients)
    assert messages[0][0] == 0.0
    assert messages[-1][1] == client.messages[-1]["duration"] == 5.0
    assert [end for _, end in messages[:-1]] == [start for start, _ in messages[1:]]


def test_a_resume_token_of_another_client_opens_nothing(speaker: Client, server: Served) -> None:
    stranger = make_client(server.url)
    with talk(speaker) as client:
        token = client.begin()["resume_token"]
        with talk(stranger) as thief:
            thief.receive()
            thief.send_frame({"resume_token": token})
            messages = thief.receive_all()

    assert [message["code"] for message in messages] == ["session_not_found"]
    assert thief.close_code == 4404


def test_a_guest_speaks_and_gets_a_key_to_the_transcript(server: Served, live: FakeStream) -> None:
    with Talk(server.url) as client:
        token = client.begin()["transcript_token"]
        client.send(SECOND)
        client.send_frame({"action": "stop"})
        last = client.receive_all()[-1]

    answer = Client(server.url, key=token).get(f"/api/v1/transcripts/{last['transcript_id']}/")
    assert answer.json()["text"] == "w0"


def test_silence_is_acknowledged(speaker: Client, live: FakeStream) -> None:
    live.scripts.append(StreamScript(is_silent=True, utterances=0, hangs=True))
    with talk(speaker) as client:
        client.begin()
        client.send(SECOND[:16_000])
        quiet_since = time.monotonic()
        while (messages := client.receive()).get("status") != "listening":
            quiet_since = time.monotonic()

    assert messages["audio_ms"] == 500
    assert time.monotonic() - quiet_since < 7  # as promised: 5


def test_the_request_id_is_echoed_or_made(speaker: Client) -> None:
    with talk(speaker, additional_headers={"X-Request-Id": "mine-1"}) as client:
        assert client.socket.response is not None
        assert client.socket.response.headers["X-Request-Id"] == "mine-1"
    with talk(speaker) as client:
        assert client.socket.response is not None
        assert len(client.socket.response.headers["X-Request-Id"]) == 32


def test_hang_ups_at_every_moment_leave_sessions_that_can_go_on(
    speaker: Client, live: FakeStream
) -> None:
    client = talk(speaker)
    client.socket.close()
    for frames in range(4):
        with talk(speaker) as client:
            started = client.begin()
            for _ in range(frames):
                client.send(SECOND[:8000])
            client.socket.socket.close()
            client.receive_all()
        wait_until(lambda: not running().exists(), what="the session is left")
        check_that_it_goes_on(speaker, started, sent_ms=frames * 250)


def check_that_it_goes_on(speaker: Client, started: dict[str, Any], *, sent_ms: int) -> None:
    """With what arrived; where nothing did, nothing is kept, and that is the answer."""
    rows = Transcript.objects.filter(pk=started["transcript_id"])
    with talk(speaker) as client:
        client.receive()
        client.send_frame({"resume_token": started["resume_token"]})
        resumed = client.receive()
        if not rows.exists():
            assert resumed["code"] == "session_not_found"
            return
        assert 0 <= resumed["audio_ms"] <= sent_ms
        client.send((SECOND * 2)[resumed["audio_ms"] * 32 : sent_ms * 32])
        client.send_frame({"action": "stop"})
        assert client.receive_all()[-1]["duration"] == sent_ms / 1000
