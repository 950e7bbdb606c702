"""What lies in the bucket without a row is removed there, and what a machine has of it, too."""

import os
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from stt_web.core import media_store
from stt_web.core.media_store.bucket import StoredObject
from stt_web.core.outages import StorageUnavailableError
from tests.s3_server import S3Server
from tests.transcripts.conftest import MakeTranscript
from transcripts.jobs.cancel import delete_transcript
from transcripts.live.journal import Journal
from transcripts.models import Recording, Transcript
from transcripts.retention.local_copies import STALE_AGE_S, sweep_copies
from transcripts.retention.purge import MOST_ORPHANS, purge_stored_orphans
from transcripts.services.recordings import recording_path

EPOCH = "epoch-00001-000000000000.wav"
ORPHAN, MADE = "0" * 32, "1" * 32


@pytest.fixture
def bucket(settings: Settings) -> Iterator[S3Server]:
    with S3Server() as server:
        settings.STORAGES = {**settings.STORAGES, "media": server.as_storage()}
        yield server


def store(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(1000))
    media_store.put(path)
    return path


def grow_old(path: Path, *, age_s: float) -> None:
    at = time.time() - age_s
    for each in (path, path.parent):
        os.utime(each, (at, at))


def test_objects_without_a_row_are_removed_once_they_are_old(
    make_transcript: MakeTranscript, bucket: S3Server, settings: Settings
) -> None:
    known = make_transcript().recording.path
    media_store.put(settings.MEDIA_ROOT / known)
    for key in (f"{ORPHAN}/recording", f"{MADE}/exports/1.pdf", "another/file"):
        store(settings.MEDIA_ROOT / key)
    for key in bucket.list_keys():
        bucket.age(key, hours=2)
    store(settings.MEDIA_ROOT / ("2" * 32) / "recording")
    purge_stored_orphans()
    assert bucket.list_keys() == sorted(
        [f"{MADE}/exports/1.pdf", f"{'2' * 32}/recording", known, "another/file"]
    )
    bucket.age(f"{MADE}/exports/1.pdf", hours=5)
    purge_stored_orphans()
    assert f"{MADE}/exports/1.pdf" not in bucket.list_keys()


def test_a_bucket_whose_rows_are_in_another_database_is_left_alone(
    transactional_db: None, bucket: S3Server, caplog: pytest.LogCaptureFixture
) -> None:
    stored = media_store.open_bucket()
    for number in range(MOST_ORPHANS + 1):
        stored.put_bytes(f"{number:032x}/recording", b"1")
        bucket.age(f"{number:032x}/recording", hours=2)
    purge_stored_orphans()
    assert len(bucket.list_keys()) == MOST_ORPHANS + 1
    assert f"event=orphans_not_removed orphans={MOST_ORPHANS + 1}" in caplog.text


def test_what_was_made_of_transcripts_does_not_stop_the_sweep(
    make_transcript: MakeTranscript, bucket: S3Server
) -> None:
    stored = media_store.open_bucket()
    deleted, transcript = make_transcript(), make_transcript()
    paths = [recording_path(each) for each in (deleted, transcript)]
    for path in paths:
        media_store.put(path)
    ids = [f"{number:032x}" for number in range(MOST_ORPHANS + 1)] + [transcript.pk.hex]
    for name in ids:
        stored.put_bytes(f"{name}/exports/1.pdf", b"1")
    with bucket.failing("away"):
        delete_transcript(deleted)
    for key in bucket.list_keys():
        bucket.age(key, hours=7)
    purge_stored_orphans()
    assert bucket.list_keys() == [media_store.key_of(paths[1])]


def test_a_foreign_bucket_is_left_alone_but_for_what_our_transcripts_made(
    make_transcript: MakeTranscript, bucket: S3Server
) -> None:
    ours, foreign = f"{make_transcript().pk.hex}/exports/1.pdf", f"{ORPHAN}/exports/1.pdf"
    recordings = [f"{number:032x}/recording" for number in range(1, MOST_ORPHANS + 2)]
    for key in (*recordings, ours, foreign):
        media_store.open_bucket().put_bytes(key, b"1")
        bucket.age(key, hours=7)
    purge_stored_orphans()
    assert bucket.list_keys() == sorted([*recordings, foreign])


def test_an_operator_has_it_go_on(transactional_db: None, bucket: S3Server) -> None:
    keys = [f"{number:032x}/recording" for number in range(MOST_ORPHANS + 1)]
    for key in keys:
        media_store.open_bucket().put_bytes(key, b"1")
        bucket.age(key, hours=2)
    out = StringIO()
    call_command("purge_bucket", stdout=out)
    assert f"{MOST_ORPHANS + 1} folders" in out.getvalue()
    assert "--remove" in out.getvalue()
    assert bucket.list_keys() == keys
    with bucket.failing("away"), pytest.raises(CommandError, match="not reached"):
        call_command("purge_bucket", "--remove", stdout=out)
    call_command("purge_bucket", "--remove", stdout=out)
    assert bucket.list_keys() == []


def test_an_operator_has_only_that_removed_which_no_row_knows(
    make_transcript: MakeTranscript, bucket: S3Server
) -> None:
    transcript = make_transcript()
    known, made = transcript.recording.path, f"{transcript.pk.hex}/exports/1.pdf"
    for key in (known, made, f"{ORPHAN}/recording", "another/file"):
        media_store.open_bucket().put_bytes(key, b"1")
        bucket.age(key, hours=7)
    media_store.open_bucket().put_bytes(young := f"{'2' * 32}/recording", b"1")
    out = StringIO()
    call_command("purge_bucket", stdout=out)
    with bucket.failing("refuse_delete"), pytest.raises(CommandError, match="2 of them could not"):
        call_command("purge_bucket", "--remove", stdout=out)
    call_command("purge_bucket", "--remove", stdout=out)
    assert "2 folders that no row knows" in out.getvalue()
    assert "--remove" not in out.getvalue()  # the sweep would have removed them
    assert bucket.list_keys() == sorted([young, known, "another/file"])


