"""The page on which an account sets how long recordings and transcripts are kept."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from tests.accounts.pages.people import browser_of, member
from tests.transcripts.pages.test_library import transcribed
from transcripts.models import Transcript
from transcripts.retention.models import RetentionPolicy
from transcripts.retention.policy import apply_retention, read_policy, write_policy

pytestmark = pytest.mark.django_db
PATH = "/account/retention/"
DAYS = {"audio": "days", "audio_days": "7", "transcript": "days", "transcript_days": "90"}
UNCHANGED = {"audio": "keep", "audio_days": "", "transcript": "keep", "transcript_days": ""}


@pytest.fixture
def ann(settings: Settings, tmp_path: Path) -> User:
    settings.MEDIA_ROOT = tmp_path
    return member("ann@example.com")


def limits_of(user: User) -> tuple[int | None, int | None]:
    policy = read_policy(user)
    return policy.audio_days, policy.transcript_days


def test_the_page_shows_and_sets_what_the_api_does(ann: User) -> None:
    browser = browser_of(ann)

    assert browser.get(PATH).content.decode().count('value="keep"') == 3
    assert "Saved." in browser.post(PATH, DAYS, follow=True).content.decode()
    assert limits_of(ann) == (7, 90)
    page = " ".join(browser.get(PATH).content.decode().split())
    assert 'name="audio_days" value="7"' in page
    assert 'name="transcript_days" value="90"' in page
    policy_days = {"audio_days": 7, "transcript_days": 90, "embedding_days": None}
    assert browser.get("/api/v1/retention/").json() == policy_days

    browser.post(PATH, {**UNCHANGED, "audio": "completion"})
    assert limits_of(ann) == (0, None)
    browser.post(PATH, UNCHANGED)
    assert limits_of(ann) == (None, None)
    browser.post(PATH, {**UNCHANGED, "embedding": "days", "embedding_days": "14"})
    assert read_policy(ann).embedding_days == 14
    browser.post(PATH, {**UNCHANGED, "embedding": "completion"})
    assert read_policy(ann).embedding_days == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"audio_days": ""},
        {"audio_days": "0"},
        {"audio_days": "3651"},
        {"transcript_days": "soon"},
        {"transcript": "completion"},
        {"audio": "forever"},
    ],
)
def test_what_is_no_limit_is_refused_and_changes_nothing(ann: User, wrong: dict[str, str]) -> None:
    write_policy(ann, audio_days=1, transcript_days=2)

    page = browser_of(ann).post(PATH, {**DAYS, **wrong})

    assert 'class="error"' in page.content.decode()
    assert limits_of(ann) == (1, 2)


def test_what_would_be_deleted_at_once_is_reported_and_asked_first(
    ann: User, tmp_path: Path
) -> None:
    old, recent = (timezone.now() - timedelta(days=days) for days in (100, 10))
    transcribed(ann, title="Old", finished_at=old, path="old/recording")
    for title in ("Recent", "Other"):
        transcript = transcribed(ann, title=title, finished_at=recent, path=f"{title}/recording")
    transcribed(ann, title="New", finished_at=timezone.now(), path="new/recording")
    browser = browser_of(ann)

    asked = browser.post(PATH, DAYS).content.decode()
    assert "1 transcript, with its recording" in asked
    assert "2 recordings, whose transcripts stay" in asked
    assert 'type="hidden" name="audio_days" value="7"' in asked, "what was counted is confirmed"
    assert not RetentionPolicy.objects.exists()

    browser.post(PATH, {**DAYS, "confirmed": "yes"})
    apply_retention()
    assert sorted(Transcript.objects.values_list("title", "recording__path")) == [
        ("New", "new/recording"),
        ("Other", ""),
        ("Recent", ""),
    ]
    transcript.refresh_from_db()
    assert transcript.recording.audio_deleted_at is not None


def test_anothers_transcripts_are_not_counted(ann: User) -> None:
    old = timezone.now() - timedelta(days=100)
    transcribed(member("bob@example.com"), finished_at=old, path="bob/recording")

    assert "Saved." in browser_of(ann).post(PATH, DAYS, follow=True).content.decode()
