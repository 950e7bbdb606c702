"""Resumable uploads whose parts come to one machine or another: they share only the bucket."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from stt_web.core import media_store
from stt_web.core.outages import StorageUnavailableError
from tests.s3_server import S3Server
from tests.transcripts.served_api import Client, wav
from tests.transcripts.uploads.test_tus import begin, offset_of, path_of, refused, send
from transcripts.models import Transcript
from transcripts.uploads.models import ResumableUpload
from transcripts.uploads.parts import fill, note_held, put_part
from transcripts.uploads.submit import sweep_uploads
from transcripts.user_data import export_uploads, remove_transcripts

pytestmark = pytest.mark.database


@pytest.fixture
def bucket(settings: Settings, tmp_path: Path) -> Iterator[S3Server]:
    settings.MEDIA_ROOT = tmp_path / "one"
    settings.MEDIA_ROOT.mkdir()
    with S3Server() as server:
        settings.STORAGES = {**settings.STORAGES, "media": server.as_storage()}
        yield server


def go_to(settings: Settings, name: str) -> None:
    settings.MEDIA_ROOT = Path(settings.MEDIA_ROOT).with_name(name)


def test_each_part_may_come_to_another_machine(
    client: Client, bucket: S3Server, settings: Settings
) -> None:
    recording = wav(seconds=8)
    path = path_of(begin(client, len(recording), filename="talk.wav"))
    at = 0
    for number, machine in enumerate(["two", "one", "three", "two", "one"], 1):
        go_to(settings, machine)
        assert offset_of(client, path) == at
        end = len(recording) * number // 5
        answer = send(client, path, at, recording[at:end])
        assert answer.status_code == 204, answer.text
        at = end
    transcript = Transcript.objects.get(pk=answer.headers["X-Transcript-Id"])
    assert transcript.recording.sha256 == hashlib.sha256(recording).hexdigest()
    assert bucket.list_keys() == [transcript.recording.path]
    assert bucket.read(transcript.recording.path) == recording


def test_what_a_machine_had_received_and_not_committed_does_not_count(
    client: Client, bucket: S3Server, settings: Settings
) -> None:
    recording = wav(seconds=8)
    path = path_of(begin(client, len(recording), filename="talk.wav"))
    send(client, path, 0, recording[:50_000])
    upload = ResumableUpload.objects.get()
    with upload.path.open("ab") as file:  # and then it was killed
        file.write(b"\xff" * 30_000)
    put_part(upload.path, epoch=upload.epoch, start=50_000, end=70_000)
    go_to(settings, "two")
    assert send(client, path, 50_000, recording[50_000:100_000]).status_code == 204
    go_to(settings, "one")
    assert send(client, path, 100_000, recording[100_000:]).status_code == 204
    transcript = Transcript.objects.get()
    assert bucket.read(transcript.recording.path) == recording


def test_while_the_bucket_is_away_nothing_more_is_acknowledged(
    client: Client, bucket: S3Server, settings: Settings
) -> None:
    recording = wav(seconds=8)
    path = path_of(begin(client, len(recording), filename="talk.wav"))
    assert send(client, path, 0, recording[:50_000]).status_code == 204
    for fault in ("away", "drop_put"):
        with bucket.failing(fault):
            answer = send(client, path, 50_000, recording[50_000:])
        assert refused(answer) == (503, "storage_unavailable")
        assert offset_of(client, path) == 50_000
    go_to(settings, "two")
    with bucket.failing("corrupt"):
        answer = send(client, path, 50_000, recording[50_000:])
    assert refused(answer) == (503, "storage_unavailable")
    assert send(client, path, 50_000, recording[50_000:]).status_code == 204
    assert bucket.read(Transcript.objects.get().recording.path) == recording


def test_an_upload_whose_stored_parts_are_lost_is_ended_as_that(
    client: Client, bucket: S3Server, settings: Settings
) -> None:
    recording = wav(seconds=8)
    path = path_of(begin(client, len(recording), filename="talk.wav"))
    assert send(client, path, 0, recording[:50_000]).status_code == 204
    go_to(settings, "two")
    media_store.open_bucket().delete_below(f"{ResumableUpload.objects.get().pk.hex}/parts")
    answer = send(client, path, 50_000, recording[50_000:])
    assert refused(answer) == (503, "storage_unavailable")  # its servers may yet agree
    ResumableUpload.objects.update(received_at=timezone.now() - timedelta(minutes=11))
    for _ in range(2):
        answer = send(client, path, 50_000, recording[50_000:])
        assert refused(answer) == (410, "upload_expired")
        assert "lost stored bytes" in answer.json()["error"]
    assert "lost stored bytes" in client.get(path).json()["error"]
    assert len(list(export_uploads(client.user))) == 2  # the account's archive is none the less


def test_the_sweeper_of_another_machine_submits_it(
    client: Client, bucket: S3Server, settings: Settings
) -> None:
    recording = wav()
    path = path_of(begin(client, len(recording), filename="talk.wav"))
    send(client, path, 0, recording[:60_000])
    upload = ResumableUpload.objects.get()
    with upload.path.open("r+b") as file:
        file.seek(60_000)
        file.write(recording[60_000:])
    put_part(upload.path, epoch=upload.epoch, start=60_000, end=len(recording))
    ResumableUpload.objects.update(offset_bytes=len(recording), received_at="2026-01-01T00:00Z")
    go_to(settings, "two")
    sweep_uploads()
    assert bucket.read(Transcript.objects.get().recording.path) == recording


def test_what_arrived_is_handed_over_and_deleted(
    client: Client, bucket: S3Server, settings: Settings
) -> None:
    path = path_of(begin(client, 100_000, filename="talk.wav"))
    send(client, path, 0, wav()[:50_000])
    go_to(settings, "two")
    files = {file.name: file.path for file in export_uploads(client.user)}
    (part,) = (each for each in files.values() if each is not None)
    assert part.read_bytes() == wav()[:50_000]
    remove_transcripts(client.user)
    assert bucket.list_keys() == []


def test_of_parts_from_one_offset_those_of_the_newest_epoch_count(
    bucket: S3Server, settings: Settings
) -> None:
    path = settings.MEDIA_ROOT / ("a" * 32) / "recording"
    path.parent.mkdir()
    content = os.urandom(300)

    def put(epoch: int, start: int, end: int, data: bytes) -> None:
        path.write_bytes(bytes(start) + data[: end - start])
        put_part(path, epoch=epoch, start=start, end=end)

    put(1, 0, 100, content)
    put(1, 100, 200, b"\xff" * 100)  # never committed
    put(2, 100, 150, content[100:])
    put(3, 150, 300, content[150:])
    shutil.rmtree(path.parent)
    path.parent.mkdir()
    path.touch()
    with path.open("r+b") as file:
        fill(path, file, until=300)
    assert path.read_bytes() == content
    note_held(path, held=0)
    with path.open("r+b") as file, pytest.raises(StorageUnavailableError):
        fill(path, file, until=310)
