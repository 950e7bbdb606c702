"""Resumable uploads of guests: by the token of each, within the tries of an address."""

import hashlib
import os
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.guest_tokens import make_guest_token
from accounts.keys.issue import issue_api_key
from billing.models import AnonymousUse, Plan
from tests.e2e.processes import wait_until
from tests.transcripts.served_api import Client, Worker, make_client, wav
from tests.transcripts.uploads.test_tus import (
    begin,
    folder_of,
    offset_of,
    path_of,
    refused,
    send,
)
from transcripts.models import Status, Transcript
from transcripts.retention.purge import purge_orphans
from transcripts.uploads.models import ResumableUpload
from transcripts.uploads.submit import purge_uploads, sweep_uploads


def begin_as_guest(guest: Client, length: int, **metadata: str) -> tuple[str, Client]:
    """Begin one without a key; return its path, and who has its token."""
    answer = begin(guest, length, **metadata)
    path = path_of(answer)
    assert answer.json()["token"] == answer.headers["X-Transcript-Token"]
    return path, Client(guest.url, answer.headers["X-Transcript-Token"])


def uses() -> int:
    return sum(AnonymousUse.objects.values_list("count", flat=True))


def test_a_guests_recording_goes_on_and_is_one_try(guest: Client, worker: Worker) -> None:
    recording = wav()
    path, holder = begin_as_guest(guest, len(recording), filename="My talk.wav", diarize="false")
    assert uses() == 1
    send(holder, path, 0, recording[:1000])
    assert offset_of(holder, path) == 1000
    last = send(holder, path, 1000, recording[1000:])

    transcript = Transcript.objects.get(pk=last.headers["X-Transcript-Id"])
    assert (transcript.owner, transcript.title) == (None, "My talk")
    assert transcript.recording.sha256 == hashlib.sha256(recording).hexdigest()
    assert uses() == 1
    wait_until(
        lambda: Transcript.objects.get(pk=transcript.pk).status == Status.COMPLETED, what="text"
    )
    # The token of the upload is the transcript's; a claim ends both.
    assert holder.get(f"/api/v1/transcripts/{transcript.pk}/").json()["text"] == "w0 w1 w2"
    assert holder.call("HEAD", path).headers["X-Transcript-Id"] == str(transcript.pk)
    account = make_client(guest.url)
    assert account.call("POST", "/api/v1/transcripts/claim/", json={"token": holder.key}).ok
    assert refused(holder.get(path)) == (404, "not_found")


def test_a_guest_without_a_try_is_refused_before_the_first_byte(guest: Client) -> None:
    for _ in range(3):
        begin_as_guest(guest, 100)
    answer = begin(guest, 100)
    assert refused(answer) == (429, "anonymous_limit")
    assert int(answer.headers["Retry-After"]) > 0
    assert ResumableUpload.objects.count() == 3
    assert refused(guest.transcribe()) == (429, "anonymous_limit")


def test_a_file_over_a_guests_limit_is_refused_before_the_first_byte(guest: Client) -> None:
    most = Plan.objects.get(pk="anonymous").max_file_bytes
    assert refused(begin(guest, most + 1)) == (413, "file_too_large")
    assert refused(begin(guest, 100, template="1"))[0] == 400  # needs an account
    assert (uses(), ResumableUpload.objects.count()) == (0, 0)


def test_no_one_else_goes_on_with_a_guests_upload_or_reads_it(
    guest: Client, client: Client
) -> None:
    path, holder = begin_as_guest(guest, 1000)
    _, another_guest = begin_as_guest(guest, 1000)
    made_up = Client(guest.url, make_guest_token()[0])
    for other in (client, another_guest, made_up):
        assert refused(other.get(path)) == (404, "not_found")
        assert refused(send(other, path, 0, b"x")) == (404, "not_found")
        assert refused(other.call("DELETE", path)) == (404, "not_found")
    assert refused(guest.get(path)) == (401, "missing_key")
    assert refused(send(guest, path, 0, b"x")) == (401, "missing_key")
    assert refused(guest.call("DELETE", path)) == (401, "missing_key")
    # Of guests nothing is listed, and a token begins nothing.
    assert refused(guest.get("/v1/uploads")) == (401, "missing_key")
    assert holder.get("/v1/uploads").status_code == 401
    assert begin(holder, 100).status_code == 401


def test_a_key_that_may_not_transcribe_is_no_guest(client: Client) -> None:
    narrow = issue_api_key(client.user, name="narrow", scopes=["read"])[1]
    assert refused(begin(Client(client.url, narrow), 100)) == (403, "missing_scope")


