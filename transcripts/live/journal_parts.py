"""A live session's journal in the bucket: parts of what its process has on its own disk.

    <folder>/epoch-00001-000000000000/open                        the epoch has begun
    <folder>/epoch-00001-000000000000/000000000000-000000048000   the samples from 0 to 48,000

Where there is a bucket (`stt_web.core.media_store`), another machine finishes or resumes a session
by these: `restore` makes epoch files of them. A part is put every `PART_S` and when a session is
paused or handed over; what a client may discard (`Journal.sync`) is what is in a part. A part never
changes. Two may overlap: a process that was taken over, and `put_rest`, put the same samples.

Nothing here knows the database or an event loop; everything blocks.
"""

import logging
import os
import re
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stt_web.core import media_store
from stt_web.core.outages import StorageUnavailableError
from transcripts.live.wav_header import HEADER_BYTES, SAMPLE_BYTES, wav_header

logger = logging.getLogger(__name__)

PART_S: Final = 3.0
_RATE_HZ: Final = 16_000
_PART_SAMPLES: Final = int(PART_S * _RATE_HZ)
# One object has at most five minutes: what is put late, after an outage, is in memory at once.
_MOST_SAMPLES: Final = 300 * _RATE_HZ
_OPEN: Final = "open"
_PART: Final = re.compile(r"(.*)/(epoch-\d{5,}-(\d{12}))/(\d{12})-(\d{12})\Z")
_MARK: Final = re.compile(r"(.*)/(epoch-\d{5,}-(\d{12}))/open\Z")
_READERS: Final = 8
_READ_AHEAD: Final = 4 * _READERS  # in memory at once, where the disk is slower than the bucket


@dataclass(frozen=True, order=True)
class _Part:
    """The samples of the session from `start` to `end`."""

    start: int
    end: int
    key: str


class EpochParts:
    """What of one epoch's file is in the bucket. `stored`: samples of the session."""

    def __init__(self, path: Path, *, start_samples: int) -> None:
        """Raises StorageUnavailableError: then no one would ever find the epoch elsewhere."""
        self._path = path
        self._folder = media_store.key_of(path.with_suffix(""))
        self._start = self.stored = start_samples
        self._put_at_s = time.monotonic()
        media_store.open_bucket().put_bytes(f"{self._folder}/{_OPEN}", b"")

    def put(self, *, until: int, is_last: bool) -> int:
        """Put what the file has up to sample `until`, if it is time, and return what is there.

        While the bucket is away that stays behind; the next call tries again.
        """
        is_due = time.monotonic() - self._put_at_s >= PART_S
        is_due = is_due or until - self.stored >= _PART_SAMPLES or is_last
        try:
            while is_due and self.stored < until:
                end = min(until, self.stored + _MOST_SAMPLES)
                put_part(self._path, start=self._start, first=self.stored, end=end)
                self.stored = end
                self._put_at_s = time.monotonic()
        except StorageUnavailableError:
            logger.warning("event=live_part_waits folder=%s", self._folder)
        return self.stored

    def discard(self) -> None:
        """Idempotent; what stays while the bucket is away goes with the session's folder."""
        media_store.delete_folder(self._path.with_suffix(""))


def put_part(path: Path, *, start: int, first: int, end: int) -> None:
    """Put samples of an epoch's file that begins with sample `start`."""
    with path.open("rb") as file:
        content = os.pread(
            file.fileno(),
            (end - first) * SAMPLE_BYTES,
            HEADER_BYTES + (first - start) * SAMPLE_BYTES,
        )
    folder = media_store.key_of(path.with_suffix(""))
    media_store.open_bucket().put_bytes(f"{folder}/{first:012d}-{end:012d}", content)


def restore(folder: Path) -> None:
    """Make an epoch file of all parts of it that are in the bucket, where none here has as much.

    Costs a request for a thousand parts, and one for each part that is read, eight at a time.
    Raises StorageUnavailableError, OSError of the disk.
    """
    if not media_store.is_remote():
        return
    for name, (start, parts) in _list_epochs(folder).items():
        path = folder / f"{name}.wav"
        end = _reach(start, parts)
        if not path.exists() or path.stat().st_size < HEADER_BYTES + (end - start) * SAMPLE_BYTES:
            _write_epoch(path, parts, start=start, end=end)


def put_rest(folder: Path) -> None:
    """Put what the epoch files here have beyond their parts: their process died, or the bucket was
    away when it let go of the session. Of each epoch that was ever begun in the bucket.

    Raises StorageUnavailableError.
    """
    for name, (start, parts) in _list_epochs(folder).items():
        path = folder / f"{name}.wav"
        stored = _reach(start, parts)
        here = start + _samples_in(path)
        while stored < here:
            end = min(here, stored + _MOST_SAMPLES)
            put_part(path, start=start, first=stored, end=end)
            logger.warning("event=live_part_put_late folder=%s samples=%d", name, end - stored)
            stored = end


def delete_parts(folder: Path) -> None:
    """Delete the parts of a session whose recording is stored. Idempotent."""
    for name in _list_epochs(folder):
        media_store.delete_folder(folder / name)


def _list_epochs(folder: Path) -> dict[str, tuple[int, list[_Part]]]:
    """Return (first sample, parts in order) of each epoch, by its name."""
    starts: dict[str, int] = {}
    parts: dict[str, list[_Part]] = defaultdict(list)
    for each in media_store.open_bucket().list_below(media_store.key_of(folder)):
        if mark := _MARK.match(each.key):
            starts[mark[2]] = int(mark[3])
        elif part := _PART.match(each.key):
            starts[part[2]] = int(part[3])
            parts[part[2]].append(_Part(int(part[4]), int(part[5]), each.key))
    return {name: (start, sorted(parts[name])) for name, start in sorted(starts.items())}


def _reach(start: int, parts: list[_Part]) -> int:
    """Return the sample up to which the parts have all of the epoch."""
    for part in parts:
        if part.start > start:
            break
        start = max(start, part.end)
    return start


def _write_epoch(path: Path, parts: list[_Part], *, start: int, end: int) -> None:
    bucket = media_store.open_bucket()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    wanted = [part for part in parts if part.start < end]
    try:
        with partial.open("wb") as file, ThreadPoolExecutor(_READERS) as readers:
            file.write(wav_header(None))
            for first in range(0, len(wanted), _READ_AHEAD):
                some = wanted[first : first + _READ_AHEAD]
                read = readers.map(lambda part: bucket.read(part.key), some)
                for part, (content, _) in zip(some, read, strict=True):
                    if len(content) != (part.end - part.start) * SAMPLE_BYTES:
                        raise bucket.distrust(part.key, "size")
                    file.seek(HEADER_BYTES + (part.start - start) * SAMPLE_BYTES)
                    file.write(content)
        partial.replace(path)
    except FileNotFoundError as error:  # listed, and not there: deleted, or made a recording since
        raise StorageUnavailableError from error
    finally:
        partial.unlink(missing_ok=True)


def _samples_in(path: Path) -> int:
    return max(0, path.stat().st_size - HEADER_BYTES) // SAMPLE_BYTES if path.exists() else 0
