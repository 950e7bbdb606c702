"""What a power cut would leave: the real `fsync` calls go through, and what they saved is noted."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Disk:
    """`synced`: paths, in order; `sizes`: how long each was when it was synced last."""

    def __init__(self, fsync: Callable[[Any], None]) -> None:
        self.synced: list[Path] = []
        self.sizes: dict[Path, int] = {}
        self._fsync = fsync

    def fsync(self, fd: Any) -> None:
        descriptor = fd if isinstance(fd, int) else fd.fileno()
        size = os.fstat(descriptor).st_size
        self._fsync(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        self.synced.append(path)
        self.sizes[path] = size


@contextmanager
def watched_disk() -> Iterator[Disk]:
    fsync = os.fsync
    disk = Disk(fsync)
    os.fsync = disk.fsync
    try:
        yield disk
    finally:
        os.fsync = fsync
