"""What a machine has of the bucket's files: removed where it is too much, or its row is deleted.
Journals that it alone has are put where others find them.

Only where there is a bucket (`stt_web.core.media_store`). Each process sweeps, since no one knows
which share a folder; of those that do, one at a time. An open file survives its removal, so no
reader minds. What is not in the bucket is never removed: a copy is what has its object's SHA-256,
and a journal goes once the recording has all of it.

A recording that is deleted is out of the bucket at once, and no one is let to a copy of it: its row
is not there. A copy that another machine has is removed within `STALE_AGE_S` and a round.
"""

import fcntl
import hashlib
import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import close_old_connections

from stt_web.core import media_store
from stt_web.core.background import ThreadLoop
from stt_web.core.outages import StorageUnavailableError
from transcripts.jobs.models import JobKind, TranscriptionJob
from transcripts.live.journal import RECORDING, list_epochs
from transcripts.live.journal_parts import put_rest
from transcripts.live.wav_header import HEADER_BYTES, SAMPLE_BYTES
from transcripts.models import OPEN_STATUSES
from transcripts.retention.purge import list_unknown, old_folders

if TYPE_CHECKING:
    from stt_web.core.media_store.bucket import StoredObject

logger = logging.getLogger(__name__)

SWEEP_EVERY_S = 60.0
# What is being received is written again and again until its row is there.
STALE_AGE_S = 3600.0
# What was just put or fetched is about to be read.
_IN_USE_S = 120.0
# Nothing came for so long: the journal of a session that ended, likely.
_IDLE_S = 20.0
_LOCK = ".sweep"
# What a recording that was made elsewhere doesn't have is for the operator, and swept no more.
_UNRECORDED = "unrecorded-"
_CHUNK_BYTES = 1024 * 1024
_loops: list[ThreadLoop] = []


def start_sweeping() -> None:
    """Begin, where there is a bucket and this process hasn't."""
    if media_store.is_remote() and not _loops:
        _loops.append(ThreadLoop("media-copies", _run_round))
        _loops[0].start()


def _run_round() -> bool:
    try:
        sweep_copies()
    except StorageUnavailableError:
        pass  # it is logged; no process is down for it
    finally:
        close_old_connections()
    time.sleep(SWEEP_EVERY_S)
    return True


def sweep_copies() -> None:
    """Do one round: five queries for 500 old folders, and a request for each copy that is removed
    for want of room. Raises StorageUnavailableError: then nothing is certain to be in the bucket.
    """
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    with alone_in(root) as is_alone:
        if is_alone:
            _remove_stale(root)
            _store_journals(root)
            _make_room(root)


def _remove_stale(root: Path) -> None:
    names = [each.name for each in old_folders(root, age_s=STALE_AGE_S)]
    for name in list_unknown(names):
        logger.info("event=stale_copy_removed folder=%s", name)
        shutil.rmtree(root / name, ignore_errors=True)


def _store_journals(root: Path) -> None:
    """Put what live sessions left here when their process died, or when the bucket was away; drop
    what was made a recording elsewhere. Two queries; requests for each session that ended so."""
    left = {path.parent for path in root.glob("*/epoch-*.wav") if _is_idle(path)}
    open_ones = TranscriptionJob.objects.filter(kind=JobKind.LIVE, status__in=OPEN_STATUSES)
    for key in open_ones.values_list("transcript__recording__path", flat=True):
        if key and (root / key).exists() and _is_idle(root / key):
            left.add((root / key).parent)
    names = {folder.name for folder in left}
    for name in names - set(list_unknown(names)):
        _store_or_leave(root / name / RECORDING)


def _store_or_leave(recording: Path) -> None:
    """A journal that can't be stored is no reason to leave the others. Raises
    StorageUnavailableError where none can."""
    try:
        _store_journal(recording)
    except (OSError, StorageUnavailableError) as error:
        if not media_store.answers():
            raise StorageUnavailableError from error
        # Race: or `journal.assemble` and `cancel.delete_transcript` removed it concurrently.
        kind = type(error).__name__
        logger.warning("event=journal_left folder=%s error=%s", recording.parent.name, kind)


