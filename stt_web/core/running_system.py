"""The one system that `make run` runs on a data folder, and how commands find its inference.

`make run` gives that service a free port and a token of its own. Its processes are given both; a
`manage.py` of the same folder reads them from a file that is there as long as the system runs. The
lock shows whether it does: a file that a killed system left behind is not believed, for another
program may have its port by now.
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

RUN_FILE = "run.json"
_LOCK_FILE = "supervisor.lock"
_LOCK_WITHIN_S = 1.0  # a command holds it for a moment to see whether a system runs


class AlreadyRunningError(Exception):
    """Another system holds the data folder."""


@dataclass(frozen=True, slots=True)
class RunningSystem:
    """Where the inference service of the running system is, as in `STT_INFERENCE_*`."""

    inference_target: str = ""
    inference_token: str = field(default="", repr=False)
    inference_ca_file: str = ""


@contextlib.contextmanager
def hold_data_folder(data_dir: Path) -> Iterator[None]:
    """Hold the folder for one system. The kernel releases it however this process ends.

    Raises AlreadyRunningError.
    """
    with (data_dir / _LOCK_FILE).open("w") as lock:
        deadline = time.monotonic() + _LOCK_WITHIN_S
        while not _lock(lock.fileno(), fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise AlreadyRunningError
            time.sleep(0.05)
        (data_dir / RUN_FILE).unlink(missing_ok=True)  # of one that was killed
        try:
            yield
        finally:
            (data_dir / RUN_FILE).unlink(missing_ok=True)


def publish_running(data_dir: Path, system: RunningSystem) -> None:
    """Write the file, mode 0600; by the holder of the folder only."""
    path, new = data_dir / RUN_FILE, data_dir / f"{RUN_FILE}.new"
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(system), file)
    new.replace(path)


def find_running(data_dir: Path) -> RunningSystem:
    """Return what the system on this folder published; all empty where none runs."""
    try:
        written = json.loads((data_dir / RUN_FILE).read_text())
        if not isinstance(written, dict) or not _is_held(data_dir):
            return RunningSystem()
    except (OSError, ValueError):
        return RunningSystem()
    names = (each.name for each in fields(RunningSystem))
    return RunningSystem(**{name: str(written.get(name, "")) for name in names})


def _is_held(data_dir: Path) -> bool:
    """Raises OSError."""
    with (data_dir / _LOCK_FILE).open("r+") as lock:
        return not _lock(lock.fileno(), fcntl.LOCK_SH)


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
