"""Notes beside a file that is being made: that it is, how far it is, or why it could not be.

Read by the process that waits for the file, which may be on another machine than the one that makes
it: so they lie where the files do. A note counts for a while only, since its writer may die. One
that can't be written is no reason to end the work; one that can't be read is not there.
"""

import time
from contextlib import suppress
from pathlib import Path

from stt_web.core import media_store
from stt_web.core.outages import StorageUnavailableError


def write_note(path: Path, text: str = "") -> None:
    """Raises OSError of the file system, also where there is no such folder."""
    if not media_store.is_remote():
        path.write_text(text)
        return
    with suppress(StorageUnavailableError):
        media_store.open_bucket().put_bytes(media_store.key_of(path), text.encode())


def read_note(path: Path, *, within_s: float) -> str | None:
    """Return its text; None where there is none that was written within `within_s`."""
    if media_store.is_remote():
        with suppress(FileNotFoundError, StorageUnavailableError):
            content, found = media_store.open_bucket().read(media_store.key_of(path))
            return content.decode() if found.age_s < within_s else None
        return None
    with suppress(OSError):
        if time.time() - path.stat().st_mtime < within_s:
            return path.read_text()
    return None


def discard_note(path: Path) -> None:
    """Idempotent."""
    media_store.delete(path)
