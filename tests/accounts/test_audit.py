"""The audit log: keys, log-ins, deletions and what operators do; never changed, without names."""

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from accounts.keys.issue import issue_api_key, revoke_all_keys, revoke_api_key
from accounts.models import AuditEntry, User
from accounts.services.account_deletion import close_account
from accounts.services.sessions import end_all_sessions
from tests.transcripts.rows import create_transcript
from transcripts.jobs.cancel import delete_transcript

pytestmark = pytest.mark.django_db
PASSWORD = "correct-horse-battery-7"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def ann() -> User:
    user = User.objects.create_user("ann@example.com", password=PASSWORD)
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    return user


def entries() -> list[tuple[str, str]]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", "object_id"))


def test_keys_are_logged_when_they_are_made_and_revoked(ann: User) -> None:
    first, second = (issue_api_key(ann, name=name)[0] for name in ("one", "two"))
    revoke_api_key(first)
    revoke_api_key(first)  # it had been before: nothing to report
    revoke_all_keys(ann)

    assert entries() == [
        ("create_key", str(first.pk)),
        ("create_key", str(second.pk)),
        ("revoke_key", str(first.pk)),
        ("revoke_key", str(second.pk)),
    ]


def test_a_log_in_and_a_log_out_everywhere_are_logged(ann: User) -> None:
    browser = Client(headers={"User-Agent": FIREFOX})
    answer = browser.post("/account/login/", {"login": ann.email, "password": PASSWORD})
    assert answer.status_code == 302
    end_all_sessions(ann)

    logged = AuditEntry.objects.get(action="log_in")
    assert (logged.actor_id, logged.details) == (str(ann.pk), {"browser": "Firefox, Linux"})
    assert [action for action, _ in entries()] == ["log_in", "end_all_sessions"]


def test_a_changed_password_is_logged(ann: User) -> None:
    browser = Client()
    browser.post("/account/login/", {"login": ann.email, "password": PASSWORD})
    new = {"oldpassword": PASSWORD, "password1": "another-horse-77-b"}
    browser.post("/account/password/change/", new | {"password2": new["password1"]})

    assert AuditEntry.objects.filter(action="password_changed", object_id=str(ann.pk)).exists()


@pytest.mark.parametrize("cause", ["owner", "retention", "account"])
def test_a_deleted_transcript_is_logged_with_its_cause(ann: User, cause: str) -> None:
    transcript = create_transcript(owner=ann, title="Interview")
    delete_transcript(transcript, cause=cause)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id) == ("delete_transcript", str(transcript.pk))
    assert entry.details == {"cause": cause}


def test_a_guests_transcript_leaves_no_entry() -> None:
    delete_transcript(create_transcript(owner=None))

    assert entries() == []


def test_an_entry_holds_nothing_of_the_person(ann: User) -> None:
    issue_api_key(ann, name="of ann")
    close_account(ann)

    assert [action for action, _ in entries()] == ["create_key", "close_account"]
    for entry in AuditEntry.objects.all():
        assert entry.actor_email == ""
        assert "ann" not in f"{entry.details} {entry.reason}"


def test_an_entry_is_never_changed(ann: User) -> None:
    issue_api_key(ann, name="one")

    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        AuditEntry.objects.update(action="nothing")
