"""Resumable uploads by tus 1.0, by HTTP: over a real socket, to a real disk."""

import base64
import hashlib
import os
import socket
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings as django_settings
from django.utils import timezone
from pytest_django import Settings

from accounts.tickets import issue_ticket
from billing.ledger import read_balance
from tests.e2e.processes import wait_until
from tests.transcripts.served_api import Client, Worker, make_client, wav
from transcripts.models import Status, Transcript
from transcripts.retention.purge import purge_orphans
from transcripts.uploads.models import ResumableUpload
from transcripts.uploads.submit import purge_uploads, sweep_uploads
from transcripts.user_data import remove_transcripts

PART = "application/offset+octet-stream"


def begin(client: Client, length: int | None, **metadata: str) -> requests.Response:
    pairs = [f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in metadata.items()]
    size = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
    headers = {"Tus-Resumable": "1.0.0", "Upload-Metadata": ",".join(pairs), **size}
    return client.call("POST", "/v1/uploads", headers=headers)


def send(client: Client, path: str, offset: int, data: bytes, **headers: str) -> requests.Response:
    sent = {"Tus-Resumable": "1.0.0", "Content-Type": PART, "Upload-Offset": str(offset)}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return client.call("PATCH", path, data=data, headers=sent)


def offset_of(client: Client, path: str) -> int:
    answer = client.call("HEAD", path, headers={"Tus-Resumable": "1.0.0"})
    assert answer.status_code == 200
    return int(answer.headers["Upload-Offset"])


def path_of(answer: requests.Response) -> str:
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


def folder_of(path: str) -> Path:
    return Path(django_settings.MEDIA_ROOT) / uuid.UUID(path.rpartition("/")[2]).hex


def refused(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_recording_in_parts_becomes_a_transcript(client: Client, worker: Worker) -> None:
    recording = wav()
    created = begin(client, len(recording), filename="My talk.wav", diarize="false", language="en")
    path = path_of(created)
    half = len(recording) // 2

    first = send(client, path, 0, recording[:half])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, str(half))
    assert "X-Transcript-Id" not in first.headers
    assert first.headers["Tus-Resumable"] == "1.0.0"
    assert first.headers["Upload-Expires"]
    assert offset_of(client, path) == half
    last = send(client, path, half, recording[half:])

    transcript = Transcript.objects.get(pk=last.headers["X-Transcript-Id"])
    wait_until(
        lambda: Transcript.objects.get(pk=transcript.pk).status == Status.COMPLETED, what="text"
    )
    assert (transcript.title, transcript.owner) == ("My talk", client.user)
    assert transcript.recording.sha256 == hashlib.sha256(recording).hexdigest()
    assert transcript.job.language_requested == "en"
    # Who lost the answer asks again; nothing is charged twice.
    assert client.call("HEAD", path).headers["X-Transcript-Id"] == str(transcript.pk)
    again = send(client, path, len(recording), b"")
    assert (again.status_code, Transcript.objects.count()) == (204, 1)
    assert client.get(path).json()["status"] == "submitted"
    assert client.account is not None
    assert read_balance(client.account).minutes_left == 59


def test_what_arrived_before_the_line_was_cut_counts(client: Client) -> None:
    recording = wav(seconds=60)
    path = path_of(begin(client, len(recording), filename="long.wav"))
    cut = 1_300_000
    head = (
        f"PATCH {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {client.key}\r\n"
        f"Tus-Resumable: 1.0.0\r\nContent-Type: {PART}\r\nUpload-Offset: 0\r\n"
        f"Content-Length: {len(recording)}\r\n\r\n"
    )
    host, port = client.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as line:
        line.sendall(head.encode() + recording[:cut])
        # The server has not noticed yet that this line is dead, when the client comes back.
        wait_until(lambda: offset_of(client, path) >= cut, what="bytes")
        rest = send(client, path, cut, recording[cut:])
    assert rest.status_code == 204
    transcript = Transcript.objects.get(pk=rest.headers["X-Transcript-Id"])
    assert transcript.recording.sha256 == hashlib.sha256(recording).hexdigest()


def test_what_a_killed_process_had_not_acknowledged_is_sent_again(client: Client) -> None:
    recording = wav()
    path = path_of(begin(client, len(recording)))
    send(client, path, 0, recording[:1000])
    with (folder_of(path) / "recording").open("ab") as file:
        file.write(b"written, never committed")

    rest = send(client, path, 1000, recording[1000:])

    transcript = Transcript.objects.get(pk=rest.headers["X-Transcript-Id"])
    assert transcript.recording.sha256 == hashlib.sha256(recording).hexdigest()


