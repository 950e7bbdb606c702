"""GET …/events/, by HTTP: all of it, in order, once, also across connections."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.e2e.processes import wait_until
from tests.stt_web.served import Served
from tests.transcripts.rows import create_transcript, update_transcripts
from tests.transcripts.served_api import Client, make_client
from transcripts.models import Segment, Status, Transcript


@dataclass
class Event:
    name: str
    id: str
    data: dict[str, Any]


class Feed:
    """A client of server-sent events."""

    def __init__(
        self, client: Client, transcript: Transcript, *, last_event_id: str = "", query: str = ""
    ) -> None:
        self._answer = client.call(
            "GET",
            f"/api/v1/transcripts/{transcript.pk}/events/{query}",
            headers={"Last-Event-ID": last_event_id},
            stream=True,
        )
        assert self._answer.status_code == 200
        assert self._answer.headers["Content-Type"] == "text/event-stream"
        self._lines = self._answer.iter_lines(decode_unicode=True)

    def close(self) -> None:
        self._answer.close()

    def next(self) -> Event:
        fields: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.partition(": ")
            fields[name] = value
            if not line and "event" in fields:
                return Event(fields["event"], fields["id"], json.loads(fields["data"]))
        raise EOFError

    def rest(self) -> Iterator[Event]:
        while True:
            try:
                yield self.next()
            except EOFError:
                return


@pytest.fixture
def transcript(client: Client) -> Transcript:
    return create_transcript(
        owner=client.user, model_requested="tiny", probed_ms=3000, language="en"
    )


def recognise(transcript: Transcript, second: int) -> None:
    Segment.objects.create(
        transcript=transcript,
        position=second * 1000,
        start_ms=second * 1000,
        end_ms=second * 1000 + 900,
        text=f"w{second}",
        confidence=0.9,
    )
    update_transcripts(
        Transcript.objects.filter(pk=transcript.pk),
        status=Status.PROCESSING,
        resume_ms=(second + 1) * 1000,
    )


def finish(transcript: Transcript) -> None:
    update_transcripts(
        Transcript.objects.filter(pk=transcript.pk), status=Status.COMPLETED, audio_duration_ms=3000
    )


def summary(event: Event) -> tuple[str, object]:
    keys = {
        "status": "status",
        "queue": "position",
        "progress": "done_s",
        "segment": "text",
        "done": "status",
    }
    return event.name, event.data[keys[event.name]]


def test_a_job_is_followed_from_the_queue_to_its_end(
    client: Client, transcript: Transcript
) -> None:
    with closing(Feed(client, transcript)) as feed:
        seen = [summary(feed.next()) for _ in range(3)]
        for second in range(2):
            recognise(transcript, second)
            while seen[-1] != ("progress", second + 1.0):
                seen.append(summary(feed.next()))
        recognise(transcript, 2)
        finish(transcript)
        seen += [summary(event) for event in feed.rest()]

    assert seen == [
        ("status", "queued"),
        ("queue", 1),
        ("progress", 0.0),
        ("status", "processing"),
        ("segment", "w0"),
        ("progress", 1.0),
        ("segment", "w1"),
        ("progress", 2.0),
        ("segment", "w2"),
        ("progress", 3.0),
        ("status", "completed"),
        ("done", "completed"),
    ]


def test_a_client_that_comes_back_gets_the_rest_and_nothing_twice(
    client: Client, transcript: Transcript
) -> None:
    """It breaks off after each event in turn, also between two segments of one window."""
    for second in range(3):
        recognise(transcript, second)
    finish(transcript)
    with closing(Feed(client, transcript)) as feed:
        whole = list(feed.rest())

    for number, event in enumerate(whole[:-1]):
        with closing(Feed(client, transcript, last_event_id=event.id)) as feed:
            assert list(map(summary, feed.rest()))[-len(whole) + number + 1 :] == list(
                map(summary, whole[number + 1 :])
            )
            with closing(Feed(client, transcript, last_event_id=event.id)) as again:
                texts = [each.data["text"] for each in again.rest() if each.name == "segment"]
            assert texts == [
                each.data["text"] for each in whole[number + 1 :] if each.name == "segment"
            ]


def test_segments_that_the_speakers_split_afterwards_are_not_sent_again(
    client: Client, transcript: Transcript
) -> None:
    recognise(transcript, 0)
    with closing(Feed(client, transcript)) as feed:
        last = [feed.next() for _ in range(3)][-1]
    whole = transcript.segments.get()
    Segment.objects.filter(pk=whole.pk).update(end_ms=400)
    Segment.objects.create(
        transcript=transcript, position=1, start_ms=400, end_ms=900, text="w0b", confidence=1
    )
    recognise(transcript, 1)
    finish(transcript)

    with closing(Feed(client, transcript, last_event_id=last.id)) as feed:
        texts = [event.data["text"] for event in feed.rest() if event.name == "segment"]

    assert texts == ["w1"]


def test_one_that_saw_the_end_is_asked_to_stay_away(client: Client, transcript: Transcript) -> None:
    finish(transcript)
    with closing(Feed(client, transcript)) as feed:
        done = list(feed.rest())[-1]

    answer = client.get(
        f"/api/v1/transcripts/{transcript.pk}/events/", headers={"Last-Event-ID": done.id}
    )

    assert done.name == "done"
    assert answer.status_code == 204


def test_a_last_event_id_that_is_not_ours_begins_from_the_beginning(
    client: Client, transcript: Transcript
) -> None:
    recognise(transcript, 0)
    finish(transcript)

    with closing(Feed(client, transcript, last_event_id="../../1;drop")) as feed:
        assert ("segment", "w0") in [summary(event) for event in feed.rest()]


def test_a_failure_ends_the_stream_and_states_why(client: Client, transcript: Transcript) -> None:
    with closing(Feed(client, transcript)) as feed:
        feed.next()
        update_transcripts(
            Transcript.objects.all(),
            status=Status.FAILED,
            error_code="corrupt_media",
            error_message="It is broken.",
        )
        done = list(feed.rest())[-1]

    assert done.data["error"] == {"code": "corrupt_media", "message": "It is broken."}


def test_deleting_it_ends_the_stream(client: Client, transcript: Transcript) -> None:
    with closing(Feed(client, transcript)) as feed:
        feed.next()
        Transcript.objects.all().delete()

        assert list(feed.rest())[-1].data["status"] == "deleted"


def test_the_place_in_the_queue_moves_up(client: Client, transcript: Transcript) -> None:
    behind = create_transcript(owner=client.user, model_requested="tiny")
    with closing(Feed(client, behind)) as feed:
        assert [summary(feed.next()) for _ in range(2)][-1] == ("queue", 2)
        finish(transcript)

        positions = (event for event in feed.rest() if event.name == "queue")
        assert next(positions).data == {"position": 1}


def test_a_client_that_leaves_frees_what_it_held(
    client: Client, transcript: Transcript, server: Served
) -> None:
    with closing(Feed(client, transcript)) as feed:
        feed.next()
        waiting = server.count_tasks("transcript-watcher")

    assert waiting == 1
    wait_until(
        lambda: server.count_tasks("transcript-watcher") == 0, what="nobody is watched for any more"
    )


def test_the_stream_needs_a_key(guest: Client, transcript: Transcript) -> None:
    answer = requests.get(f"{guest.url}/api/v1/transcripts/{transcript.pk}/events/", timeout=10)

    assert (answer.status_code, answer.json()["code"]) == (401, "missing_key")


def test_another_accounts_stream_is_404(guest: Client, transcript: Transcript) -> None:
    stranger = make_client(guest.url)

    assert stranger.get(f"/api/v1/transcripts/{transcript.pk}/events/").status_code == 404


def test_comments_and_further_work_are_followed_beside_the_edits(
    client: Client, transcript: Transcript
) -> None:
    recognise(transcript, 0)
    finish(transcript)
    with closing(Feed(client, transcript, query="?edits_since=0&lasting=true")) as feed:
        at_first = {event.name: event.data for event in (feed.next(), feed.next())}
        assert at_first == {
            "comments": {"count": 0, "changed_at": None},
            "work": {"second_pass": False, "voices": ""},
        }
        path = f"/api/v1/transcripts/{transcript.pk}/comments/"
        segment = Segment.objects.get(transcript=transcript).key
        made = client.call("POST", path, json={"segment": segment, "text": "Sure?"}).json()
        event = feed.next()
        assert (event.name, event.data["count"]) == ("comments", 1)
        assert event.data["changed_at"] == made["updated_at"]
        client.call("DELETE", f"{path}{made['id']}/")
        assert feed.next().data == {"count": 0, "changed_at": None}
        update_transcripts(Transcript.objects.filter(pk=transcript.pk), voices="queued")
        event = feed.next()
        assert (event.name, event.data) == ("work", {"second_pass": False, "voices": "queued"})