def _store_journal(recording: Path) -> None:
    found = media_store.open_bucket().find(media_store.key_of(recording))
    if found is not None:
        if recording.exists() and not _is_copy(recording, found):
            _set_aside(recording)
        for epoch, _, start in list_epochs(recording.parent):
            if _is_recorded(epoch, found, start=start):
                epoch.unlink(missing_ok=True)
            else:
                _set_aside(epoch)
    elif recording.exists():
        media_store.put(recording)
    else:
        put_rest(recording.parent)


def _is_recorded(epoch: Path, recording: "StoredObject", *, start: int) -> bool:
    """Whether a recording has the samples of an epoch that begins with sample `start`: not silence
    in place of them. Reads that much of it from the bucket."""
    begin = HEADER_BYTES + start * SAMPLE_BYTES
    length = epoch.stat().st_size - HEADER_BYTES
    if length <= 0:
        return True
    if begin + length > recording.size:
        return False
    reader = media_store.open_bucket().open(recording.key, start=begin, length=length)
    try:
        with epoch.open("rb") as file:
            file.seek(HEADER_BYTES)
            while length > 0:
                stored = reader.read(min(length, _CHUNK_BYTES))
                if not stored or file.read(len(stored)) != stored:
                    return False
                length -= len(stored)
    finally:
        reader.close()
    return True


def _set_aside(path: Path) -> None:
    """Leave it to the operator: it is removed with its transcript."""
    aside = path.with_name(f"{_UNRECORDED}{path.name.removesuffix('.wav')}.wav")
    path.replace(aside)
    logger.warning("event=journal_kept folder=%s file=%s", path.parent.name, aside.name)


def _is_idle(path: Path) -> bool:
    """Of a session that is silent, too: what is put twice harms nothing."""
    with suppress(OSError):
        return path.stat().st_mtime < time.time() - _IDLE_S
    return False


def _make_room(root: Path) -> None:
    """Remove copies, the least recently used first, until the rest is small enough."""
    files = sorted(_list_files(root))
    excess = sum(size for _, size, _ in files) - settings.MEDIA_CACHE_BYTES
    for used_at, size, path in files:
        if excess <= 0 or used_at > time.time() - _IN_USE_S:
            return
        if _is_stored(path, size=size):
            # Race: while the bucket was asked, a job may have been given it.
            if not media_store.remove_copy(path, used_at=used_at):
                continue
            logger.info("event=copy_removed key=%s", media_store.key_of(path))
            with suppress(OSError):
                path.parent.rmdir()
            excess -= size


def _list_files(root: Path) -> Iterator[tuple[float, int, Path]]:
    """Yield (when it was last used, bytes, path)."""
    for path in root.rglob("*"):
        with suppress(OSError):
            stats = path.stat()
            if path.is_file():
                yield media_store.time_used(stats), stats.st_size, path


def _is_stored(path: Path, *, size: int) -> bool:
    found = media_store.open_bucket().find(media_store.key_of(path))
    return found is not None and found.size == size and _is_copy(path, found)


def _is_copy(path: Path, stored: "StoredObject") -> bool:
    """Reads the file, which doesn't count as its use."""
    with suppress(FileNotFoundError), open(path, "rb", opener=_open_unused) as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == stored.sha256
    return False


def _open_unused(name: str, flags: int) -> int:
    try:
        return os.open(name, flags | getattr(os, "O_NOATIME", 0))
    except PermissionError:  # another user's file
        return os.open(name, flags)


@contextmanager
def alone_in(root: Path) -> Iterator[bool]:
    """Keep sweeps and moves (`manage.py move_media`) from each other; False where one is at it."""
    with (root / _LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
