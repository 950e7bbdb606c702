"""Checks of the workers, each asked through the broker: its clock, and the folder of recordings.

The workers answer by a remote control command of Celery, `observe`, which `stt_web.celery` has
them import.
"""

import contextlib
import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celery import Celery, current_app
from celery.worker.control import inspect_command
from django.conf import settings
from kombu.exceptions import OperationalError

from stt_web.core import media_store
from stt_web.core.background import spawn_thread
from stt_web.core.outages import StorageUnavailableError
from stt_web.operations.findings import Diagnosis, failure, ok, warning

_ANSWER_S = 2.0
_MAY_DIFFER_S = 1.0
# Of a bucket: less than an answer may take, for the worker's control thread waits.
_BUCKET_S = 1.0


@inspect_command(args=[("name", str)])
def observe(_state: Any, name: str = "") -> dict[str, Any]:
    """Return this worker's time, and whether it sees the file `name` among the recordings."""
    return {"at": time.time(), "sees_file": _is_seen(Path(settings.MEDIA_ROOT) / Path(name).name)}


def _is_seen(path: Path) -> bool:
    """Whether the folder has the file, or the bucket, where there is one: not a copy of it here."""
    if not media_store.is_remote():
        return path.is_file()
    found: list[bool] = []

    def ask() -> None:
        with contextlib.suppress(StorageUnavailableError):
            found.append(media_store.open_bucket().find(media_store.key_of(path)) is not None)

    spawn_thread(ask, name="observe-bucket").join(_BUCKET_S)
    return found == [True]


@dataclass(frozen=True)
class Observed:
    """What one worker answered. `skew_s`: by how much its clock is ahead of ours, at least."""

    worker: str
    skew_s: float
    sees_file: bool


def check_workers(app: Celery | None = None) -> Iterator[Diagnosis]:
    """Nothing where none answers, or there is no broker: that is `check_broker`'s finding."""
    app = app or current_app
    root = Path(settings.MEDIA_ROOT)
    probe = root / f"doctor-{uuid.uuid4().hex}"
    with contextlib.ExitStack() as stack:
        try:
            root.mkdir(parents=True, exist_ok=True)
            probe.write_text(socket.gethostname())
            stack.callback(media_store.delete, probe)
            media_store.put(probe)
            is_written = True
        except (OSError, StorageUnavailableError):
            is_written = False  # found by `check_disk` or `check_storage`
        sent_at = time.time()
        try:
            answers = app.control.broadcast(
                "observe", arguments={"name": probe.name}, reply=True, timeout=_ANSWER_S
            )
        except (OperationalError, OSError):
            return
    observed = read_answers(answers or [], sent_at=sent_at, received_at=time.time())
    if observed:
        yield from judge_clocks(observed)
        if is_written:
            yield from judge_folders(observed)


def read_answers(
    answers: list[dict[str, Any]], *, sent_at: float, received_at: float
) -> list[Observed]:
    """Return what workers answered; those of an older version, which know no such question, are
    left out. Times: seconds since the epoch, by our clock."""
    pairs = [pair for answer in answers for pair in answer.items()]
    return [
        Observed(
            worker=worker,
            skew_s=max(0.0, answer["at"] - received_at) + min(0.0, answer["at"] - sent_at),
            sees_file=answer["sees_file"],
        )
        for worker, answer in sorted(pairs)
        if "at" in answer
    ]


def judge_clocks(observed: list[Observed]) -> Iterator[Diagnosis]:
    """Leases are compared by the hosts' clocks."""
    worst = max(observed, key=lambda each: abs(each.skew_s))
    sentence = f"The clock of {worst.worker} differs from this machine's by {worst.skew_s:+.1f} s."
    if abs(worst.skew_s) > settings.LEASE_S / 2:
        yield failure("clock", sentence, "Run NTP on both: work would change hands in between.")
    elif abs(worst.skew_s) > _MAY_DIFFER_S:
        yield warning("clock", sentence, "Run NTP on both.")
    else:
        yield ok("clock", f"The clocks of {len(observed)} workers agree with this machine's.")


def judge_folders(observed: list[Observed]) -> Iterator[Diagnosis]:
    apart = [each.worker for each in observed if not each.sees_file]
    if apart and media_store.is_remote():
        yield failure(
            "workers",
            f"{', '.join(apart)}: an object written here to the bucket isn't seen there.",
            "Set the same STT_S3_* for web and workers, and see that these reach the bucket.",
        )
    elif apart:
        yield failure(
            "workers",
            f"{', '.join(apart)}: a file written here in {settings.MEDIA_ROOT} isn't seen there.",
            "Mount the same folder at STT_MEDIA_DIR for web and workers, or use a bucket.",
        )
    else:
        yield ok("workers", f"{len(observed)} workers see the recordings of this machine.")
