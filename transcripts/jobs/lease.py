"""Leases: who works on a job, for how long, and how the end of that is noticed.

A worker claims a queued row by compare-and-set, which moves `attempt` on: the fence that every
later write carries (`jobs/results`). One timer thread per process renews all leases that the
process holds, apart from the work itself: a long silence loses no lease, and work that
hangs holds it only until the deadline for no progress. A lease ends early because it was

- lost: the row moved on without us (swept, cancelled, deleted), or could not be renewed in time;
- stalled: no progress for `PROGRESS_DEADLINE_S`;
- recalled: this process is about to stop.

Code that waits while holding a lease registers how to be interrupted (`guard`).
Hosts compare their clocks through these timestamps: synchronize them (NTP) within a second or so.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import close_old_connections, connection, transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from stt_web.core.background import ThreadLoop
from stt_web.core.metrics import LEASES_LOST
from transcripts.jobs.concurrency import has_free_slot
from transcripts.jobs.models import TranscriptionJob
from transcripts.locks import lock_job
from transcripts.models import Status
from transcripts.services.job_status import AS_WAITING, change_status, read_job

logger = logging.getLogger(__name__)

# From here on each claim counts as a try: it may be what makes the database fail.
MOST_FREE_CLAIMS = 50
_REST_LEASES = (1, 4, 12)  # before the third, fourth, further tries: 20, 80, 240 s by default


class LeaseEnd(Enum):
    LOST = "lost"
    STALLED = "stalled"
    RECALLED = "recalled"


class LeaseLostError(Exception):
    """The row belongs to another holder by now: stop, and write nothing."""


class WorkStoppedError(Exception):
    """The lease is still ours but the work must stop: give it back. `reason`: why."""

    def __init__(self, reason: LeaseEnd) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Lease:
    """The right of this process to work on one job. Thread-safe."""

    def __init__(self, job_id: UUID, attempt: int, *, lasts_s: float | None = None) -> None:
        self.job_id = job_id
        self.attempt = attempt
        self._lasts_s = settings.LEASE_S if lasts_s is None else lasts_s
        self._ended = threading.Event()
        self._reason: LeaseEnd | None = None
        self._lock = threading.Lock()
        self._interrupts: list[Callable[[], object]] = []
        self._progressed_at = self._renewed_at = time.monotonic()

    def rows(self) -> QuerySet[Any]:
        """Return the job's row, if the lease still holds: the condition of every write."""
        return held_rows(self)

    def note_progress(self) -> None:
        self._progressed_at = time.monotonic()

    def next_expiry(self) -> datetime:
        """Return when it runs out if it is renewed now."""
        return timezone.now() + timedelta(seconds=self._lasts_s)

    def idle_s(self) -> float:
        """Return the seconds since the last progress (or since the claim)."""
        return time.monotonic() - self._progressed_at

    def check(self) -> None:
        """Raise `LeaseLostError` or `WorkStoppedError` once the lease has ended."""
        if self._reason is LeaseEnd.LOST:
            raise LeaseLostError
        if self._reason is not None:
            raise WorkStoppedError(self._reason)

    def wait(self, seconds: float) -> None:
        """Sleep, but no longer than the lease lasts; then `check`."""
        self._ended.wait(seconds)
        self.check()

    @contextmanager
    def guard(self, interrupt: Callable[[], object]) -> Iterator[None]:
        """Have `interrupt` called (from another thread) if the lease ends within the block."""
        with self._lock:
            self._interrupts.append(interrupt)
        try:
            if self._ended.is_set():
                interrupt()
            yield
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)

    def end(self, reason: LeaseEnd) -> None:
        """End it, once, and interrupt what waits."""
        with self._lock:
            if self._reason is not None:
                return
            self._reason = reason
            interrupts = list(self._interrupts)
        self._ended.set()
        if reason is LeaseEnd.LOST:
            LEASES_LOST.inc()
        for interrupt in interrupts:
            interrupt()

    def renew(self) -> None:
        """Move the end of the lease on, and notice that it is lost or that nothing moves."""
        if self.idle_s() > settings.PROGRESS_DEADLINE_S:
            self.end(LeaseEnd.STALLED)
        try:
            renewed = self.rows().update(lease_expires_at=self.next_expiry())
        except DatabaseFailure:
            logger.exception("event=lease_not_renewed job_id=%s", self.job_id)
            connection.close()
            if time.monotonic() - self._renewed_at > settings.LEASE_S:
                self.end(LeaseEnd.LOST)
            return
        self._renewed_at = time.monotonic()
        if not renewed:
            self.end(LeaseEnd.LOST)


