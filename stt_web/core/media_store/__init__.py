"""Finished files: in the folder MEDIA_ROOT, or in a bucket of the S3 protocol.

    without STT_S3_BUCKET   MEDIA_ROOT has them; each function here is the plain file operation
    with it                 the bucket has them: a file counts from the return of `put`. MEDIA_ROOT
                            is what this machine works in, and what it has of the bucket's files are
                            copies, which `transcripts.retention.local_copies` removes again

All take absolute paths below MEDIA_ROOT; a file's key is its path below it, behind STT_S3_PREFIX.
A file never changes under its path. Everything blocks: never on an event loop.

Raises StorageUnavailableError (`core.outages`, 503) where the bucket is away or doesn't answer as
it should.
"""

import fcntl
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.core.files.storage import storages

from stt_web.core.media_store.errors import ObjectNotFoundError
from stt_web.core.outages import StorageUnavailableError

if TYPE_CHECKING:
    from stt_web.core.media_store.bucket import MediaBucket

logger = logging.getLogger(__name__)

ALIAS = "media"  # of settings.STORAGES
_REMOVING = ".removing"
_MOST_TRIES = 5
_lock = threading.Lock()
_made: "list[MediaBucket]" = []


class Readable(Protocol):
    """An open file, or an object that is being received."""

    def read(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


def is_remote() -> bool:
    return ALIAS in settings.STORAGES


def open_bucket() -> "MediaBucket":
    """Return the bucket, one for each process. Call it only where `is_remote`."""
    storage = storages[ALIAS]
    with _lock:
        if not _made or _made[0].storage is not storage:
            # boto3 is imported where there is a bucket: 40 MB, and half a second.
            from stt_web.core.media_store.bucket import MediaBucket

            _made[:] = [MediaBucket(storage)]  # type: ignore[arg-type]  # STORAGES names its class
        return _made[0]


def key_of(path: Path) -> str:
    return path.relative_to(settings.MEDIA_ROOT).as_posix()


def answers() -> bool:
    """Whether files can be reached at this moment; True where there is no bucket."""
    try:
        if is_remote():
            open_bucket().read_clock()
    except StorageUnavailableError:
        return False
    return True


# ---- writing


def put(path: Path) -> None:
    """Store a file that is complete, before the commit that accepts it. Raises OSError."""
    if is_remote():
        open_bucket().put_file(key_of(path), path)


def publish(made: Path, path: Path) -> None:
    """Give a file that is complete its name: in the bucket, where there is one, before it has it
    here, since who makes it takes a file that is here for one that is stored.

    `made`: in the same file system. Raises OSError, StorageUnavailableError: then it lies under
    `path` nowhere, and may be made again.
    """
    if is_remote():
        open_bucket().put_file(key_of(path), made)
    try:
        os.replace(made, path)
    except OSError:  # its folder was deleted since: then no one else deletes the object
        if is_remote():
            delete(path)
        raise


def delete(path: Path) -> None:
    """Idempotent. Does not raise where the bucket is away: see `delete_folder`."""
    path.unlink(missing_ok=True)
    if is_remote():
        with _left_to_sweep(path):
            open_bucket().delete(key_of(path))


def delete_folder(folder: Path) -> None:
    """Delete it with all its files. Idempotent.

    Does not raise where the file system or the bucket refuses: what stays has no row any more, so
    that no one can read it, and `retention.purge` finds it.
    """
    shutil.rmtree(folder, ignore_errors=True)
    if is_remote():
        with _left_to_sweep(folder):
            open_bucket().delete_below(key_of(folder))


@contextmanager
def _left_to_sweep(path: Path) -> Iterator[None]:
    try:
        yield
    except StorageUnavailableError:
        logger.warning("event=deletion_left_to_sweep key=%s", key_of(path))


# ---- reading


def fetch(path: Path) -> Path:
    """Return the path, with the file there if it is stored at all: fetched where it is not here."""
    if not is_remote():
        return path
    for tries_left in reversed(range(_MOST_TRIES)):
        if _touch(path):
            break
        try:
            open_bucket().download(key_of(path), path)
        except ObjectNotFoundError:
            break
        except FileNotFoundError:
            # Race: another one that failed, or the sweep, removed the empty folder that this was to
            # write into.
            if not tries_left:
                raise
    return path


def _touch(path: Path) -> bool:
    """Note that it is used: what was not used for longest is removed first. Return whether it is
    here: then it stays so until it was not used for a while."""
    with _removal_lock(fcntl.LOCK_SH), suppress(OSError):
        os.utime(path, (time.time(), path.stat().st_mtime))
        return True
    return path.exists()


def remove_copy(path: Path, *, used_at: float) -> bool:
    """Remove what this machine has of a file that is in the bucket. Return whether it did: not
    where it was used since `used_at` (`time_used`)."""
    with _removal_lock(fcntl.LOCK_EX), suppress(OSError):
        if time_used(path.stat()) <= used_at:
            path.unlink()
            return True
    return False


def time_used(stats: os.stat_result) -> float:
    """Return when a file was last read or written, in seconds since the epoch."""
    return max(stats.st_atime, stats.st_mtime)


@contextmanager
def _removal_lock(kind: int) -> Iterator[None]:
    """Race: between a look at when a copy was used and its removal, no one may be given it."""
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    with (root / _REMOVING).open("a") as file:
        fcntl.flock(file, kind)
        yield


def size_of(path: Path) -> int | None:
    """Return the file's size in bytes; None where it is not stored."""
    with suppress(OSError):
        return path.stat().st_size
    if not is_remote():
        return None
    found = open_bucket().find(key_of(path))
    return None if found is None else found.size


def exists(path: Path) -> bool:
    return size_of(path) is not None


def read_bytes(path: Path) -> bytes | None:
    """Return a small file whole; None where it is not stored."""
    with suppress(OSError):
        return path.read_bytes()
    if is_remote():
        with suppress(FileNotFoundError):
            return open_bucket().read(key_of(path))[0]
    return None


def open_stored(path: Path, *, start: int = 0, length: int | None = None) -> Readable:
    """Open it, without fetching it whole; at byte `start`. Raises OSError where it is not stored.

    With `length` no more may be read.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        if not is_remote():
            raise
    else:
        file.seek(start)
        return file
    return open_bucket().open(key_of(path), start=start, length=length)


def list_names(folder: Path) -> list[str]:
    """Return the names of the files that lie in the folder itself."""
    here = [each.name for each in folder.iterdir()] if folder.is_dir() else []
    if not is_remote():
        return here
    key = key_of(folder)
    below = [each.key.removeprefix(f"{key}/") for each in open_bucket().list_below(key)]
    return sorted({*here, *(name for name in below if "/" not in name)})


def sign_url(path: Path, *, mime: str, disposition: str = "") -> str:
    """Return an address at the bucket that reads the file for `S3_URL_S`, for all who have it."""
    lasts_s = settings.S3_URL_S
    return open_bucket().sign_url(key_of(path), lasts_s=lasts_s, mime=mime, disposition=disposition)
