"""The pages with a user's transcripts: read, found, deleted; never another's."""

from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from tests.accounts.pages.people import browser_of, member
from tests.transcripts.rows import create_transcript
from transcripts.jobs.models import JobKind, TranscriptionJob
from transcripts.models import Segment, Transcript
from transcripts.search.index import index_transcript

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(settings: Settings, tmp_path: Path) -> User:
    settings.MEDIA_ROOT = tmp_path
    return member("ann@example.com")


def transcribed(user: User, *, title: str = "Meeting", **fields: object) -> Transcript:
    values: dict[str, object] = {"status": "completed", "audio_duration_ms": 65_000, **fields}
    transcript = create_transcript(
        owner=user, title=title, model_requested="small", model_used="small", **values
    )
    Segment.objects.create(
        transcript=transcript, position=1, start_ms=61_000, end_ms=62_000, text="<hi>", confidence=1
    )
    return transcript


def test_a_command_is_named_to_who_may_run_it(ann: User) -> None:
    path, browser = f"/transcripts/{transcribed(ann).pk}/", browser_of(ann)
    here = browser.get(path).content.decode()
    elsewhere = browser.get(path, REMOTE_ADDR="192.0.2.1").content.decode()
    assert "data-installs" in here
    assert "data-installs" not in elsewhere

    User.objects.filter(pk=ann.pk).update(is_staff=True)
    assert "data-installs" in browser.get(path, REMOTE_ADDR="192.0.2.1").content.decode()


def test_a_transcript_is_listed_and_can_be_read(ann: User) -> None:
    transcript = transcribed(ann)
    browser = browser_of(ann)

    assert f"/transcripts/{transcript.pk}/" in browser.get("/transcripts/").content.decode()
    page = browser.get(f"/transcripts/{transcript.pk}/").content.decode()

    assert "1:01" in page
    assert "&lt;hi&gt;" in page
    assert f"/api/v1/transcripts/{transcript.pk}/export/srt/" in page


def test_one_with_an_open_second_pass_shows_it_and_is_listed_once(ann: User) -> None:
    transcript = transcribed(ann, title="Talk", source="live")
    job_fields = {"transcript": transcript, "model_requested": "small", "status": "processing"}
    TranscriptionJob.objects.create(kind=JobKind.SECOND_PASS, **job_fields)
    browser = browser_of(ann)

    page = browser.get(f"/transcripts/{transcript.pk}/").content.decode()
    assert "being transcribed a second time" in page
    assert (
        browser.get("/transcripts/").content.decode().count(f"/transcripts/{transcript.pk}/") == 1
    )


def test_a_second_pass_is_offered_where_there_is_a_recording(ann: User) -> None:
    with_recording = transcribed(ann, path="folder/recording")
    without = transcribed(ann)
    corrected = transcribed(ann, path="folder/recording", is_corrected=True)
    browser = browser_of(ann)

    offered = [
        f"/transcripts/{each.pk}/again/" in browser.get(f"/transcripts/{each.pk}/").content.decode()
        for each in (with_recording, without, corrected)
    ]
    assert offered == [True, False, False]


def test_a_failed_one_states_why(ann: User) -> None:
    transcript = transcribed(ann, status="failed", error_message="The file is damaged.")

    page = browser_of(ann).get(f"/transcripts/{transcript.pk}/").content.decode()

    assert "The file is damaged." in page


def test_a_deletion_takes_the_recording_too(ann: User, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "recording").write_bytes(b"audio")
    transcript = transcribed(ann, path="folder/recording")

    page = browser_of(ann).post(f"/transcripts/{transcript.pk}/delete/", follow=True)

    assert "are deleted" in page.content.decode()
    assert not Transcript.objects.exists()
    assert not (tmp_path / "folder").exists()


def test_another_users_recording_is_not_there(ann: User) -> None:
    transcript = transcribed(member("bob@example.com"), title="Bobs secret")
    browser = browser_of(ann)

    assert "Bobs secret" not in browser.get("/transcripts/").content.decode()
    assert browser.get(f"/transcripts/{transcript.pk}/").status_code == 404
    assert browser.post(f"/transcripts/{transcript.pk}/delete/").status_code == 404
    assert Transcript.objects.exists()


def test_what_is_searched_for_is_shown_as_text_and_others_are_left_out(ann: User) -> None:
    found = transcribed(ann, title="<script>Brno</script>", language="cs")
    transcribed(ann, title="Ostrava", language="en")
    Segment.objects.filter(transcript=found).update(text="Dobrý den z Brna, <b>tady</b>.")
    index_transcript(found)
    browser = browser_of(ann)

    page = browser.get("/transcripts/?search=dobry+tady").content.decode()

    assert "<mark>Dobrý</mark> den z Brna, &lt;b&gt;<mark>tady</mark>&lt;/b&gt;" in page
    assert "<script>Brno" not in page
    assert "Ostrava" not in page
    only = browser.get("/transcripts/?language=en").content.decode()
    assert "Ostrava" in only
    assert "Brno" not in only


@pytest.mark.parametrize("query", ["status=odd", "language=tlh", "search=" + "x" * 201])
def test_a_filter_that_makes_no_sense_is_reported(ann: User, query: str) -> None:
    page = browser_of(ann).get(f"/transcripts/?{query}")

    assert page.status_code == 200
    assert 'role="alert"' in page.content.decode()


def test_a_page_that_is_not_there_shows_one_that_is(ann: User) -> None:
    transcribed(ann, title="The only one")
    browser = browser_of(ann)

    for query in ("page=99", "page=x", "search=hi&page=99"):
        assert browser.get(f"/transcripts/?{query}").status_code == 200


def test_the_page_of_a_transcript_costs_no_more_queries_for_a_long_one(ann: User) -> None:
    browser = browser_of(ann)
    transcript = transcribed(ann)
    counts = []
    for more in (0, 200):
        Segment.objects.bulk_create(
            Segment(
                transcript=transcript, position=n, start_ms=n, end_ms=n + 1, text="a", confidence=1
            )
            for n in range(2, 2 + more)
        )
        with CaptureQueriesContext(connection) as queries:
            browser.get(f"/transcripts/{transcript.pk}/")
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_the_pages_ask_guests_to_log_in(ann: User) -> None:
    transcript = transcribed(ann)

    for path in ("/transcripts/", f"/transcripts/{transcript.pk}/"):
        assert Client().get(path)["Location"].startswith("/account/login/")


def test_the_list_takes_as_many_queries_for_many_as_for_one(ann: User) -> None:
    browser = browser_of(ann)
    counts = []
    for more in (1, 60):
        for _ in range(more):
            transcribed(ann)
        with CaptureQueriesContext(connection) as queries:
            browser.get("/transcripts/")
        counts.append(len(queries))

    assert counts[0] == counts[1]
