"""`/api/v1/transcripts/`, by HTTP: only what is one's own, and nothing that isn't."""

import uuid
from typing import Any, cast

import pytest
from django.db import connection
from django.test import Client as DjangoClient
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.principals import Principal
from tests.transcripts.rows import create_transcript
from tests.transcripts.served_api import Client, Worker, make_client, wav
from transcripts.api.transcripts import TranscriptListView
from transcripts.models import Segment, Status, Transcript


def make(client: Client, **fields: Any) -> Transcript:
    values = {
        "model_requested": "tiny",
        "status": Status.COMPLETED,
        "audio_duration_ms": 2000,
        **fields,
    }
    return create_transcript(owner=client.user, **values)


def path_of(transcript: Transcript | str, then: str = "") -> str:
    return f"/api/v1/transcripts/{getattr(transcript, 'pk', transcript)}/{then}"


def test_a_transcript_has_its_state_and_its_segments(client: Client, worker: Worker) -> None:
    transcript_id = client.transcribe(diarize="false").json()["id"]

    body = client.get(path_of(transcript_id)).json()

    assert (body["id"], body["status"], body["text"]) == (transcript_id, "completed", "w0 w1 w2")
    assert (body["queue_position"], body["error"]) == (None, None)
    assert body["progress"] == {"done_s": 3.0, "total_s": 3.0}
    assert [segment["text"] for segment in body["segments"]] == ["w0 w1 w2"]
    without = client.get(path_of(transcript_id, "?segments=false")).json()
    assert without == {**body, "segments": []}
    assert client.get(path_of(transcript_id, "?segments=some")).status_code == 400


def test_one_that_is_being_worked_on_shows_what_there_is(client: Client) -> None:
    transcript = make(
        client, status=Status.PROCESSING, resume_ms=1000, audio_duration_ms=0, probed_ms=9000
    )
    Segment.objects.create(
        transcript=transcript, position=1, start_ms=0, end_ms=900, text="So far", confidence=1
    )

    body = client.get(path_of(transcript)).json()

    assert (body["status"], body["text"]) == ("processing", "So far")
    assert body["progress"] == {"done_s": 1.0, "total_s": 9.0}


def test_a_failed_one_states_why(client: Client) -> None:
    transcript = make(
        client, status=Status.FAILED, error_code="corrupt_media", error_message="It is broken."
    )

    body = client.get(path_of(transcript)).json()

    assert body["error"] == {"code": "corrupt_media", "message": "It is broken."}


@pytest.mark.parametrize(
    ("method", "then"), [("GET", ""), ("DELETE", ""), ("POST", "cancel/"), ("GET", "events/")]
)
def test_anothers_and_a_missing_one_are_the_same_404_and_no_key_is_401(
    client: Client, guest: Client, method: str, then: str
) -> None:
    theirs = make(make_client(guest.url), status=Status.QUEUED)

    anothers = client.call(method, path_of(theirs, then))
    missing = client.call(method, path_of(str(uuid.uuid4()), then))
    keyless = guest.call(method, path_of(theirs, then))
    wrong_token = Client(guest.url, "sttt_" + "x" * 43).call(method, path_of(theirs, then))
    malformed = client.call(method, path_of("17", then))

    assert [answer.status_code for answer in (anothers, missing, wrong_token)] == [404] * 3
    assert anothers.json() == missing.json() == wrong_token.json()
    assert (keyless.status_code, keyless.json()["code"]) == (401, "missing_key")
    assert keyless.headers["WWW-Authenticate"].startswith("Bearer")
    assert (malformed.status_code, malformed.json()["code"]) == (404, "not_found")
    theirs.refresh_from_db()
    assert theirs.status == Status.QUEUED


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "", "GET, PATCH, DELETE, HEAD, OPTIONS"),
        ("GET", "cancel/", "POST, OPTIONS"),
        ("POST", "events/", "GET"),
    ],
)
def test_another_method_is_405_and_states_which(
    client: Client, method: str, path: str, allowed: str
) -> None:
    answer = client.call(method, path_of(make(client), path))

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == allowed


