"""Taking everything along, and deleting everything: rows and files, no one else's."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from asgiref.sync import async_to_sync
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import models
from django.test import Client
from django.utils import timezone
from django.utils.translation import gettext, override
from pytest_django import Settings

from accounts.keys.issue import issue_api_key
from accounts.models import OutgoingMail, User
from accounts.services.account_deletion import close_account, delete_closed_accounts
from billing.models import BillingAccount, LedgerEntry
from tests.accounts.mailbox import deliver
from tests.accounts.pages.people import (
    browser_of,
    idle_browser_of,
    member,
    proven_browser_of,
    use_minutes,
)
from tests.transcripts.rows import create_transcript
from transcripts.editing.draft import Editing
from transcripts.editing.edits import SegmentChange, edit_segment
from transcripts.models import Segment, Transcript
from transcripts.sharing.links import create_share
from transcripts.uploads.models import ResumableUpload
from transcripts.webhooks.endpoints import create_endpoint, send_test

pytestmark = pytest.mark.django_db


@pytest.fixture
def media(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


def transcribed(user: User, media: Path, *, text: str) -> Transcript:
    folder = media / user.email.partition("@")[0]
    folder.mkdir(parents=True)
    (folder / "recording").write_bytes(text.encode() * 1000)
    transcript = create_transcript(
        owner=user,
        title="Meeting",
        file_name="../meeting.mp3",
        path=f"{folder.name}/recording",
        model_requested="small",
        status="completed",
        audio_duration_ms=1000,
    )
    Segment.objects.create(
        transcript=transcript, position=1, start_ms=0, end_ms=1000, text=text, confidence=1
    )
    return transcript


@pytest.fixture
def ann(media: Path) -> User:
    """A user who has a bit of everything."""
    user = member("ann@example.com")
    transcribed(user, media, text="said by ann")
    issue_api_key(user, name="anns key")
    use_minutes(user, 3)
    return user


@pytest.fixture
def bob(media: Path) -> User:
    user = member("bob@example.com")
    transcribed(user, media, text="said by bob")
    return user


def export_of(user: User) -> dict[str, bytes]:
    answer: Any = proven_browser_of(user).get("/account/export/")
    assert answer.status_code == 200

    async def read() -> bytes:
        return b"".join([chunk async for chunk in answer])

    archive = zipfile.ZipFile(io.BytesIO(async_to_sync(read)()))
    assert archive.testzip() is None
    return {name: archive.read(name) for name in archive.namelist()}


def in_czech(text: str) -> str:
    with override("cs"):
        return gettext(text)


def rows_about(user_id: object) -> dict[str, int]:
    """Rows of any table that point at the user, by the table's name."""
    found = {}
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey) and field.related_model is User:
                count = model._default_manager.filter(**{field.name: user_id}).count()
                if count:
                    found[model.__name__] = count
    return found


def test_the_export_has_profile_keys_ledger_text_and_recording(ann: User, bob: User) -> None:
    files = export_of(ann)

    account = json.loads(files["account.json"])
    assert account["email"] == "ann@example.com"
    assert account["api_keys"][0]["name"] == "anns key"
    billing = json.loads(files["billing.json"])
    assert billing["jobs"][0]["settled_allowance_minutes"] == 3
    (text,) = [content for name, content in files.items() if name.endswith("transcript.txt")]
    assert b"said by ann" in text
    (recording,) = [content for name, content in files.items() if name.endswith("meeting.mp3")]
    assert recording == b"said by ann" * 1000
    assert not any(b"said by bob" in content for content in files.values())
    assert not any(".." in name for name in files)
    assert b"digest" not in files["account.json"]


def test_the_export_has_what_arrived_of_an_upload(ann: User) -> None:
    later = timezone.now() + timedelta(days=1)
    upload = ResumableUpload.objects.create(
        owner=ann, file_name="long.mp3", offset_bytes=4, received_at=later, expires_at=later
    )
    upload.path.parent.mkdir(parents=True)
    upload.path.write_bytes(b"abcd")

    files = export_of(ann)

    assert files[f"uploads/{upload.pk}.part"] == b"abcd"
    assert json.loads(files["uploads/about.json"])[0]["file_name"] == "long.mp3"


