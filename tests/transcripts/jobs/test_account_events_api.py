"""GET /api/v1/events/, by HTTP: all of an account's transcripts in one stream."""

import json
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone

from tests.transcripts.rows import create_transcript, update_transcripts
from tests.transcripts.served_api import Client, Worker, make_client
from transcripts.jobs.cancel import delete_transcript
from transcripts.models import Status, Transcript


class Feed:
    def __init__(self, client: Client, *, query: str = "", last_id: str = "") -> None:
        headers = {"Last-Event-ID": last_id}
        path = f"/api/v1/events/{query}"
        self.answer: requests.Response = client.call("GET", path, headers=headers, stream=True)
        assert self.answer.status_code == 200
        self._lines = self.answer.iter_lines(decode_unicode=True)
        self.last_id = ""

    def next(self) -> dict[str, Any]:
        fields: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.partition(": ")
            fields[name] = value
            if not line and "event" in fields:
                self.last_id = fields["id"]
                return {"event": fields["event"], **json.loads(fields["data"])}
        raise EOFError

    def until_ready(self) -> list[dict[str, Any]]:
        found = []
        while (event := self.next())["event"] != "ready":
            found.append(event)
        return found


def test_a_page_follows_every_transcript_to_its_end(client: Client, worker: Worker) -> None:
    feed = Feed(client)
    assert feed.until_ready() == []
    first = client.transcribe(is_async=True, name="first.wav").json()["id"]
    second = client.transcribe(b"not a recording at all, " * 9, is_async=True)
    assert second.status_code == 400

    seen = [feed.next()]
    while seen[-1]["status"] != Status.COMPLETED:
        seen.append(feed.next())

    assert {each["id"] for each in seen} == {first}
    assert (seen[-1]["title"], seen[-1]["done_s"], seen[-1]["total_s"]) == ("first", 3.0, 3.0)
    feed.answer.close()


def test_a_page_that_was_away_gets_what_ended_in_that_time(client: Client) -> None:
    now = timezone.now()
    old = create_transcript(owner=client.user, status=Status.COMPLETED, title="old")
    new = create_transcript(owner=client.user, status=Status.FAILED, title="new")
    update_transcripts(Transcript.objects.filter(pk=old.pk), finished_at=now - timedelta(hours=2))
    update_transcripts(Transcript.objects.filter(pk=new.pk), finished_at=now)
    since = (now - timedelta(minutes=5)).isoformat().replace("+", "%2B")
    feed = Feed(client, query=f"?since={since}")
    assert [each["title"] for each in feed.until_ready()] == ["new"]
    feed.answer.close()
    again = Feed(client, last_id=(now - timedelta(hours=3)).isoformat())
    assert {each["title"] for each in again.until_ready()} == {"old", "new"}
    again.answer.close()


def test_a_transcript_that_is_deleted_is_reported(client: Client) -> None:
    transcript = create_transcript(owner=client.user, status=Status.QUEUED)
    feed = Feed(client)
    assert [each["status"] for each in feed.until_ready()] == ["queued"]
    delete_transcript(transcript)
    assert feed.next()["status"] == "deleted"
    feed.answer.close()


def test_it_holds_nothing_of_other_accounts_and_needs_one(client: Client, guest: Client) -> None:
    create_transcript(owner=make_client(guest.url).user, status=Status.QUEUED)
    feed = Feed(client)
    assert feed.until_ready() == []
    feed.answer.close()
    stranger = Client(guest.url).get("/api/v1/events/")
    assert (stranger.status_code, stranger.json()["code"]) == (401, "missing_key")


@pytest.mark.parametrize("text", ["yesterday", "2026-13-45T00:00:00Z", "2026-01-01T00:00:00"])
def test_a_time_that_is_none_means_now(client: Client, text: str) -> None:
    create_transcript(owner=client.user, status=Status.COMPLETED)
    feed = Feed(client, query=f"?since={text}")
    assert feed.until_ready() == []
    feed.answer.close()
