"""/transcripts/:id/share/: links made and revoked by a person in a browser."""

import html
import re

import pytest
from django.test import Client

from tests.accounts.pages.people import browser_of, member
from tests.transcripts.rows import create_transcript, update_transcripts
from transcripts.models import Segment, Status, Transcript
from transcripts.sharing.links import create_share
from transcripts.sharing.models import ShareLink

LINK = re.compile(r'<code id="raw-link">http://testserver(/s/[A-Za-z0-9_-]{43}/)</code>')


@pytest.fixture
def transcript(transactional_db: None) -> Transcript:
    transcript = create_transcript(
        owner=member("jana@example.com"),
        status=Status.COMPLETED,
        title="Porada",
        model_requested="tiny",
    )
    Segment.objects.create(
        transcript=transcript, position=1, start_ms=0, end_ms=900, text="Dobrý den", confidence=1
    )
    return transcript


def test_a_link_is_made_shown_once_and_revoked(transcript: Transcript) -> None:
    assert transcript.owner is not None
    browser = browser_of(transcript.owner)
    path = f"/transcripts/{transcript.pk}/share/"
    assert path in browser.get(f"/transcripts/{transcript.pk}/").content.decode()

    made = browser.post(path, {"days": "7", "password": ""}).content.decode()

    found = LINK.search(made)
    assert found is not None
    assert not LINK.search(browser.get(path).content.decode())
    assert "Porada" in Client().get(found[1]).content.decode()
    link = ShareLink.objects.get()
    assert link.expires_at is not None
    browser.post(f"{path}{link.pk}/revoke/")
    assert Client().get(found[1]).status_code == 404
    assert browser.post(f"{path}{link.pk}/revoke/").status_code == 404


def test_readers_see_whether_a_person_has_corrected_it(
    transcript: Transcript,
) -> None:
    _link, token = create_share(transcript)
    path = f"/s/{token}/"
    assert "may contain errors" in Client().get(path).content.decode()

    update_transcripts(Transcript.objects.filter(pk=transcript.pk), is_corrected=True)

    assert "corrected by a person" in Client().get(path).content.decode()

    update_transcripts(Transcript.objects.filter(pk=transcript.pk), origin="unknown")

    imported = Client().get(path).content.decode()
    assert "imported and corrected by a person" in imported
    assert "by a machine" not in imported


def test_a_password_that_is_too_short_is_explained(transcript: Transcript) -> None:
    assert transcript.owner is not None
    page = browser_of(transcript.owner).post(
        f"/transcripts/{transcript.pk}/share/", {"days": "", "password": "abc"}
    )

    assert "at least 8 characters" in html.unescape(page.content.decode())
    assert not ShareLink.objects.exists()


def test_no_one_else_shares_it(transcript: Transcript) -> None:
    path = f"/transcripts/{transcript.pk}/share/"
    stranger = browser_of(member("petr@example.com"))

    assert (stranger.get(path).status_code, stranger.post(path).status_code) == (404, 404)
    assert Client().post(path).status_code == 302
    assert not ShareLink.objects.exists()


def test_a_shared_video_has_its_subtitles(transcript: Transcript) -> None:
    _link, token = create_share(transcript)
    path = f"/s/{token}/subtitles/"
    assert Client().get(path).status_code == 404  # a sound has no picture to show them over

    update_transcripts(Transcript.objects.filter(pk=transcript.pk), container="WebM")
    answer = Client().get(path)
    assert answer.headers["Content-Type"].startswith("text/vtt")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.content.startswith(b"WEBVTT")
    assert "Dobrý den" in answer.content.decode()

    _locked, token = create_share(transcript, password="a long password")
    assert Client().get(f"/s/{token}/subtitles/").status_code == 403
