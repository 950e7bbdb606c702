"""`manage.py move_media`: there and back, whatever interrupts it, and nothing is removed unread."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from stt_web.core import media_store
from tests.billing.conftest import create_account
from tests.e2e.processes import ROOT, wait_until
from tests.s3_server import S3Server
from tests.transcripts.rows import create_transcript
from transcripts.jobs.models import JobKind
from transcripts.models import Status
from transcripts.retention.local_copies import alone_in
from transcripts.uploads.models import ResumableUpload

FILES = (
    "a" * 32 + "/recording",
    "a" * 32 + "/peaks.json",
    "b" * 32 + "/exports/1.pdf",
    "c" * 32 + "/enhanced.wav",
)
IN_WORK = tuple(
    "b" * 32 + f"/{name}"
    for name in (
        "epoch-00001-000000000000.wav",
        "exports/2.pending",
        "exports/2.failed",
        "recording.17.partial",
        "parts/00001-000000000000000-000000000000100",
        "attempt-1.wav",
        "unsigned",
        ".held",
        ".recording.partial",
    )
)


@pytest.fixture
def bucket(settings: Settings, tmp_path: Path, transactional_db: None) -> Iterator[S3Server]:
    settings.MEDIA_ROOT = tmp_path / "media"
    with S3Server() as server:
        settings.STORAGES = {**settings.STORAGES, "media": server.as_storage()}
        yield server


def write(root: Path, names: tuple[str, ...], *, size: int = 2000) -> dict[str, bytes]:
    written = {name: os.urandom(size) for name in names}
    for name, content in written.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return written


def files_below(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.parent != root
    }


def move(to: str, *options: str) -> str:
    out = StringIO()
    call_command("move_media", "--to", to, *options, stdout=out, stderr=out)
    return out.getvalue()


def test_there_and_back(bucket: S3Server, settings: Settings) -> None:
    written = write(settings.MEDIA_ROOT, FILES)
    in_work = write(settings.MEDIA_ROOT, IN_WORK)
    assert "4 files" in move("s3", "--dry-run")
    assert bucket.list_keys() == []
    move("s3")
    assert {key: bucket.read(key) for key in bucket.list_keys()} == written
    assert files_below(settings.MEDIA_ROOT) == in_work
    folders = [path.name for path in Path(settings.MEDIA_ROOT).iterdir() if path.is_dir()]
    assert folders == ["b" * 32]
    assert "0 files" in move("s3")
    move("folder")
    assert files_below(settings.MEDIA_ROOT) == written | in_work
    assert bucket.list_keys() == []


def test_what_is_worked_on_stays_in_the_bucket_and_so_does_what_is_not_ours(
    bucket: S3Server, settings: Settings
) -> None:
    others = ("another/file", "doctor-probe/1/object")
    for key in (*FILES, *IN_WORK, *others):
        media_store.open_bucket().put_bytes(key, b"1")
    move("folder")
    assert sorted(files_below(settings.MEDIA_ROOT)) == sorted(FILES)
    assert bucket.list_keys() == sorted([*IN_WORK, *others])


def test_the_bucket_is_right_where_files_differ_on_the_way_back_and_the_folder_on_the_way_there(
    bucket: S3Server, settings: Settings
) -> None:
    (key,) = written = write(settings.MEDIA_ROOT, FILES[:1])
    media_store.open_bucket().put_bytes(key, b"older")
    move("s3")
    assert bucket.read(key) == written[key]
    write(settings.MEDIA_ROOT, FILES[:1])
    move("folder")
    assert files_below(settings.MEDIA_ROOT) == written


def test_what_another_program_put_there_is_moved_too(bucket: S3Server, settings: Settings) -> None:
    bucket.client.put_object(Bucket=bucket.bucket, Key=f"below/here/{FILES[0]}", Body=b"1234")
    move("folder")
    assert files_below(settings.MEDIA_ROOT) == {FILES[0]: b"1234"}
    assert bucket.list_keys() == []


def test_nothing_is_moved_to_a_folder_that_has_no_room(
    bucket: S3Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings.MEDIA_ROOT, FILES)
    move("s3")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=7999))
    with pytest.raises(CommandError, match="There is room for"):
        move("folder")
    assert len(bucket.list_keys()) == len(FILES)
    monkeypatch.undo()
    move("folder")


def test_there_is_one_move_at_a_time(bucket: S3Server, settings: Settings) -> None:
    written = write(settings.MEDIA_ROOT, FILES)
    with alone_in(settings.MEDIA_ROOT), pytest.raises(CommandError, match="at work"):
        move("s3")
    assert files_below(settings.MEDIA_ROOT) == written


def test_without_a_bucket_there_is_nothing_to_move(settings: Settings) -> None:
    with pytest.raises(CommandError, match="There is no bucket"):
        move("s3")


def test_an_upload_that_is_not_complete_stays(bucket: S3Server, settings: Settings) -> None:
    now = timezone.now()
    upload = ResumableUpload.objects.create(
        owner=create_account().user, received_at=now, expires_at=now, offset_bytes=1
    )
    write(settings.MEDIA_ROOT, (f"{upload.pk.hex}/recording",))
    assert "0 files" in (output := move("s3"))
    assert "All are moved." in output  # its time is over: it is not waited for
    assert upload.path.exists()
    ResumableUpload.objects.update(expires_at=now + timedelta(hours=1), offset_bytes=0)
    assert "All are moved." in move("s3")  # nothing of it came
    ResumableUpload.objects.update(offset_bytes=1, is_refused=True)
    move("s3")
    assert not upload.path.exists()


@pytest.mark.parametrize("to", ["s3", "folder"])
def test_it_refuses_while_uploads_or_live_sessions_are_open(
    bucket: S3Server, settings: Settings, to: str
) -> None:
    written = write(settings.MEDIA_ROOT, FILES)
    if to == "folder":
        move("s3")
    now, user = timezone.now(), create_account().user
    upload = ResumableUpload.objects.create(
        owner=user, received_at=now, expires_at=now + timedelta(hours=1), offset_bytes=1
    )
    session = create_transcript(owner=user, kind=JobKind.LIVE, status=Status.PROCESSING)
    for each in (upload.pk, session.pk):
        assert str(each) in move(to, "--dry-run")
    with pytest.raises(CommandError, match="Nothing is moved"):
        move(to)
    assert len(bucket.list_keys()) == (0 if to == "s3" else len(FILES))
    output = move(to, "--leave-unfinished")
    assert "All but these are moved." in output
    assert len(bucket.list_keys()) == (len(written) if to == "s3" else 0)
    upload.delete()
    session.jobs.update(status=Status.COMPLETED)
    assert "All are moved." in move(to)


@pytest.mark.parametrize("fault", ["corrupt", "truncate", "drop_put", "lose"])
def test_a_file_that_did_not_arrive_is_not_removed(
    bucket: S3Server, settings: Settings, fault: str
) -> None:
    written = write(settings.MEDIA_ROOT, FILES[:1])
    with bucket.failing(fault), pytest.raises(CommandError, match="1 files could not be moved"):
        move("s3")
    assert files_below(settings.MEDIA_ROOT) == written
    move("s3")
    with bucket.failing("corrupt"), pytest.raises(CommandError):
        move("folder")
    assert bucket.read(FILES[0]) == written[FILES[0]]


def test_a_bucket_that_is_away_moves_nothing(bucket: S3Server, settings: Settings) -> None:
    with bucket.failing("away"), pytest.raises(CommandError, match="not reached"):
        move("folder")


@pytest.mark.parametrize("to", ["s3", "folder"])
def test_killed_half_way_the_next_run_goes_on(
    bucket: S3Server, settings: Settings, tmp_path: Path, to: str
) -> None:
    names = tuple(f"{number:032x}/recording" for number in range(24))
    written = write(settings.MEDIA_ROOT, names, size=20_000)
    if to == "folder":
        move("s3")

    def is_midway() -> bool:
        return 1 < len(bucket.list_keys()) < 23

    process = subprocess.Popen(
        [sys.executable, "manage.py", "move_media", "--to", to],
        cwd=ROOT,
        env={
            **os.environ,
            **bucket.env,
            "STT_DATA_DIR": os.environ["STT_DATA_DIR"],
            "STT_DATABASE_URL": f"sqlite://{settings.DATABASES['default']['NAME']}"
            if "sqlite" in settings.DATABASES["default"]["ENGINE"]
            else os.environ.get("STT_TEST_DATABASE", ""),
            "STT_MEDIA_DIR": str(settings.MEDIA_ROOT),
            "DJANGO_SETTINGS_MODULE": "stt_web.settings",
        },
        stdout=subprocess.DEVNULL,
    )
    wait_until(is_midway, what="some are moved", within_s=60)
    process.kill()
    process.wait()
    time.sleep(0.1)
    assert is_midway()
    here = files_below(settings.MEDIA_ROOT)
    there = {key: bucket.read(key) for key in bucket.list_keys()}
    whole_here = {name: content for name, content in here.items() if name in written}
    assert whole_here | there == written
    move(to)
    moved = files_below(settings.MEDIA_ROOT) if to == "folder" else {}
    assert moved == (written if to == "folder" else {})
    assert len(bucket.list_keys()) == (0 if to == "folder" else 24)