def test_a_try_of_which_nothing_came_is_given_back_once(guest: Client) -> None:
    refused_path, its_holder = begin_as_guest(guest, 5_000_000)
    ended, holder = begin_as_guest(guest, 100)
    begin_as_guest(guest, 100)
    assert uses() == 3

    assert refused(send(its_holder, refused_path, 0, b"%PDF-1.7\n" + b"x" * 2_000_000))[0] == 400
    assert uses() == 2
    assert its_holder.call("DELETE", refused_path).status_code == 204
    assert uses() == 2
    assert holder.call("DELETE", ended).status_code == 204
    assert uses() == 1
    ResumableUpload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    purge_uploads()
    assert (uses(), ResumableUpload.objects.count()) == (0, 0)


def test_a_recording_that_can_not_be_read_costs_no_try(guest: Client) -> None:
    broken = b"RIFF" + bytes(3000)
    path, holder = begin_as_guest(guest, len(broken))
    assert send(holder, path, 0, broken).status_code == 400
    assert uses() == 0
    assert send(holder, path, len(broken), b"").status_code == 400
    assert uses() == 0


def test_a_guests_upload_waits_for_an_hour_and_an_empty_one_for_minutes(guest: Client) -> None:
    path, holder = begin_as_guest(guest, 1000)
    upload = ResumableUpload.objects.get()
    assert upload.expires_at - upload.created_at == timedelta(minutes=10)

    send(holder, path, 0, wav()[:100])
    upload.refresh_from_db()
    assert upload.expires_at - upload.received_at == timedelta(hours=1)
    # However slowly it comes: it has an end.
    began = timezone.now() - timedelta(hours=23, minutes=30)
    ResumableUpload.objects.update(created_at=began)
    send(holder, path, 100, wav()[100:200])
    upload.refresh_from_db()
    assert upload.expires_at == began + timedelta(days=1)

    for each in (folder_of(path), folder_of(path) / "recording"):
        os.utime(each, (1, 1))
    purge_orphans()
    assert folder_of(path).exists()


def test_a_try_counts_on_the_day_of_its_transcript(guest: Client) -> None:
    recording = wav()
    path, holder = begin_as_guest(guest, len(recording))
    now = timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    yesterday = midnight - timedelta(seconds=1)
    ResumableUpload.objects.update(created_at=yesterday)
    AnonymousUse.objects.update(day=yesterday.date())

    assert send(holder, path, 0, recording).headers["X-Transcript-Id"]

    assert dict(AnonymousUse.objects.values_list("day", "count")) == {
        yesterday.date(): 0,
        now.date(): 1,
    }


def test_one_that_waits_at_the_end_is_submitted_by_the_sweeper(guest: Client) -> None:
    Plan.objects.filter(pk="anonymous").update(concurrency=1)
    recordings = [wav(), wav(sample=b"\x20\x00")]
    begun = [begin_as_guest(guest, len(each)) for each in recordings]
    answers = [
        send(holder, path, 0, each) for (path, holder), each in zip(begun, recordings, strict=True)
    ]
    assert answers[0].headers["X-Transcript-Id"]
    assert refused(answers[1]) == (429, "concurrency_limit")
    assert uses() == 2

    Transcript.objects.update(status=Status.COMPLETED)
    for transcript in Transcript.objects.all():
        transcript.jobs.update(status=Status.COMPLETED)
    ResumableUpload.objects.update(received_at=timezone.now() - timedelta(minutes=2))
    sweep_uploads()

    path, holder = begun[1]
    found = holder.call("HEAD", path).headers["X-Transcript-Id"]
    assert holder.get(f"/api/v1/transcripts/{found}/").ok
    assert uses() == 2


def test_what_guests_announce_takes_no_room_from_accounts(
    guest: Client, client: Client, settings: Settings
) -> None:
    begin_as_guest(guest, 1000)
    ResumableUpload.objects.update(length_bytes=10**15)
    assert begin(client, 1000).status_code == 201
    assert refused(begin(guest, 1000)) == (503, "storage_full")


def test_parts_of_guests_count_as_requests(guest: Client) -> None:
    Plan.objects.filter(pk="anonymous").update(requests_per_minute=2)
    made_up = Client(guest.url, make_guest_token()[0])
    path = "/v1/uploads/00000000-0000-4000-8000-000000000000"
    codes = [send(made_up, path, 0, b"x").status_code for _ in range(3)]
    assert codes == [404, 404, 429]


@pytest.mark.parametrize("length", ["-1", ""])
def test_a_length_that_is_none_costs_no_try(guest: Client, length: str) -> None:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": length}
    assert refused(guest.call("POST", "/v1/uploads", headers=headers)) == (400, "invalid_upload")
    assert uses() == 0
