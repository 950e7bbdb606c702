"""`POST /transcripts/:id/again/`: the form on a transcript's page that orders a second pass."""

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from tests.accounts.pages.people import browser_of, member
from tests.transcripts.conftest import fake
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.rows import create_transcript
from tests.transcripts.served_api import make_info
from transcripts.jobs.models import JobKind, TranscriptionJob
from transcripts.models import Transcript

__all__ = ["fake"]  # a fixture

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(settings: Settings) -> User:
    return member("ann@example.com")


def recorded(user: User) -> Transcript:
    return create_transcript(
        owner=user,
        status="completed",
        path="folder/recording",
        model_requested="large-v3-turbo",
        language_requested="cs",
        audio_duration_ms=65_000,
        prompt="Names: Zbyněk",
    )


def again(browser: Client, transcript: Transcript, **fields: str) -> str:
    address = f"/transcripts/{transcript.pk}/again/"
    return browser.post(address, fields, follow=True).content.decode()


def test_the_form_orders_one_and_what_is_left_empty_stays(ann: User, fake: FakeInference) -> None:
    fake.info.CopyFrom(make_info())
    transcript = recorded(ann)

    page = again(browser_of(ann), transcript, model="tiny", language="en", speakers="3")

    assert "being transcribed a second time" in page
    job = TranscriptionJob.objects.get(kind=JobKind.SECOND_PASS)
    o = job.options
    assert (o.model, o.language, o.speakers, o.prompt) == (
        "tiny",
        "en",
        3,
        "Names: Zbyněk",
    )


def test_its_engines_can_be_chosen_and_are_refused_where_they_are_not_installed(
    ann: User, fake: FakeInference
) -> None:
    fake.info.CopyFrom(make_info())
    transcript = recorded(ann)
    browser = browser_of(ann)

    assert "pyannote can" in again(browser, transcript, diarizer="pyannote")
    assert "Check what you entered" in again(browser, transcript, aligner="magic")
    engines = {"diarizer": "light", "aligner": "attention"}
    assert "being transcribed a second time" in again(browser, transcript, **engines)

    options = TranscriptionJob.objects.get(kind=JobKind.SECOND_PASS).options
    assert (options.diarizer, options.aligner, options.diarize) == ("light", "attention", True)


def test_a_refusal_is_shown_on_the_page(ann: User, fake: FakeInference) -> None:
    fake.info.CopyFrom(make_info())
    transcript = recorded(ann)
    browser = browser_of(ann)
    again(browser, transcript)

    assert "transcribed a second time already" in again(browser, transcript)
    assert "Check what you entered" in again(browser, transcript, speakers="no number")
    assert TranscriptionJob.objects.filter(kind=JobKind.SECOND_PASS).count() == 1


def test_anothers_transcript_is_not_found(ann: User) -> None:
    transcript = recorded(member("bob@example.com"))
    assert browser_of(ann).post(f"/transcripts/{transcript.pk}/again/").status_code == 404
