"""Recordings that lie in a bucket: taken, played, handed over and deleted as those on a disk are;
and what is answered while the bucket is away."""

import io
import shutil
import threading
import time
import zipfile
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from pytest_django import Settings

from accounts.services.export import export_account
from billing.models import LedgerEntry
from stt_web.core.outages import StorageUnavailableError
from tests.e2e.processes import wait_until
from tests.s3_server import S3Server
from tests.transcripts.conftest import MakeTranscript
from tests.transcripts.served_api import Client, Worker, wav
from transcripts.jobs.models import TranscriptionJob
from transcripts.models import Status, Transcript
from transcripts.pipeline import run_job

pytestmark = pytest.mark.database


@pytest.fixture
def bucket(settings: Settings) -> Iterator[S3Server]:
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
    with S3Server() as server:
        settings.STORAGES = {**settings.STORAGES, "media": server.as_storage()}
        yield server


def drop_copies(settings: Settings) -> None:
    """As another machine is, or this one later."""
    shutil.rmtree(settings.MEDIA_ROOT)


def stored(client: Client, bucket: S3Server) -> str:
    """Return the id of a transcript whose recording is in the bucket."""
    answer = client.transcribe(wav())
    assert answer.status_code == 200, answer.text
    return str(answer.headers["X-Transcript-Id"])


def test_a_recording_is_played_out_of_the_bucket(
    client: Client, worker: Worker, bucket: S3Server, settings: Settings
) -> None:
    path = f"/api/v1/transcripts/{stored(client, bucket)}/audio/"
    drop_copies(settings)
    whole = client.get(path)
    assert (whole.status_code, whole.content) == (200, wav())
    part = client.get(path, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, wav()[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(wav())}"
    assert client.call("HEAD", path).headers["Content-Length"] == str(len(wav()))
    again = client.get(path, headers={"If-None-Match": whole.headers["ETag"]})
    assert again.status_code == 304
    assert client.get(path, headers={"Range": "bytes=9999999-"}).status_code == 416


def test_a_player_is_sent_to_the_bucket_where_that_is_set(
    client: Client, worker: Worker, bucket: S3Server, settings: Settings
) -> None:
    settings.S3_SERVE = "redirect"
    path = f"/api/v1/transcripts/{stored(client, bucket)}/audio/"
    answer = client.get(path, allow_redirects=False)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "no-store")
    address = answer.headers["Location"]
    assert urlsplit(address).port == bucket.port
    part = requests.get(address, headers={"Range": "bytes=100-199"}, timeout=10)
    assert (part.status_code, part.content) == (206, wav()[100:200])
    assert part.headers["Content-Type"].startswith("audio/")
    assert "talk.wav" in part.headers["Content-Disposition"]
    assert client.call("HEAD", path, allow_redirects=False).status_code == 200


def test_a_stranger_gets_no_address(
    client: Client, guest: Client, worker: Worker, bucket: S3Server, settings: Settings
) -> None:
    settings.S3_SERVE = "redirect"
    path = f"/api/v1/transcripts/{stored(client, bucket)}/audio/"
    assert guest.get(path, allow_redirects=False).status_code == 401


def test_a_deleted_transcript_leaves_nothing_in_the_bucket(
    client: Client, worker: Worker, bucket: S3Server
) -> None:
    transcript_id = stored(client, bucket)
    assert bucket.list_keys()
    assert client.call("DELETE", f"/api/v1/transcripts/{transcript_id}/").status_code == 204
    assert bucket.list_keys() == []


def test_an_upload_that_is_refused_leaves_nothing_in_the_bucket(
    client: Client, worker: Worker, bucket: S3Server
) -> None:
    assert client.transcribe(b"no recording" * 100).status_code >= 400
    assert bucket.list_keys() == []
    stored(client, bucket)
    before = recordings_in(bucket)
    assert client.transcribe(wav()).status_code == 200  # joins the first
    wait_until(lambda: recordings_in(bucket) == before, what="the second copy is removed")


def recordings_in(bucket: S3Server) -> list[str]:
    """Return their keys; a waveform may be asked for at any moment."""
    return [key for key in bucket.list_keys() if key.endswith("/recording")]


@pytest.mark.parametrize("fault", ["away", "error", "hang", "drop_put"])
def test_an_upload_while_the_bucket_is_away_is_refused_and_costs_nothing(
    client: Client, worker: Worker, bucket: S3Server, settings: Settings, fault: str
) -> None:
    entries = LedgerEntry.objects.count()
    with bucket.failing(fault):
        answer = client.transcribe(wav())
    assert answer.status_code == 503
    assert answer.json()["code"] == "storage_unavailable"
    assert int(answer.headers["Retry-After"]) > 0
    assert not Transcript.objects.exists()
    assert LedgerEntry.objects.count() == entries
    wait_until(
        lambda: not list(settings.MEDIA_ROOT.glob("*/recording")), what="the upload is removed"
    )
    assert client.transcribe(wav()).status_code == 200


@pytest.mark.parametrize("fault", ["away", "error", "hang"])
def test_a_player_while_the_bucket_is_away_gets_503_and_the_text_is_there(
    client: Client, worker: Worker, bucket: S3Server, settings: Settings, fault: str
) -> None:
    transcript_id = stored(client, bucket)
    drop_copies(settings)
    with bucket.failing(fault):
        answer = client.get(f"/api/v1/transcripts/{transcript_id}/audio/")
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
        assert client.get(f"/api/v1/transcripts/{transcript_id}/").status_code == 200
        assert client.get("/readyz").status_code == 200


def test_an_object_that_the_bucket_lost_is_no_recording(
    client: Client, worker: Worker, bucket: S3Server, settings: Settings
) -> None:
    transcript_id = stored(client, bucket)
    drop_copies(settings)
    with bucket.failing("lose"):
        answer = client.get(f"/api/v1/transcripts/{transcript_id}/audio/")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_recording")


def test_a_job_that_meets_an_outage_waits_and_it_is_no_try(
    make_transcript: MakeTranscript, settings: Settings, fake: object, bucket: S3Server
) -> None:
    transcript = make_transcript()
    drop_copies(settings)
    bucket.stop()
    threading.Timer(4, bucket.start).start()
    began = time.monotonic()
    run_job(transcript.job_id)
    assert time.monotonic() - began > 4  # the lease is held: the next worker would meet it, too
    job = TranscriptionJob.objects.get(pk=transcript.job_id)
    assert (job.status, job.stalled_tries) == (Status.QUEUED, 0)


def test_a_persons_archive_has_the_recordings_of_the_bucket(
    client: Client, worker: Worker, bucket: S3Server, settings: Settings
) -> None:
    stored(client, bucket)
    drop_copies(settings)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(export_account(client.user))))
    (name,) = (each for each in archive.namelist() if each.endswith("/talk.wav"))
    assert archive.read(name) == wav()
    with bucket.failing("away"), pytest.raises(StorageUnavailableError):
        list(export_account(client.user))


def test_an_enhanced_recording_is_made_from_the_bucket_and_served_from_it(
    client: Client, worker: Worker, bucket: S3Server, settings: Settings
) -> None:
    answer = client.enhance()
    assert answer.status_code == 200, answer.text
    enhancement_id = answer.headers["X-Enhancement-Id"]
    drop_copies(settings)
    served = client.get(f"/api/v1/enhancements/{enhancement_id}/audio/")
    assert served.content == answer.content
    assert len(bucket.list_keys()) == 1  # what was sent is deleted
    client.call("DELETE", f"/api/v1/enhancements/{enhancement_id}/")
    assert bucket.list_keys() == []