def test_the_export_has_webhooks_shared_links_and_revisions_without_their_secrets(
    ann: User, bob: User
) -> None:
    transcript = Transcript.objects.get(owner=ann)
    transcript.tags.create(name="board")
    _, token = create_share(transcript, password="open sesame")
    key = transcript.segments.get().key
    edit_segment(Editing(transcript, ann), key, SegmentChange(text="said by Ann"))
    endpoint, secret = create_endpoint(ann, url="https://example.com/hook")
    send_test(endpoint)
    create_endpoint(bob, url="https://example.com/bobs")

    files = export_of(ann)

    (content,) = [content for name, content in files.items() if name.endswith("about.json")]
    about = json.loads(content)
    assert about["tags"] == ["board"]
    assert len(about["shared_links"]) == 1
    assert [revision["action"] for revision in about["revisions"]] == ["edit"]
    (exported,) = json.loads(files["webhooks.json"])
    assert exported["url"] == "https://example.com/hook"
    assert [delivery["event"] for delivery in exported["deliveries"]] == ["endpoint.test"]
    everything = b"".join(files.values())
    password = transcript.share_links.get().password
    for withheld in (token, secret, endpoint.secret_encrypted, password):
        assert withheld.encode() not in everything


def test_deleting_the_account_leaves_nothing_but_amounts(ann: User, bob: User, media: Path) -> None:
    browser = proven_browser_of(ann)
    entries = LedgerEntry.objects.count()

    answer = browser.post("/account/delete/", {"email": "ann@example.com"}, follow=True)

    assert "deleted" in answer.content.decode()
    assert list(User.objects.all()) == [bob]
    assert rows_about(ann.pk) == {}
    assert [folder.name for folder in media.iterdir()] == ["bob"]
    assert Segment.objects.get().text == "said by bob"
    assert BillingAccount.objects.filter(user=None).count() == 1
    assert LedgerEntry.objects.count() == entries
    assert not EmailAddress.objects.filter(email="ann@example.com").exists()
    assert browser.get("/account/").status_code == 302


def test_a_user_who_left_is_notified_once_and_their_address_is_not_stored(ann: User) -> None:
    User.objects.filter(pk=ann.pk).update(language="cs")
    close_account(ann)
    delete_closed_accounts()
    delete_closed_accounts()

    farewells = [message for message in deliver() if message.to == ["ann@example.com"]]

    assert [message.subject for message in farewells] == [in_czech("Your account is deleted")]
    assert not OutgoingMail.objects.filter(recipient="ann@example.com").exists()


def test_a_key_of_a_deleted_account_is_refused(ann: User) -> None:
    _, raw = issue_api_key(ann, name="second")
    client = Client(headers={"Authorization": f"Bearer {raw}"})
    assert client.get("/api/v1/account/").status_code == 200

    proven_browser_of(ann).post("/account/delete/", {"email": "ann@example.com"})

    assert client.get("/api/v1/account/").status_code == 401


def test_a_wrong_address_deletes_nothing(ann: User) -> None:
    page = proven_browser_of(ann).post("/account/delete/", {"email": "bob@example.com"})

    assert "not the address" in page.content.decode()
    assert User.objects.get().is_active


@pytest.mark.parametrize("path", ["/account/delete/", "/account/export/"])
def test_a_session_alone_is_not_enough(ann: User, path: str) -> None:
    answer: Any = idle_browser_of(ann).get(path)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/reauthenticate/")


@pytest.mark.parametrize("path", ["/account/delete/", "/account/export/"])
def test_a_log_in_just_now_is_not_asked_for_again(ann: User, path: str) -> None:
    assert browser_of(ann).get(path).status_code == 200


def test_a_log_in_of_another_user_proves_nothing(ann: User) -> None:
    browser = browser_of(ann)
    browser.force_login(member("bob@example.com"))

    assert browser.get("/account/export/").status_code == 302


def test_a_deletion_that_was_cut_off_is_finished_later(ann: User, media: Path) -> None:
    browser = browser_of(ann)
    close_account(ann)

    assert browser.get("/account/").status_code == 302
    assert delete_closed_accounts() == 1

    assert not User.objects.exists()
    assert list(media.iterdir()) == []
    assert not UserSession.objects.exists()
    assert not any("_auth_user_id" in row.get_decoded() for row in Session.objects.all())
    assert delete_closed_accounts() == 0