def test_deleting_removes_it_with_its_recording(client: Client) -> None:
    transcript_id = client.transcribe(is_async=True).json()["id"]
    recording = Transcript.objects.get(pk=transcript_id).recording.path

    answer = client.call("DELETE", path_of(transcript_id))

    assert (answer.status_code, answer.content) == (204, b"")
    assert client.get(path_of(transcript_id)).status_code == 404
    from django.conf import settings

    assert not (settings.MEDIA_ROOT / recording).exists()


def test_cancelling_stops_it_and_may_be_repeated(client: Client) -> None:
    transcript_id = client.transcribe(is_async=True).json()["id"]

    first = client.call("POST", path_of(transcript_id, "cancel/"))
    again = client.call("POST", path_of(transcript_id, "cancel/"))

    assert first.json() == again.json()
    assert (first.json()["status"], first.json()["queue_position"]) == ("cancelled", None)


def test_a_token_opens_the_guests_transcript_and_no_other(guest: Client, client: Client) -> None:
    token = guest.transcribe(is_async=True).json()["token"]
    own = Transcript.objects.get(owner=None)
    holder = Client(guest.url, token)

    assert holder.get(path_of(own)).status_code == 200
    assert holder.get(path_of(make(client))).status_code == 404
    assert holder.get("/api/v1/transcripts/").status_code == 401
    assert holder.transcribe(wav()).status_code == 401
    assert client.get(path_of(own)).status_code == 404
    assert holder.call("DELETE", path_of(own)).status_code == 204


def test_the_list_has_ones_own_newest_first_in_pages(client: Client, guest: Client) -> None:
    made = [str(make(client, title=f"t{number}").pk) for number in range(5)]
    make(make_client(guest.url))

    first = client.get("/api/v1/transcripts/?page_size=3").json()
    second = client.get(first["next"].removeprefix(client.url)).json()

    assert (first["count"], first["previous"]) == (5, None)
    assert [row["id"] for row in first["results"] + second["results"]] == made[::-1]
    assert second["next"] is None
    assert "segments" not in first["results"][0]


def test_the_list_is_filtered_by_status_and_language(client: Client) -> None:
    make(client, language="en")
    make(client, language="cs")
    make(client, language="cs", status=Status.FAILED)

    def count(query: str) -> int:
        return int(client.get(f"/api/v1/transcripts/{query}").json()["count"])

    assert [count(""), count("?status=failed"), count("?language=cs")] == [3, 1, 2]
    assert count("?language=cs&status=completed") == 1


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?status=lost", 400, "invalid_value"),
        ("?language=klingon", 400, "unknown_language"),
        ("?page=99", 404, "invalid_page"),
        ("?page=x", 404, "invalid_page"),
    ],
)
def test_a_bad_filter_or_page_is_refused(
    client: Client, query: str, status: int, code: str
) -> None:
    answer = client.get(f"/api/v1/transcripts/{query}")

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_list_costs_the_same_queries_for_one_and_for_many(client: Client) -> None:
    def queries() -> int:
        request = APIRequestFactory().get("/api/v1/transcripts/")
        force_authenticate(request, client.user, cast("Any", Principal(user=client.user)))
        with CaptureQueriesContext(connection) as captured:
            assert TranscriptListView.as_view()(request).status_code == 200
        return len(captured)

    make(client)
    queries()
    for_one = queries()
    for _ in range(10):
        make(client)

    assert queries() == for_one


def test_the_session_of_the_pages_works_and_is_guarded_against_forgery(
    client: Client, settings: Settings
) -> None:
    transcript = make(client)
    browser = DjangoClient()
    browser.force_login(client.user)
    cookies = {settings.SESSION_COOKIE_NAME: browser.cookies[settings.SESSION_COOKIE_NAME].value}
    keyless = Client(client.url)

    assert keyless.get(path_of(transcript), cookies=cookies).status_code == 200
    forged = keyless.call("DELETE", path_of(transcript), cookies=cookies)

    assert (forged.status_code, forged.json()["code"]) == (403, "csrf_failed")
    assert Transcript.objects.filter(pk=transcript.pk).exists()
