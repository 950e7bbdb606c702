"""The right of a worker to one enhancement: claimed, renewed, given back (as `jobs/lease`)."""

import logging
import os
import socket
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from billing.ledger import release_hold
from billing.quotas import limits_for
from stt_web.core import wakeups
from transcripts.enhancement.files import delete_source
from transcripts.enhancement.models import Enhancement
from transcripts.jobs.lease import Lease, LeaseEnd, next_expiry
from transcripts.models.status import OPEN_STATUSES, Status

logger = logging.getLogger(__name__)

CLOSED_LEASE: dict[str, object] = {"lease_owner": "", "lease_expires_at": None}
AS_WAITING = CLOSED_LEASE | {
    "status": Status.QUEUED,
    "enqueued_at": None,
    "enqueue_count": 0,
    "not_before": None,
}


class EnhancementLease(Lease):
    """`report` is for the thread that works."""

    def rows(self) -> QuerySet[Any]:
        return Enhancement.objects.filter(
            pk=self.job_id, attempt=self.attempt, status=Status.PROCESSING
        )

    def report(self, done_ms: int) -> None:
        """Store how far it is. Ends the lease where the row is not ours any more."""
        self.note_progress()
        self.check()
        if not change_enhancement(self.rows(), self.job_id, done_ms=done_ms):
            self.end(LeaseEnd.LOST)
            self.check()


def claim_enhancement(enhancement_id: UUID) -> tuple[EnhancementLease, Enhancement] | None:
    """Claim one that waits; None where there is none, its time hasn't come, or its account has as
    many under way as it may have.

    The race: another worker with the same message. The compare-and-set is on `attempt`.
    """
    now = timezone.now()
    is_due = Q(not_before=None) | Q(not_before__lte=now)
    rows = Enhancement.objects.select_related("owner").filter(pk=enhancement_id)
    found = rows.filter(is_due, status=Status.QUEUED).first()
    if found is None or not _has_free_slot(found):
        return None
    attempt = found.attempt + 1
    claimed = change_enhancement(
        Enhancement.objects.filter(status=Status.QUEUED, attempt=found.attempt),
        enhancement_id,
        status=Status.PROCESSING,
        attempt=attempt,
        tries=F("tries") + 1,
        lease_owner=f"{socket.gethostname()}:{os.getpid()}"[:100],
        lease_expires_at=next_expiry(),
        started_at=found.started_at or now,
    )
    if not claimed:
        return None
    lease = EnhancementLease(enhancement_id, attempt)
    current: Enhancement | None = lease.rows().select_related("owner").first()
    return (lease, current) if current is not None else None


def change_enhancement(
    rows: QuerySet[Enhancement], enhancement_id: UUID, **changes: object
) -> bool:
    """Change it if it is (still) among `rows`, and wake those who follow it. One statement."""
    with transaction.atomic():
        if not rows.filter(pk=enhancement_id).update(**changes):
            return False
        wakeups.wake(wakeups.TRANSCRIPT, enhancement_id)
    return True


def release_enhancement(lease: EnhancementLease, *, wait_s: float | None = None) -> bool:
    """Let any worker take it; with `wait_s` not before, and as a wait and not as a try."""
    changes: dict[str, object] = dict(AS_WAITING)
    if wait_s is not None:
        changes["not_before"] = timezone.now() + timedelta(seconds=wait_s)
        changes["tries"] = 0
        changes["waits"] = F("waits") + 1
    return change_enhancement(lease.rows(), lease.job_id, **changes)


def cancel_enhancement(enhancement: Enhancement) -> bool:
    """End it if it waits or is worked on, and give back what was held; its worker notices within a
    heartbeat, or with the next samples.
    """
    open_rows = Enhancement.objects.filter(status__in=OPEN_STATUSES)
    with transaction.atomic():
        is_cancelled = change_enhancement(
            open_rows,
            enhancement.pk,
            status=Status.CANCELLED,
            finished_at=timezone.now(),
            **CLOSED_LEASE,
        )
        if is_cancelled:
            release_hold(str(enhancement.pk))
    if is_cancelled:
        delete_source(enhancement.pk)
    return is_cancelled


def _has_free_slot(enhancement: Enhancement) -> bool:
    limit = limits_for(enhancement.owner).concurrency
    under_way = Enhancement.objects.filter(owner=enhancement.owner, status=Status.PROCESSING)
    return limit == 0 or under_way.count() < limit
