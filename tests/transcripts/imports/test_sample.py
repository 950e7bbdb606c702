"""The transcript that the account of `make run` begins with: once, whole, and free."""

from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import User
from stt_web.supervisor.first_steps import LOCAL_USER, ensure_sample
from tests.accounts.pages.people import browser_of, member
from transcripts.jobs.cancel import delete_transcript
from transcripts.models import Status, Transcript
from transcripts.services.recordings import recording_path

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def test_the_local_account_has_a_sample(settings: Settings) -> None:
    user = User.objects.create_user(LOCAL_USER)

    ensure_sample()

    transcript = Transcript.objects.get(owner=user)
    assert transcript.status == Status.COMPLETED
    assert transcript.recording.is_sample
    assert recording_path(transcript).stat().st_size > 10_000
    segments = list(transcript.segments.order_by("position"))
    assert segments[0].text == "Hello and welcome to our speech to text service."
    assert [word["word"] for word in segments[1].words][:3] == ["You", "can", "send"]
    assert transcript.credits_charged == 0


def test_it_is_given_once_and_never_again() -> None:
    user = User.objects.create_user(LOCAL_USER)
    ensure_sample()
    ensure_sample()
    delete_transcript(Transcript.objects.get(owner=user))

    ensure_sample()

    assert not Transcript.objects.filter(owner=user).exists()


def test_other_accounts_begin_with_nothing_and_a_page_that_helps() -> None:
    ann = member("ann@example.com")
    ensure_sample()

    page = browser_of(ann).get("/transcripts/").content.decode()

    assert not Transcript.objects.exists()
    assert "Drop audio or video files anywhere" in page


def test_a_log_in_leads_to_what_there_is_or_to_the_first_upload() -> None:
    ann = member("ann@example.com")
    browser = browser_of(ann)
    assert browser.get("/start/").headers["Location"] == "/"
    local = User.objects.create_user(LOCAL_USER)
    ensure_sample()
    Transcript.objects.filter(owner=local).update(owner=ann)
    assert browser.get("/start/").headers["Location"] == "/transcripts/"
