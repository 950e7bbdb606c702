"""The journal: a live session's audio on shared storage, which becomes its recording.

    <folder>/epoch-00001-000000000000.wav   of the first epoch, from sample 0 on
    <folder>/epoch-00002-000000480000.wav   of the next holder, from sample 480,000 on
    <folder>/recording                      all of it, once the session is over

An epoch's file only grows, and only its own process writes to it. What it holds beyond the start of
the next one is ignored: a process that doesn't know yet that it was taken over harms nothing. What
a process wrote survives its death. A power cut costs what was not synced: at most the last second
(`registry` syncs all journals together), never what `Journal.sync` returned.

Where there is a bucket, this folder is the machine's own, and `journal_parts` has for others what
`Journal.sync` returned.

Nothing here knows the database or an event loop; everything blocks.
"""

import errno
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from stt_web.core import media_store
from stt_web.core.durable import sync_file, sync_folder, sync_new_file
from stt_web.core.outages import StorageUnavailableError
from transcripts.live.journal_parts import EpochParts, delete_parts
from transcripts.live.wav_header import HEADER_BYTES, RATE_HZ, SAMPLE_BYTES, wav_header

SAMPLES_A_MS: Final = RATE_HZ // 1000
RECORDING: Final = "recording"
_CHUNK_SAMPLES: Final = 128 * 1024
_NAME: Final = re.compile(r"epoch-(\d{5,})-(\d{12})\.wav\Z")


@dataclass(frozen=True)
class _Interval:
    """Samples of the session: in `path` the first of them is number `offset`."""

    path: Path
    start: int
    end: int
    offset: int


class Journal:
    """One epoch's file, open for writing. `samples` counts from the start of the session."""

    def __init__(self, folder: Path, *, attempt: int, start_samples: int) -> None:
        """Raises OSError, and leaves no file, where the disk is full; StorageUnavailableError."""
        self.folder = folder
        self.samples = start_samples
        self._start = start_samples
        self._path = folder / f"epoch-{attempt:05d}-{start_samples:012d}.wav"
        # Guards the descriptor: its number may belong to another file as soon as it is closed.
        self._lock = threading.Lock()
        self._is_closing = False
        self._is_named = False  # its entry in the folder, and the folder's, are synced
        self._parts: EpochParts | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            _write_all(self._fd, wav_header(None))
            if media_store.is_remote():
                self._parts = EpochParts(self._path, start_samples=start_samples)
        except (OSError, StorageUnavailableError):
            self.discard()
            raise

    def append(self, pcm: bytes) -> None:
        """Add whole samples. Raises OSError; then it holds what it held before. Closed: EBADF."""
        with self._lock:
            if self._is_closing or self._fd < 0:
                raise OSError(errno.EBADF, "The journal is closed.")
            self._append(pcm)
        if self._is_closing:
            self.close()  # it was asked for while this wrote (`close`)

    def sync(self, *, is_last: bool = False) -> int:
        """Write what was appended so far to the disk itself; returns the samples that are there.

        Where there is a bucket: those that are there, which are all of them with `is_last`, unless
        it is away. Doesn't hold up `append`: it syncs a descriptor of its own. Raises OSError.
        Closed: EBADF.
        """
        with self._lock:
            if self._is_closing or self._fd < 0:
                raise OSError(errno.EBADF, "The journal is closed.")
            descriptor, samples = os.dup(self._fd), self.samples
        if self._is_closing:
            self.close()  # it was asked for while this held the lock (`close`)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if not self._is_named:
            sync_folder(self.folder)
            sync_folder(self.folder.parent)
            self._is_named = True
        return samples if self._parts is None else self._parts.put(until=samples, is_last=is_last)

    def close(self) -> None:
        """Close it once no thread writes to it any more; never waits. May be called twice.

        The event loop calls this while `registry._append_all` may be writing in a thread: then that
        thread closes the file behind its write.
        """
        self._is_closing = True
        if self._lock.acquire(blocking=False):
            try:
                self._close()
            finally:
                self._lock.release()

    def finish(self) -> int:
        """Write the header of a whole file, and close it; returns the samples in it."""
        with self._lock:
            if self._fd >= 0:
                os.pwrite(self._fd, wav_header(self.samples - self._start), 0)
            self._close()
        return self.samples - self._start

    def _append(self, pcm: bytes) -> None:
        try:
            _write_all(self._fd, pcm)
        except OSError:
            held = HEADER_BYTES + (self.samples - self._start) * SAMPLE_BYTES
            os.ftruncate(self._fd, held)
            os.lseek(self._fd, held, os.SEEK_SET)
            raise
        self.samples += len(pcm) // SAMPLE_BYTES

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def discard(self) -> None:
        """Close it and remove the file."""
        self.close()
        self._path.unlink(missing_ok=True)
        if self._parts is not None:
            self._parts.discard()