def test_without_a_bucket_there_is_nothing_to_purge() -> None:
    with pytest.raises(CommandError, match="There is no bucket"):
        call_command("purge_bucket")


def test_what_was_deleted_while_the_bucket_was_away_is_removed_later(
    make_transcript: MakeTranscript, bucket: S3Server
) -> None:
    transcript = make_transcript()
    media_store.put(recording_path(transcript))
    with bucket.failing("away"):
        delete_transcript(transcript)
        with pytest.raises(StorageUnavailableError):
            purge_stored_orphans()
    assert not Transcript.objects.exists()
    (key,) = bucket.list_keys()
    bucket.age(key, hours=1.1)
    purge_stored_orphans()
    assert bucket.list_keys() == []


def test_copies_of_what_was_deleted_elsewhere_are_removed(
    make_transcript: MakeTranscript, bucket: S3Server
) -> None:
    here, deleted = recording_path(make_transcript()), recording_path(make_transcript())
    Recording.objects.filter(path=media_store.key_of(deleted)).delete()
    for age_s, is_there in ((STALE_AGE_S - 60, True), (STALE_AGE_S + 60, False)):
        for path in (here, deleted):
            grow_old(path, age_s=age_s)
        sweep_copies()
        assert here.exists()
        assert deleted.exists() == is_there


def test_the_copy_that_was_not_used_for_longest_is_removed_first_and_only_copies(
    make_transcript: MakeTranscript, bucket: S3Server, settings: Settings
) -> None:
    paths = [recording_path(make_transcript(seconds=1)) for _ in range(4)]
    only_here, oldest, used, newest = paths
    for path, age_s in ((only_here, 4000), (oldest, 3000), (used, 2000), (newest, 1000)):
        if path is not only_here:
            media_store.put(path)
        grow_old(path, age_s=age_s)
    media_store.fetch(used)
    settings.MEDIA_CACHE_BYTES = 2 * oldest.stat().st_size
    sweep_copies()
    assert [path.exists() for path in paths] == [True, False, True, False]
    assert media_store.fetch(oldest).exists()


def test_a_copy_that_a_job_was_given_while_the_bucket_was_asked_stays(
    make_transcript: MakeTranscript,
    bucket: S3Server,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = recording_path(make_transcript())
    media_store.put(path)
    grow_old(path, age_s=1000)
    settings.MEDIA_CACHE_BYTES = 0
    stored = media_store.open_bucket()
    find = stored.find

    def find_and_give(key: str) -> StoredObject | None:
        found = find(key)
        if key == media_store.key_of(path):
            assert media_store.fetch(path).exists()
        return found

    monkeypatch.setattr(stored, "find", find_and_give)
    sweep_copies()
    assert path.exists()
    monkeypatch.undo()
    grow_old(path, age_s=1000)
    sweep_copies()
    assert not path.exists()


def test_no_copy_is_removed_while_the_bucket_is_away(
    make_transcript: MakeTranscript, bucket: S3Server, settings: Settings
) -> None:
    path = recording_path(make_transcript())
    media_store.put(path)
    grow_old(path, age_s=1000)
    settings.MEDIA_CACHE_BYTES = 0
    with bucket.failing("away"), pytest.raises(StorageUnavailableError):
        sweep_copies()
    assert path.exists()
    with bucket.failing("lose"):
        sweep_copies()
    assert path.exists()
    sweep_copies()
    assert not path.exists()


def test_a_journal_that_can_not_be_stored_does_not_hold_up_others(
    make_transcript: MakeTranscript,
    bucket: S3Server,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folders = [leave_journal(recording_path(make_transcript())) for _ in range(4)]
    epoch = folders[1] / EPOCH
    epoch.unlink()
    epoch.mkdir()
    for folder in folders:
        grow_old(folder / EPOCH, age_s=60)
    copy = recording_path(make_transcript())
    media_store.put(copy)
    grow_old(copy, age_s=1000)
    settings.MEDIA_CACHE_BYTES = 0
    with bucket.failing("away"), pytest.raises(StorageUnavailableError):
        sweep_copies()
    sweep_copies()
    stored = [key.split("/")[0] for key in bucket.list_keys() if key.endswith("-000000016000")]
    assert stored == sorted(folder.name for folder in folders if folder != folders[1])
    assert f"event=journal_left folder={folders[1].name} error=IsADirectoryError" in caplog.text
    assert not copy.exists()


def leave_journal(recording: Path) -> Path:
    """Have a live session's journal in a folder, of which the bucket has only that it began."""
    recording.unlink()
    journal = Journal(recording.parent, attempt=1, start_samples=0)
    journal.append(bytes(32_000))
    journal.close()
    return recording.parent


def test_a_file_of_the_same_size_with_other_content_is_no_copy(
    make_transcript: MakeTranscript, bucket: S3Server, settings: Settings
) -> None:
    path = recording_path(make_transcript())
    media_store.put(path)
    content = path.read_bytes()
    path.write_bytes(content[:-2] + b"\x01\x02")
    grow_old(path, age_s=1000)
    settings.MEDIA_CACHE_BYTES = 0
    sweep_copies()
    assert path.exists()
    path.write_bytes(content)
    grow_old(path, age_s=1000)
    sweep_copies()
    assert not path.exists()
