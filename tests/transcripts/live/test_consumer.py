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
        client.say({"action": "stop"})
        told = client.hear_all()

    assert client.texts == ["w0", "w1", "w2"]
    assert [message["is_final"] for message in told] == [False] * (len(told) - 1) + [True]
    last = told[-1]
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


def test_partials_and_pieces_have_times_and_words(speaker: Client) -> None:
    with talk(speaker) as client:
        client.begin()
        client.send(SECOND + SECOND[:16_000])
        client.say({"action": "finalize"})
        client.say({"action": "stop"})
        told = client.hear_all()

    partial = next(message for message in told if message["partial"])
    # Until an utterance is stored and sent, it leads the partial.
    is_early = partial["seq"] < next(message["seq"] for message in told if message["text"])
    words, start = ("w0 w1", 0.0) if is_early else ("w1", 1.0)
    assert (partial["partial"], partial["committed"]) == (words, words)
    assert (partial["start"], partial["end"]) == (start, 1.5)
    piece = next(message for message in told if message["text"])
    assert piece["words"] == [
        {
            "word": "w0",
            "start": 0.0,
            "end": 1.0,
            "confidence": 0.75,
            "timing": "attention",
            "committed": True,
        }
    ]
    assert (piece["start"], piece["end"], piece["language"]) == (0.0, 1.0, "en")


def test_a_session_without_a_word_has_no_language_and_names_its_model(
    speaker: Client, live: FakeStream
) -> None:
    live.scripts.append(StreamScript(is_silent=True))
    with talk(speaker) as client:
        client.begin(language="auto")
        client.send(SECOND)
        client.say({"action": "stop"})
        last = client.hear_all()[-1]

    assert (last["transcript"], last["language"], last["model"]) == ("", None, "tiny")


def test_the_sdk_streams_a_whole_file_at_once(speaker: Client) -> None:
    heard: list[dict[str, str]] = []
    session = sttai.STTClient(speaker.key, base_url=speaker.url).stream(heard.append)
    for start in range(0, 40 * len(SECOND), 4096):
        session.send((SECOND * 40)[start : start + 4096])

    result = session.finish()  # takes 30 s: see the consumer's SDK_PATIENCE_S

    words = [f"w{n}" for n in range(40)]
    assert result["text"] == " ".join(words)
    assert [message["text"] for message in heard if message["text"]] == [*words, result["text"]]
    assert (result["final"], result["is_final"]) == (True, True)


def test_odd_byte_counts_are_one_recording(speaker: Client, live: FakeStream) -> None:
    with talk(speaker, query="language=cs") as client:
        assert client.hear()["status"] == "ready"
        for start in range(0, 2 * len(SECOND), 7777):
            client.send((SECOND * 2)[start : start + 7777])
        client.send(b"")
        client.hear_all()

    assert client.told[-1]["text"] == "w0 w1"
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
            client.say({"action": "stop"})
            client.hear_all()

    assert one.told[-1]["transcript"] == "w0 w1 w2 w3"
    assert other.told[-1]["transcript"] == "w0 w1"
    for client, transcript_id in zip((one, other), ids, strict=True):
        named = {message["transcript_id"] for message in client.told} - {None}
        assert named == {transcript_id}


def test_a_second_configuration_changes_the_language_only(
    speaker: Client, live: FakeStream
) -> None:
    with talk(speaker) as client:
        client.begin(language="en", model="tiny")
        client.say({"language": "cs", "model": "medium"})
        client.say({"action": "configure", "language": "auto"})
        client.send(SECOND)
        client.say({"action": "stop"})
        told = client.hear_all()

    notices = [message for message in told if message.get("notice") == "config_ignored"]
    assert [notice["message"] for notice in notices] == [
        "The session is open: model can't be changed any more."
    ]
    assert live.calls[0].config.model == "tiny"
    assert live.calls[0].configured == ["cs", ""]
    assert told[-1]["transcript"] == "w0"


def test_audio_without_a_configuration_is_heard_in_the_documented_dialect(
    speaker: Client,
) -> None:
    with talk(speaker) as client:
        client.hear()
        client.say({"action": "keepalive"})
        client.send(SECOND)
        client.send(b"")  # not the end in this dialect
        client.send(SECOND)
        client.say({"action": "stop"})
        client.hear_all()

    assert client.texts == ["w0", "w1"]


def test_stop_twice_and_audio_behind_it_change_nothing(speaker: Client) -> None:
    with talk(speaker) as client:
        client.begin()
        client.send(SECOND)
        client.say({"action": "stop"})
        client.say({"action": "stop"})
        client.send(SECOND)
        client.say("no json")
        client.hear_all()

    assert client.told[-1]["transcript"] == "w0"
    assert client.close_code == 1000


@pytest.mark.parametrize("end", [json.dumps({"action": "stop"}), b""])
def test_an_end_before_anything_was_said_costs_and_leaves_nothing(
    speaker: Client, end: str | bytes
) -> None:
    with talk(speaker) as client:
        client.socket.send(end)
        client.hear_all()

    assert [message.get("status") for message in client.told] == ["ready", None]
    assert (client.told[-1]["is_final"], client.close_code) == (True, 1000)
    assert not Transcript.objects.exists()


def test_a_configuration_without_audio_ends_empty(speaker: Client) -> None:
    with talk(speaker) as client:
        client.begin()
        client.say({"action": "stop"})
        last = client.hear_all()[-1]

    assert (last["transcript"], last["credits_charged"], client.close_code) == ("", 0, 1000)


