"""An upload that is not complete, in the bucket: so that any machine takes its next part.

    <id>/parts/00003-000000000000000-000000008388608   the bytes from 0 to 8 MB, by the third epoch

Only where there is a bucket (`stt_web.core.media_store`): a machine's file `<id>/recording` then
has what that machine received or fetched, and `<id>/.held` how much of it counts. An offset is
committed (`receive.PartReceiver`) once all before it is in parts.

**Race.** A receiver that was taken over may put a part that it never commits. Whoever commits the
bytes from an offset on is the newest that put a part there: a newer one begins behind them. So of
parts from one offset those of the newest epoch count.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from stt_web.core import media_store
from stt_web.core.media_store.errors import ObjectNotFoundError
from stt_web.core.outages import StorageUnavailableError

_PART: Final = re.compile(r".*/parts/(\d{5,})-(\d{15})-(\d{15})\Z")
_MOST_BYTES: Final = 32 * 1024 * 1024


@dataclass(frozen=True)
class UploadPart:
    epoch: int
    start: int
    end: int
    key: str


class PartMissingError(StorageUnavailableError):
    """The bucket answers, and lacks committed bytes."""


def put_part(path: Path, *, epoch: int, start: int, end: int) -> None:
    """Put bytes of an upload's file, synced before. Raises StorageUnavailableError."""
    if not media_store.is_remote():
        return
    with path.open("rb") as file:
        while start < end:
            until = min(end, start + _MOST_BYTES)
            content = os.pread(file.fileno(), until - start, start)
            key = f"{media_store.key_of(_folder(path))}/{epoch:05d}-{start:015d}-{until:015d}"
            media_store.open_bucket().put_bytes(key, content)
            start = until


def note_held(path: Path, *, held: int) -> None:
    """Note how much of this machine's file counts."""
    if media_store.is_remote():
        path.with_name(".held").write_text(str(held))


def fill(path: Path, file: BinaryIO, *, until: int) -> None:
    """Fetch what this machine's file lacks of the committed bytes. The caller holds its lock.

    Raises PartMissingError, StorageUnavailableError.
    """
    held = _read_held(path)
    if not media_store.is_remote() or held >= until:
        return
    bucket = media_store.open_bucket()
    try:
        for part in _choose(_list_parts(path), until=until):
            if part.end > held:
                content, _ = bucket.read(part.key)
                file.seek(part.start)
                file.write(content)
    except FileNotFoundError:
        bucket.distrust(media_store.key_of(_folder(path)), "part_missing")
        raise PartMissingError from None
    file.flush()
    os.fsync(file.fileno())
    note_held(path, held=until)


def delete_parts(path: Path) -> None:
    """Of an upload whose recording is stored whole. Idempotent."""
    if media_store.is_remote():
        media_store.delete_folder(_folder(path))
        path.with_name(".held").unlink(missing_ok=True)


def _folder(path: Path) -> Path:
    return path.with_name("parts")


def _read_held(path: Path) -> int:
    with suppress(OSError, ValueError):
        return min(int(path.with_name(".held").read_text()), path.stat().st_size)
    return 0


def _list_parts(path: Path) -> Iterator[UploadPart]:
    for each in media_store.open_bucket().list_below(media_store.key_of(_folder(path))):
        if found := _PART.match(each.key):
            epoch, start, end = map(int, found.groups())
            yield UploadPart(epoch, start, end, each.key)


def _choose(parts: Iterator[UploadPart], *, until: int) -> list[UploadPart]:
    """Return the committed ones in order, all bytes up to `until`.

    Raises ObjectNotFoundError where the bucket lacks one.
    """
    best: dict[int, UploadPart] = {}
    for part in parts:
        known = best.get(part.start)
        is_newer = known is None or (part.epoch, part.end) > (known.epoch, known.end)
        if part.end <= until and is_newer:
            best[part.start] = part
    chosen: list[UploadPart] = []
    at = 0
    while at < until:
        if at not in best:
            raise ObjectNotFoundError
        chosen.append(best[at])
        at = best[at].end
    return chosen