class LeaseHeartbeat:
    """The timer of one process: renews every lease in its care each `HEARTBEAT_S`.

    Its thread lives as long as there is a lease to renew.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._leases: set[Lease] = set()
        self._is_beating = False
        self._is_recalled = False

    @contextmanager
    def hold(self, lease: Lease) -> Iterator[None]:
        """Renew `lease` while the block runs."""
        with self._changed:
            # Together with the registration: `recall_all` either finds the lease in the set or was
            # there before.
            is_recalled = self._is_recalled
            self._leases.add(lease)
            if not self._is_beating:
                self._is_beating = True
                ThreadLoop("lease-heartbeat", self._beat, longest_pause_s=1.0).start()
        if is_recalled:
            lease.end(LeaseEnd.RECALLED)
        try:
            yield
        finally:
            with self._changed:
                self._leases.discard(lease)
                self._changed.notify()

    def recall_all(self) -> None:
        """Stop the work of this process: each lease is given back by the thread that holds it.

        From now on, new leases end as they begin.
        """
        with self._changed:
            self._is_recalled = True
            held = list(self._leases)
        for lease in held:
            lease.end(LeaseEnd.RECALLED)

    def _beat(self) -> bool:
        held = self._wait()
        if not held:
            connection.close()
            return False
        close_old_connections()
        for lease in held:
            _renew(lease)
        return True

    def _wait(self) -> list[Lease]:
        """Wait for the next beat; returns the leases then held, none: the thread is to end."""
        with self._changed:
            self._changed.wait_for(lambda: not self._leases, timeout=settings.HEARTBEAT_S)
            self._is_beating = bool(self._leases)
            return list(self._leases)


def _renew(lease: Lease) -> None:
    """One lease's fault must not end the thread that renews the others of this process."""
    try:
        lease.renew()
    except Exception:
        logger.exception("event=lease_renewal_broke job_id=%s", lease.job_id)


heartbeat = LeaseHeartbeat()


def claim_job(job_id: UUID) -> tuple[Lease, TranscriptionJob] | None:
    """Claim a queued job for this process; None where it is not queued (any more), or where its
    account has as many under way as it may have (`jobs/concurrency`).

    The claim counts as a try without progress until progress comes (`results.store_window`). The
    compare-and-set is on `attempt` too: where nothing locks rows (SQLite), it alone decides.
    """
    with transaction.atomic():
        seen = lock_job(job_id)
        transcript_id = seen.transcript_id if seen is not None else None
        if seen is None or seen.status != Status.QUEUED:
            logger.info("event=job_not_queued transcript_id=%s job_id=%s", transcript_id, job_id)
            return None
        if not has_free_slot(seen):
            logger.info(
                "event=job_waits_for_slot transcript_id=%s job_id=%s", transcript_id, job_id
            )
            return None
        rows = TranscriptionJob.objects.filter(status=Status.QUEUED, attempt=seen.attempt)
        claimed = change_status(
            rows,
            seen,
            Status.PROCESSING,
            attempt=seen.attempt + 1,
            stalled_tries=F("stalled_tries") + 1,
            lease_owner=f"{socket.gethostname()}:{os.getpid()}"[:100],
            lease_expires_at=next_expiry(),
            started_at=seen.started_at or timezone.now(),
        )
    if not claimed:
        return None
    lease = Lease(job_id, seen.attempt)
    job = read_job(held_rows(lease))
    return (lease, job) if job is not None else None


def held_rows(lease: Lease) -> QuerySet[TranscriptionJob]:
    """The job's row, if the lease still holds: the condition of every write (the fence)."""
    return TranscriptionJob.objects.filter(
        pk=lease.job_id, attempt=lease.attempt, status=Status.PROCESSING
    )


def release_lease(lease: Lease, job: TranscriptionJob, *, counts_as_try: bool) -> bool:
    """Return the job to the queue, for any worker; False where it is not ours any more."""
    is_counted = counts_as_try or lease.attempt > MOST_FREE_CLAIMS
    # Progress since the claim has set the count to 0 already.
    uncounted = Case(When(stalled_tries__gt=0, then=F("stalled_tries") - 1), default=Value(0))
    return change_status(
        held_rows(lease),
        job,
        Status.QUEUED,
        **AS_WAITING,
        **({} if is_counted else {"stalled_tries": uncounted}),
    )


def has_run_out(now: datetime, *, tries: str) -> Q:
    """Rows whose lease is over and whose turn it is: to be queued again, or to fail, used up.

    `tries`: the field that counts those without progress. Each rests longer than the one before,
    so that nodes that restart, or a machine without memory, don't use up all of them at once.
    """
    is_used_up = Q(**{f"{tries}__gte": settings.MAX_STALLED_TRIES})
    due = Q(lease_expires_at__lt=now) & (is_used_up | Q(**{f"{tries}__lte": 1}))
    for tried, leases in enumerate(_REST_LEASES, start=2):
        is_last = tried == len(_REST_LEASES) + 1
        is_at = Q(**{f"{tries}__gte" if is_last else tries: tried})
        rested = now - timedelta(seconds=leases * settings.LEASE_S)
        due |= is_at & Q(lease_expires_at__lt=rested)
    return due


def next_expiry() -> datetime:
    """Return when a lease that is claimed now runs out."""
    return timezone.now() + timedelta(seconds=settings.LEASE_S)
