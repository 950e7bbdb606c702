"""A key that is revoked ends what it began, within seconds: a stream, a wait, a download."""

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

import urllib3
from pytest_django import Settings

from accounts.keys.issue import revoke_all_keys
from tests.transcripts.jobs.test_events_api import Feed
from tests.transcripts.rows import create_transcript
from tests.transcripts.served_api import Client
from transcripts.models import Status, Transcript

SOON_S = 30  # promised: about 5 s


def revoke_soon(client: Client) -> threading.Thread:
    thread = threading.Timer(1.0, lambda: revoke_all_keys(client.user))
    thread.start()
    return thread


def seconds_of(act: Callable[[], object]) -> float:
    started = time.monotonic()
    act()
    return time.monotonic() - started


def test_an_event_stream_ends_with_its_key(client: Client) -> None:
    transcript = create_transcript(owner=client.user, model_requested="tiny")
    feed = Feed(client, transcript)
    assert feed.next().name == "status"
    revoking = revoke_soon(client)

    taken_s = seconds_of(lambda: list(feed.rest()))
    revoking.join()

    assert taken_s < SOON_S
    assert client.get(f"/api/v1/transcripts/{transcript.pk}/events/").status_code == 401


def test_a_stream_of_a_deleted_transcript_still_shows_it(client: Client) -> None:
    transcript = create_transcript(owner=client.user, model_requested="tiny")
    feed = Feed(client, transcript)
    feed.next()

    Transcript.objects.all().delete()

    assert [event.name for event in feed.rest()][-1] == "done"


def test_a_request_that_waits_for_its_transcript_is_refused_then(client: Client) -> None:
    revoking = revoke_soon(client)  # no worker: it would wait for minutes

    answer = client.transcribe()
    revoking.join()

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_key")
    assert answer.headers["X-Transcript-Id"]


def test_a_download_ends_with_its_key(client: Client, settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "one").mkdir()
    size = 60_000_000  # more than what the connection's buffers take
    (tmp_path / "one" / "recording").write_bytes(bytes(size))
    transcript = create_transcript(
        owner=client.user, status=Status.COMPLETED, path="one/recording", container="MP3"
    )
    answer = client.get(f"/api/v1/transcripts/{transcript.pk}/audio/", stream=True)
    received = len(answer.raw.read(100_000))
    revoke_all_keys(client.user)
    time.sleep(8)

    with contextlib.suppress(urllib3.exceptions.HTTPError):  # cut off: less than was promised
        while chunk := answer.raw.read(1_000_000):
            received += len(chunk)
    assert received < size
