"""The right of a worker to one voice job: claimed, renewed, given back (as `jobs/lease` has it).

The fence is `attempt`: it moves on with each claim, and nothing is written under an old one.
"""

import os
import socket
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from stt_web.core import broker, wakeups
from transcripts.jobs.lease import Lease, LeaseEnd, next_expiry
from transcripts.models import Status
from transcripts.voices.models import VoiceJob

VOICE_TASK = "transcripts.make_speech"
QUEUE = "texts"
CLOSED_LEASE: dict[str, object] = {"lease_owner": "", "lease_expires_at": None}
AS_WAITING = CLOSED_LEASE | {"status": Status.QUEUED, "enqueued_at": None}


class VoiceLease(Lease):
    """Of a voice job. `report` is for the thread that works."""

    def rows(self) -> QuerySet[Any]:
        return VoiceJob.objects.filter(
            pk=self.job_id, attempt=self.attempt, status=Status.PROCESSING
        )

    def report(self, done: int, total: int) -> None:
        """Store how many sentences are done. Ends the lease where the row is not ours any more."""
        self.note_progress()
        self.check()
        if not change_job(self.rows(), self.job_id, done=done, total=total):
            self.end(LeaseEnd.LOST)
            self.check()


def claim_voice_job(job_id: UUID) -> tuple[VoiceLease, VoiceJob] | None:
    """Claim a job that waits; None where there is none.

    The race: another worker with the same message. The compare-and-set is on `attempt`.
    """
    job = VoiceJob.objects.filter(pk=job_id, status=Status.QUEUED).first()
    if job is None:
        return None
    lease = VoiceLease(job_id, job.attempt + 1)
    claimed = change_job(
        VoiceJob.objects.filter(status=Status.QUEUED, attempt=job.attempt),
        job_id,
        status=Status.PROCESSING,
        attempt=lease.attempt,
        tries=F("tries") + 1,
        lease_owner=f"{socket.gethostname()}:{os.getpid()}"[:100],
        lease_expires_at=next_expiry(),
        started_at=job.started_at or timezone.now(),
    )
    current = lease.rows().select_related("owner").first() if claimed else None
    return (lease, current) if current is not None else None


def change_job(rows: QuerySet[VoiceJob], job_id: UUID, **changes: object) -> bool:
    """Change the job if it is (still) among `rows`, and wake those who wait. One statement."""
    with transaction.atomic():
        if not rows.filter(pk=job_id).update(**changes, changed_at=timezone.now()):
            return False
        wakeups.wake(wakeups.TRANSCRIPT, job_id)
    return True


def release_voice_job(lease: VoiceLease) -> bool:
    """Let any worker take it, and enqueue it; False where it is not ours any more."""
    if not change_job(lease.rows(), lease.job_id, **AS_WAITING):
        return False
    send_voice_job(lease.job_id)
    return True


def send_voice_job(job_id: UUID) -> bool:
    """Enqueue a row that waits; False where the broker is down (the sweep sends it again)."""
    VoiceJob.objects.filter(pk=job_id, status=Status.QUEUED).update(enqueued_at=timezone.now())
    if broker.send_now(VOICE_TASK, [str(job_id)], queue=QUEUE):
        return True
    VoiceJob.objects.filter(pk=job_id, status=Status.QUEUED).update(enqueued_at=None)
    return False
