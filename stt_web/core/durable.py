"""Files that survive a power cut: synced, and their names with them.

A file's content and the folder's entry for it are written back separately: `fsync(2)` of a file
does not promise that its name is on the disk, and a rename is durable once its folder is synced.
Everything here blocks: never on an event loop.
"""

import os
from pathlib import Path


def sync_file(path: Path) -> None:
    """Write the file's content to the disk. Raises OSError."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """Write the folder's entries (files created, renamed, removed) to the disk. Raises OSError."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def sync_new_file(path: Path) -> None:
    """Write a file to the disk that lies in a new folder of its own, and the names of both."""
    sync_file(path)
    sync_folder(path.parent)
    sync_folder(path.parent.parent)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