@pytest.mark.parametrize("is_complete", [False, True])
def test_an_upload_of_which_the_disk_lost_bytes_is_refused(
    client: Client, is_complete: bool
) -> None:
    recording = wav()
    path = path_of(begin(client, len(recording)))
    send(client, path, 0, recording[:1000])
    os.truncate(folder_of(path) / "recording", 400)
    if is_complete:  # the process that had it all died before it made the transcript
        ResumableUpload.objects.update(offset_bytes=len(recording))
    at = ResumableUpload.objects.get().offset_bytes

    refusal = send(client, path, at, recording[at:])

    assert refused(refusal) == (410, "upload_expired")
    assert "lost stored bytes" in refusal.json()["error"]
    assert client.call("HEAD", path, headers={"Tus-Resumable": "1.0.0"}).status_code == 410
    assert not Transcript.objects.exists()


def test_a_part_that_begins_elsewhere_is_refused_and_nothing_is_lost(client: Client) -> None:
    path = path_of(begin(client, 10_000))
    send(client, path, 0, wav()[:500])

    answer = send(client, path, 400, b"x" * 100)

    assert refused(answer) == (409, "wrong_offset")
    assert answer.headers["Upload-Offset"] == "500"
    assert refused(send(client, path, 500, b"x" * 20_000)) == (400, "invalid_upload")
    assert offset_of(client, path) == 500


def test_a_part_with_another_checksum_counts_for_nothing(client: Client) -> None:
    recording = wav()
    path = path_of(begin(client, len(recording)))
    good = base64.b64encode(hashlib.sha256(recording[:800]).digest()).decode()

    bad = send(client, path, 0, b"RIFF" + b"x" * 796, Upload_Checksum=f"sha256 {good}")
    assert bad.status_code == 460
    assert offset_of(client, path) == 0
    assert send(client, path, 0, recording[:800], Upload_Checksum=f"sha256 {good}").ok
    assert offset_of(client, path) == 800
    unknown = send(client, path, 800, b"", Upload_Checksum="md5 abcd")
    assert refused(unknown) == (400, "invalid_upload")


def test_a_length_may_come_with_the_last_part(client: Client) -> None:
    recording = wav()
    path = path_of(begin(client, None, filename="recorded.wav"))
    assert client.call("HEAD", path).headers["Upload-Defer-Length"] == "1"
    for start in range(0, len(recording), 40_000):
        part = recording[start : start + 40_000]
        assert send(client, path, start, part).status_code == 204

    end = send(client, path, len(recording), b"", Upload_Length=str(len(recording)))

    assert Transcript.objects.get(pk=end.headers["X-Transcript-Id"]).title == "recorded"


def test_a_recording_whose_page_was_closed_is_ended_by_the_sweeper(client: Client) -> None:
    recording = wav()
    path = path_of(begin(client, None, filename="recorded.wav"))
    send(client, path, 0, recording)
    sweep_uploads()
    assert not Transcript.objects.exists()  # it may go on

    ResumableUpload.objects.update(received_at=timezone.now() - timedelta(minutes=20))
    sweep_uploads()

    assert Transcript.objects.get().title == "recorded"
    assert client.get(path).json()["status"] == "submitted"


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({"Upload-Length": "5"}, (412, "tus_version")),
        ({"Tus-Resumable": "0.2.2", "Upload-Length": "5"}, (412, "tus_version")),
        ({"Tus-Resumable": "1.0.0"}, (400, "invalid_upload")),
        ({"Tus-Resumable": "1.0.0", "Upload-Length": "-5"}, (400, "invalid_upload")),
        (
            {"Tus-Resumable": "1.0.0", "Upload-Length": "5", "Upload-Metadata": "a &&"},
            (400, "invalid_upload"),
        ),
        (
            {"Tus-Resumable": "1.0.0", "Upload-Length": "5", "Upload-Metadata": "language WFg="},
            (400, "unknown_language"),
        ),
        ({"Tus-Resumable": "1.0.0", "Upload-Length": "99000000"}, (413, "file_too_large")),
    ],
)
def test_what_can_be_refused_is_refused_before_the_first_byte(
    client: Client, headers: dict[str, str], refusal: tuple[int, str]
) -> None:
    assert refused(client.call("POST", "/v1/uploads", headers=headers)) == refusal
    assert not ResumableUpload.objects.exists()