def test_a_session_goes_on_behind_another_socket(speaker: Client, live: FakeStream) -> None:
    with talk(speaker) as first:
        started = first.begin()
        first.send(SECOND * 2)
        while first.told[-1]["audio_ms"] < 2000:
            first.hear()
    with talk(speaker) as second:
        resumed = second.begin(resume_token=started["resume_token"])
        second.send(SECOND)
        second.say({"action": "stop"})
        second.hear_all()

    assert resumed["transcript_id"] == started["transcript_id"]
    assert resumed["audio_ms"] == 2000
    assert second.told[-1]["transcript"] == "w0 w1 w2"


def wait_until_paused(transcript_id: str) -> None:
    rows = Transcript.objects.filter(
        pk=transcript_id, job__lease_owner="", status=Status.PROCESSING
    )
    wait_until(rows.exists, what="the session is paused")


def spans(*clients: Talk) -> list[tuple[float, float]]:
    """Return where the utterances lie that these received, in the order in which they were."""
    return [(m["start"], m["end"]) for client in clients for m in client.told if m["text"]]


def test_what_was_settled_while_one_was_away_is_told_once(speaker: Client) -> None:
    with talk(speaker) as first:
        started = first.begin()
        first.send(SECOND * 2 + SECOND[:16_000])
        while first.texts != ["w0", "w1"]:
            first.hear()
    wait_until_paused(started["transcript_id"])
    with talk(speaker) as second:
        second.begin(resume_token=started["resume_token"])
        second.send(SECOND[:16_000])
        second.say({"action": "stop"})
        told = second.hear_all()

    assert spans(first, second) == [(0.0, 1.0), (1.0, 2.0), (2.0, 2.5), (2.5, 3.0)]
    assert told[0]["words"] == [
        {
            "word": "w2",
            "start": 2.0,
            "end": 2.5,
            "confidence": 0.75,
            "timing": "attention",
            "committed": True,
        }
    ]
    assert (told[0]["language"], told[-1]["transcript"]) == ("en", "w0 w1 w2 w2")


def test_a_client_is_believed_how_far_it_was_told(speaker: Client) -> None:
    """What was on its way to it when the connection broke is sent again."""
    with talk(speaker) as first:
        started = first.begin()
        first.send(SECOND * 3)
        while len(first.texts) < 3:
            first.hear()
        token = started["resume_token"]
        # The first connection seems to be there still.
        with talk(speaker) as second:
            second.begin(resume_token=token, last_received=1.0)
            while len(second.texts) < 2:
                second.hear()
            with talk(speaker) as third:
                third.begin(resume_token=token, last_received=3)
                third.say({"action": "stop"})
                third.hear_all()

    assert spans(second) == [(1.0, 2.0), (2.0, 3.0)]
    assert spans(third) == []


def test_a_client_that_is_away_again_and_again_misses_no_word(speaker: Client) -> None:
    clients = []
    config: dict[str, Any] = {}
    for _ in range(4):
        with talk(speaker) as client:
            started = client.begin(**config)
            client.send(SECOND + SECOND[:8000])
            client.hear()
        clients.append(client)
        last_end = max((end for _, end in spans(*clients)), default=0)
        config = {"resume_token": started["resume_token"], "last_received": last_end}
        wait_until_paused(started["transcript_id"])
    with talk(speaker) as client:
        client.begin(**config)
        client.say({"action": "stop"})
        client.hear_all()
    clients.append(client)

    told = spans(*clients)
    assert told[0][0] == 0.0
    assert told[-1][1] == client.told[-1]["duration"] == 5.0
    assert [end for _, end in told[:-1]] == [start for start, _ in told[1:]]


def test_a_resume_token_of_somebody_else_opens_nothing(speaker: Client, server: Served) -> None:
    stranger = make_client(server.url)
    with talk(speaker) as client:
        token = client.begin()["resume_token"]
        with talk(stranger) as thief:
            thief.hear()
            thief.say({"resume_token": token})
            told = thief.hear_all()

    assert [message["code"] for message in told] == ["session_not_found"]
    assert thief.close_code == 4404


def test_a_visitor_speaks_and_gets_a_key_to_the_transcript(
    server: Served, live: FakeStream
) -> None:
    with Talk(server.url) as client:
        token = client.begin()["transcript_token"]
        client.send(SECOND)
        client.say({"action": "stop"})
        last = client.hear_all()[-1]

    answer = Client(server.url, key=token).get(f"/api/v1/transcripts/{last['transcript_id']}/")
    assert answer.json()["text"] == "w0"


def test_silence_is_acknowledged(speaker: Client, live: FakeStream) -> None:
    live.scripts.append(StreamScript(is_silent=True, utterances=0, hangs=True))
    with talk(speaker) as client:
        client.begin()
        client.send(SECOND[:16_000])
        quiet_since = time.monotonic()
        while (told := client.hear()).get("status") != "listening":
            quiet_since = time.monotonic()

    assert told["audio_ms"] == 500
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
            client.hear_all()
        wait_until(lambda: not running().exists(), what="the session is left")
        check_that_it_goes_on(speaker, started, sent_ms=frames * 250)


def check_that_it_goes_on(speaker: Client, started: dict[str, Any], *, sent_ms: int) -> None:
    """With what arrived; where nothing did, nothing is kept, and that is the answer."""
    rows = Transcript.objects.filter(pk=started["transcript_id"])
    with talk(speaker) as client:
        client.hear()
        client.say({"resume_token": started["resume_token"]})
        resumed = client.hear()
        if not rows.exists():
            assert resumed["code"] == "session_not_found"
            return
        assert 0 <= resumed["audio_ms"] <= sent_ms
        client.send((SECOND * 2)[resumed["audio_ms"] * 32 : sent_ms * 32])
        client.say({"action": "stop"})
        assert client.hear_all()[-1]["duration"] == sent_ms / 1000
