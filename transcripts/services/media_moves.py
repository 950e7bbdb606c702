"""Finished files from the folder MEDIA_ROOT to the bucket, and back (`manage.py move_media`).

Each file is read again where it was copied to, all of it, before it is removed where it was. Killed
half-way, a file is in one place or in both; the next run goes on there. Not moved, because they are
worked on where they are: journals of live sessions, uploads that are not complete, and what is
being written.
"""

import hashlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from stt_web.core import media_store
from stt_web.core.durable import sync_file, sync_folder
from stt_web.core.media_store.bucket import MediaBucket
from transcripts.jobs.models import JobKind, TranscriptionJob
from transcripts.models import OPEN_STATUSES
from transcripts.uploads.models import ResumableUpload

_FOLDER = re.compile(r"[0-9a-f]{32}/")
_IN_WORK = re.compile(
    r"(\A|/)(\..*|epoch-.*|parts/.*|attempt-.*|unsigned|.*\.(pending|failed|partial))\Z"
)
_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class MovableFile:
    """`key`: its path below MEDIA_ROOT."""

    key: str
    size: int

    @property
    def path(self) -> Path:
        return Path(settings.MEDIA_ROOT) / self.key


def list_local() -> Iterator[MovableFile]:
    """Yield what can be moved to the bucket. One query."""
    unfinished = {f"{each.pk.hex}/recording" for each in _list_unfinished()}
    for path in sorted(Path(settings.MEDIA_ROOT).rglob("*")):
        key = media_store.key_of(path)
        if path.is_file() and _is_movable(key) and key not in unfinished:
            yield MovableFile(key, path.stat().st_size)


def list_stored() -> Iterator[MovableFile]:
    """Yield what can be moved to the folder."""
    for each in media_store.open_bucket().list_below():
        if _is_movable(each.key):
            yield MovableFile(each.key, each.size)


def move_to_bucket(file: MovableFile) -> None:
    """Raises StorageUnavailableError, OSError: then it is where it was."""
    bucket = media_store.open_bucket()
    found = bucket.find(file.key)
    digest = _digest_of(file.path)
    if found is None or (found.size, found.sha256) != (file.size, digest):
        bucket.put_file(file.key, file.path)
    _read_again(bucket, file, digest)
    file.path.unlink()
    _remove_empty(file.path.parent)


def move_to_folder(file: MovableFile) -> None:
    """Raises StorageUnavailableError, OSError: then it is where it was."""
    bucket = media_store.open_bucket()
    found = bucket.find(file.key)
    if found is None:
        return  # deleted since it was listed
    if file.path.exists() and not _is_same(file.path, size=found.size, sha256=found.sha256):
        file.path.unlink()
    bucket.download(file.key, file.path)
    if not _is_same(file.path, size=found.size, sha256=found.sha256):
        raise bucket.distrust(file.key, "digest")
    sync_file(file.path)
    for folder in (file.path.parent, file.path.parent.parent):
        sync_folder(folder)
    bucket.delete(file.key)


@dataclass(frozen=True)
class Unfinished:
    """Ids of what is worked on where it is, and would be lost there: uploads of which something
    came, transcripts of live sessions that are open."""

    uploads: list[UUID]
    sessions: list[UUID]


def find_unfinished() -> Unfinished:
    """Two queries."""
    uploads = _list_unfinished().filter(offset_bytes__gt=0, expires_at__gt=timezone.now())
    live = TranscriptionJob.objects.filter(kind=JobKind.LIVE, status__in=OPEN_STATUSES)
    return Unfinished(
        list(uploads.order_by("pk").values_list("pk", flat=True)),
        list(live.order_by("transcript").values_list("transcript", flat=True)),
    )


def free_bytes() -> int:
    """Return the room there is for what is moved to the folder."""
    Path(settings.MEDIA_ROOT).mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(settings.MEDIA_ROOT).free


def _list_unfinished() -> QuerySet[ResumableUpload]:
    return ResumableUpload.objects.filter(transcript_id=None, is_refused=False)


def _is_movable(key: str) -> bool:
    return _FOLDER.match(key) is not None and _IN_WORK.search(key) is None


def _is_same(path: Path, *, size: int, sha256: str) -> bool:
    """`sha256` empty: of an object that another program wrote, whose size is all there is."""
    return path.stat().st_size == size and (not sha256 or _digest_of(path) == sha256)


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_again(bucket: MediaBucket, file: MovableFile, digest: str) -> None:
    received = hashlib.sha256()
    reader = bucket.open(file.key)
    try:
        while chunk := reader.read(_CHUNK_BYTES):
            received.update(chunk)
    finally:
        reader.close()
    if received.hexdigest() != digest:
        raise bucket.distrust(file.key, "digest")


def _remove_empty(folder: Path) -> None:
    root = Path(settings.MEDIA_ROOT)
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