def count_samples(folder: Path) -> int:
    """Return how many samples are journalled, of all epochs together."""
    recording = folder / RECORDING
    if recording.exists():
        return _samples_in(recording)
    return max((interval.end for interval in _intervals(folder)), default=0)


def has_epochs(folder: Path) -> bool:
    """Return whether the journal has a file here, be it only a header."""
    return (folder / RECORDING).exists() or bool(list_epochs(folder))


def sync_epochs(folder: Path) -> None:
    """Write what other processes journalled to the disk itself: they may have died before that."""
    for path, *_ in list_epochs(folder):
        sync_file(path)


def read_samples(folder: Path, *, start: int, end: int) -> bytes:
    """Return the samples from `start` to `end`, as far as they are there."""
    chunks = [
        _read(interval, start=max(start, interval.start), end=min(end, interval.end))
        for interval in _intervals(folder)
        if interval.start < end and start < interval.end
    ]
    return b"".join(chunks)


def assemble(folder: Path, *, least_samples: int = 0) -> int:
    """Make the recording of all epochs, where it isn't made yet; returns its samples. It is silent
    from the last of them to `least_samples`.

    Idempotent, also over a crash half-way: the recording appears whole or not at all, and in the
    bucket first, where there is one: until then more of the journal may come. There,
    `journal_parts.restore` comes before, unless all epochs are this process's own. Raises
    StorageUnavailableError.
    """
    recording = media_store.fetch(folder / RECORDING)
    if recording.exists():
        media_store.put(recording)
    else:
        partial = folder / f"{RECORDING}.{os.getpid()}.partial"
        try:
            _write_recording(partial, _intervals(folder), least_samples=least_samples)
            media_store.publish(partial, recording)
        finally:
            partial.unlink(missing_ok=True)
    sync_new_file(recording)  # before the epochs go, of which it is made
    for path, *_ in list_epochs(folder):
        path.unlink(missing_ok=True)
    if media_store.is_remote():
        delete_parts(folder)
    return _samples_in(recording)


def _write_recording(path: Path, intervals: list[_Interval], *, least_samples: int) -> None:
    held = max((interval.end for interval in intervals), default=0)
    samples = max(held, least_samples)
    with path.open("wb") as file:
        file.write(wav_header(samples))
        for chunk in _chunks(intervals):
            file.write(chunk)
        file.truncate(HEADER_BYTES + samples * SAMPLE_BYTES)
        os.fsync(file.fileno())  # else a power cut could leave its name on an empty file


def seal(journal: Journal) -> int:
    """Make the recording of a journal that this process alone wrote; returns its samples.

    One epoch becomes the recording as it is, without being copied. Closes the journal. Where the
    bucket doesn't take the recording (StorageUnavailableError), the epochs are what they were: a
    worker may make another one of what it has.
    """
    recording = journal.folder / RECORDING
    epochs = list_epochs(journal.folder)
    is_whole = len(epochs) == 1 and epochs[0][0] == journal._path and journal._start == 0
    if is_whole:
        journal.finish()
        journal._path.replace(recording)
    journal.close()
    try:
        return assemble(journal.folder)
    except StorageUnavailableError:
        if is_whole:
            recording.replace(journal._path)
        raise


def list_epochs(folder: Path) -> list[tuple[Path, int, int]]:
    """Return (path, attempt, first sample) of each epoch's file, in order."""
    if not folder.is_dir():
        return []
    named = [(path, _NAME.match(path.name)) for path in folder.iterdir()]
    found = [(path, int(name[1]), int(name[2])) for path, name in named if name is not None]
    return sorted(found, key=lambda epoch: epoch[1])


def _intervals(folder: Path) -> list[_Interval]:
    """Return what counts of each epoch, in order."""
    epochs = list_epochs(folder)
    if not epochs:
        return []  # a process that died between a session's admission and its journal
    ends = [following for _, (_, _, following) in pairwise(epochs)]
    intervals = []
    for (path, _, start), limit in zip(epochs, [*ends, None], strict=True):
        end = start + _samples_in(path)
        intervals.append(_Interval(path, start, end if limit is None else min(end, limit), start))
    return intervals


def _chunks(intervals: list[_Interval]) -> Iterator[bytes]:
    """Yield the samples of all spans; what is missing between two is silence."""
    at = 0
    for interval in intervals:
        if interval.start > at:
            yield bytes((interval.start - at) * SAMPLE_BYTES)
        for start in range(interval.start, interval.end, _CHUNK_SAMPLES):
            yield _read(interval, start=start, end=min(start + _CHUNK_SAMPLES, interval.end))
        at = max(at, interval.end)


def _read(interval: _Interval, *, start: int, end: int) -> bytes:
    with interval.path.open("rb") as file:
        file.seek(HEADER_BYTES + (start - interval.offset) * SAMPLE_BYTES)
        return file.read((end - start) * SAMPLE_BYTES)


def _samples_in(path: Path) -> int:
    return max(0, path.stat().st_size - HEADER_BYTES) // SAMPLE_BYTES


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
