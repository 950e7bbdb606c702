"""Leases of work that has a table of its own: texts, voices, enhancements (`jobs/lease` for jobs).

The fence is the same: `attempt` moves on with each claim, and nothing is written under an old one.
What a change of such a row wakes differs by table, so each brings its own `change`.
"""

import os
import socket
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from django.db.models import Case, F, Model, Q, QuerySet, Value, When
from django.utils import timezone

from transcripts.jobs.lease import MOST_FREE_CLAIMS, Lease, LeaseEnd, next_expiry
from transcripts.models.status import Status
from transcripts.services.job_status import AS_WAITING as OF_ANY_JOB

# Of a row that any worker may claim, and that is to be enqueued.
AS_WAITING: dict[str, object] = OF_ANY_JOB | {"status": Status.QUEUED, "not_before": None}

_ONE_TRY_LESS = Case(When(tries__gt=0, then=F("tries") - 1), default=Value(0))

# (rows, pk, **changes): change the row if it is (still) among `rows`, and wake those who follow it.
ChangeRow = Callable[..., bool]


class RowLease(Lease):
    """The right to one row of `model`. `report_row` is for the thread that works."""

    model: ClassVar[type[Model]]
    change: ClassVar[ChangeRow]

    def rows(self) -> QuerySet[Any]:
        return self.model._default_manager.filter(
            pk=self.job_id, attempt=self.attempt, status=Status.PROCESSING
        )

    def report_row(self, **changes: object) -> None:
        """Store how far the work is. Ends the lease where the row is not ours any more."""
        self.note_progress()
        self.check()
        if not type(self).change(self.rows(), self.job_id, **changes):
            self.end(LeaseEnd.LOST)
            self.check()


L = TypeVar("L", bound=RowLease)


def is_due() -> Q:
    """What may be claimed by now."""
    return Q(not_before=None) | Q(not_before__lte=timezone.now())


def claim_row(lease_type: type[L], row: Any, *, related: Sequence[str]) -> tuple[L, Any] | None:
    """Claim `row`, which waited when it was read; None where another worker was faster.

    The race: another worker with the same message. The compare-and-set is on `attempt`.
    """
    lease = lease_type(row.pk, row.attempt + 1)
    claimed = lease_type.change(
        lease_type.model._default_manager.filter(status=Status.QUEUED, attempt=row.attempt),
        row.pk,
        status=Status.PROCESSING,
        attempt=lease.attempt,
        tries=F("tries") + 1,
        lease_owner=f"{socket.gethostname()}:{os.getpid()}"[:100],
        lease_expires_at=next_expiry(),
        started_at=row.started_at or timezone.now(),
    )
    current = lease.rows().select_related(*related).first() if claimed else None
    return (lease, current) if current is not None else None


def uncounted(lease: RowLease, *, is_try: bool) -> dict[str, object]:
    """Return the change that takes the claim's try back, unless it is one."""
    is_counted = is_try or lease.attempt > MOST_FREE_CLAIMS
    return {} if is_counted else {"tries": _ONE_TRY_LESS}


def release_row(lease: RowLease, *, wait_s: float | None = None, is_try: bool = True) -> bool:
    """Let any worker take it; with `wait_s` not before, and as a wait and not as a try.

    Not `is_try`: the claim counted one, which is taken back.
    """
    changes: dict[str, object] = dict(AS_WAITING)
    changes |= uncounted(lease, is_try=is_try)
    if wait_s is not None:
        changes["not_before"] = timezone.now() + timedelta(seconds=wait_s)
        changes["tries"] = 0
        changes["waits"] = F("waits") + 1
    return type(lease).change(lease.rows(), lease.job_id, **changes)