def test_an_account_without_minutes_is_refused_before_the_first_byte(guest: Client) -> None:
    assert refused(begin(make_client(guest.url, minutes=0), 100)) == (402, "no_credits")


def test_unfinished_uploads_have_an_end(client: Client, settings: Settings) -> None:
    settings.MAX_OPEN_UPLOADS = 2
    first = path_of(begin(client, 100))
    begin(client, 100)
    assert refused(begin(client, 100)) == (429, "too_many_uploads")
    assert len(client.get("/v1/uploads").json()) == 2

    assert client.call("DELETE", first).status_code == 204

    assert not folder_of(first).exists()
    assert refused(client.get(first)) == (404, "not_found")
    assert begin(client, 100).status_code == 201


def test_more_than_the_disk_has_is_refused(client: Client, guest: Client) -> None:
    rich = make_client(guest.url, max_file_bytes=0)
    assert refused(begin(rich, 10**14)) == (503, "storage_full")


def test_what_is_no_recording_is_refused_by_its_first_bytes(client: Client) -> None:
    path = path_of(begin(client, 5_000_000, filename="letter.pdf"))

    answer = send(client, path, 0, b"%PDF-1.7\n" + b"x" * 2_000_000)

    assert refused(answer) == (400, "not_audio")
    assert "PDF" in answer.json()["error"]
    assert not folder_of(path).exists()
    stored = client.get(path).json()
    assert (stored["status"], stored["error"]["code"]) == ("refused", "not_audio")


def test_a_recording_that_can_not_be_read_is_refused_at_its_end(client: Client) -> None:
    broken = b"RIFF" + bytes(3000)
    path = path_of(begin(client, len(broken)))

    answer = send(client, path, 0, broken)

    assert answer.status_code == 400
    assert client.get(path).json()["status"] == "refused"
    assert refused(send(client, path, len(broken), b""))[0] == 400


def test_a_recording_waits_where_it_can_not_begin_now(client: Client, settings: Settings) -> None:
    recording = wav()
    path = path_of(begin(client, len(recording)))
    settings.MAX_OPEN_TRANSCRIPTS = 0
    answer = send(client, path, 0, recording)
    assert refused(answer) == (429, "queue_full")
    waiting = client.get(path).json()
    assert (waiting["status"], waiting["error"]["code"]) == ("received", "queue_full")

    settings.MAX_OPEN_TRANSCRIPTS = 500

    assert send(client, path, len(recording), b"").headers["X-Transcript-Id"]
    assert client.get(path).json()["error"] is None


def test_no_one_else_reaches_an_upload(client: Client, guest: Client) -> None:
    path = path_of(begin(client, 100))
    other = make_client(guest.url)
    assert refused(other.get(path)) == (404, "not_found")
    assert refused(send(other, path, 0, b"x")) == (404, "not_found")
    assert refused(other.call("DELETE", path)) == (404, "not_found")
    stranger = Client(guest.url)
    assert refused(send(stranger, path, 0, b"x")) == (401, "missing_key")
    assert begin(Client(guest.url, issue_ticket(client.user)), 100).status_code == 201


def test_uploads_expire_and_live_ones_are_no_orphans(client: Client) -> None:
    path = path_of(begin(client, 1000))
    send(client, path, 0, wav()[:100])
    for each in (folder_of(path), folder_of(path) / "recording"):
        os.utime(each, (1, 1))
    purge_orphans()
    assert folder_of(path).exists()

    ResumableUpload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refused(client.get(path)) == (410, "upload_expired")
    assert refused(send(client, path, 100, b"x")) == (410, "upload_expired")
    purge_uploads()

    assert not folder_of(path).exists()
    assert not ResumableUpload.objects.exists()


def test_an_account_that_is_closed_leaves_no_part(client: Client) -> None:
    path = path_of(begin(client, 1000))
    remove_transcripts(client.user)
    assert not folder_of(path).exists()


def test_clients_can_ask_what_is_spoken(client: Client) -> None:
    answer: Any = client.session.options(f"{client.url}/v1/uploads", timeout=10)
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert "creation-defer-length" in answer.headers["Tus-Extension"]
    preflight = client.session.options(
        f"{client.url}/v1/uploads",
        headers={"Access-Control-Request-Method": "PATCH", "Origin": "https://example.com"},
        timeout=10,
    )
    assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Upload-Offset" in preflight.headers["Access-Control-Allow-Headers"]
