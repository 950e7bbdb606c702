"""What pages show about tracks, channels and gaps names what the page has, in both languages."""

import pytest
from django.test import Client

from accounts.models import User
from tests.accounts.pages.people import member
from tests.transcripts.rows import create_transcript
from transcripts.gaps.models import Gap
from transcripts.models import Segment, Status, Transcript

pytestmark = pytest.mark.django_db

FOR_PROGRAMS = {
    "tracks_not_used": "Send track=2 for another one.",
    "channels_separate": "Send channels=split to have them separated.",
}


@pytest.fixture
def ann() -> User:
    return member("ann@example.com")


@pytest.fixture
def transcript(ann: User) -> Transcript:
    made = create_transcript(
        owner=ann,
        status=Status.COMPLETED_WITH_WARNINGS,
        path="somewhere/recording",
        audio_duration_ms=20_000,
        language="en",
        warnings=[{"code": code, "message": text} for code, text in FOR_PROGRAMS.items()],
    )
    Segment.objects.create(transcript=made, position=0, start_ms=0, end_ms=4000, text="Hello.")
    Gap.objects.create(transcript=made, start_ms=8000, end_ms=13_000, reason="not_recognised")
    return made


def read(user: User, path: str, language: str) -> str:
    browser = Client(headers={"Accept-Language": language})
    browser.force_login(user)
    return browser.get(path).content.decode()


@pytest.mark.parametrize(
    ("language", "track", "channels"),
    [
        ("en", "Audio tracks: All", "Channels: One speaker per channel"),
        ("cs", "Zvukové stopy: Všechny", "Kanály: Jeden mluvčí na kanál"),
    ],
)
def test_remarks_name_the_options_of_the_form_not_those_of_the_api(
    ann: User, transcript: Transcript, language: str, track: str, channels: str
) -> None:
    page = read(ann, f"/transcripts/{transcript.pk}/", language)

    assert track in page
    assert channels in page
    assert "Send track=" not in page
    assert "Send channels=" not in page


@pytest.mark.parametrize(
    ("language", "advanced", "tracks", "channels"),
    [
        ("en", "Advanced", "Audio tracks", "One speaker per channel"),
        ("cs", "Pokročilé", "Zvukové stopy", "Jeden mluvčí na kanál"),
    ],
)
def test_the_upload_form_offers_tracks_and_channels(
    ann: User, language: str, advanced: str, tracks: str, channels: str
) -> None:
    page = read(ann, "/", language)

    assert f"<summary>{advanced}</summary>" in page
    assert tracks in page
    assert '<select name="track">' in page
    assert f'<option value="split">{channels}</option>' in page


def test_trying_a_gap_again_offers_languages(ann: User, transcript: Transcript) -> None:
    page = read(ann, f"/transcripts/{transcript.pk}/", "en")

    _, _, offered = page.partition('<template id="retry-language">')
    assert '<option value="auto">Language as detected</option>' in offered
    assert '<option value="cs">' in offered
    assert offered.count('<option value="cs">') == 1  # once for all gaps
