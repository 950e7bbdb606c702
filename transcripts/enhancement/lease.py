"""The right of a worker to one enhancement (`jobs/row_lease`)."""

import logging
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from billing.ledger import release_hold
from billing.quotas import limits_for
from stt_web.core import wakeups
from transcripts.enhancement.files import delete_source
from transcripts.enhancement.models import Enhancement
from transcripts.jobs.row_lease import RowLease, claim_row, is_due, release_row
from transcripts.models.status import OPEN_STATUSES, Status
from transcripts.services.job_status import CLOSED_LEASE

logger = logging.getLogger(__name__)


def change_enhancement(
    rows: QuerySet[Enhancement], enhancement_id: UUID, **changes: object
) -> bool:
    """Change it if it is (still) among `rows`, and wake those who follow it. One statement."""
    with transaction.atomic():
        if not rows.filter(pk=enhancement_id).update(**changes):
            return False
        wakeups.wake(wakeups.TRANSCRIPT, enhancement_id)
    return True


class EnhancementLease(RowLease):
    model = Enhancement
    change = staticmethod(change_enhancement)

    def report(self, done_ms: int) -> None:
        """Store how far it is."""
        self.report_row(done_ms=done_ms)


def claim_enhancement(enhancement_id: UUID) -> tuple[EnhancementLease, Enhancement] | None:
    """Claim one that waits; None where there is none, its time hasn't come, or its account has as
    many under way as it may have.
    """
    rows = Enhancement.objects.select_related("owner").filter(pk=enhancement_id)
    found = rows.filter(is_due(), status=Status.QUEUED).first()
    if found is None or not _has_free_slot(found):
        return None
    return claim_row(EnhancementLease, found, related=("owner",))


def release_enhancement(
    lease: EnhancementLease, *, wait_s: float | None = None, is_try: bool = True
) -> bool:
    """Let any worker take it; with `wait_s` not before, and as a wait and not as a try."""
    return release_row(lease, wait_s=wait_s, is_try=is_try)


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
