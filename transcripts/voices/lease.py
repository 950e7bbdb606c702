"""The right of a worker to one voice job (`jobs/row_lease`)."""

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from stt_web.core import broker, wakeups
from transcripts.jobs.row_lease import RowLease, claim_row, uncounted
from transcripts.models import Status
from transcripts.services.job_status import CLOSED_LEASE
from transcripts.voices.models import VoiceJob

VOICE_TASK = "transcripts.make_speech"
QUEUE = "texts"
AS_WAITING: dict[str, object] = CLOSED_LEASE | {"status": Status.QUEUED, "enqueued_at": None}


def change_job(rows: QuerySet[VoiceJob], job_id: UUID, **changes: object) -> bool:
    """Change the job if it is (still) among `rows`, and wake those who wait. One statement."""
    with transaction.atomic():
        if not rows.filter(pk=job_id).update(**changes, changed_at=timezone.now()):
            return False
        wakeups.wake(wakeups.TRANSCRIPT, job_id)
    return True


class VoiceLease(RowLease):
    model = VoiceJob
    change = staticmethod(change_job)

    def report(self, done: int, total: int) -> None:
        """Store how many sentences are done."""
        self.report_row(done=done, total=total)


def claim_voice_job(job_id: UUID) -> tuple[VoiceLease, VoiceJob] | None:
    """Claim a job that waits; None where there is none."""
    job = VoiceJob.objects.filter(pk=job_id, status=Status.QUEUED).first()
    return claim_row(VoiceLease, job, related=("owner",)) if job is not None else None


def release_voice_job(lease: VoiceLease, *, is_try: bool) -> bool:
    """Let any worker take it, and enqueue it; False where it is not ours any more."""
    changes = AS_WAITING | uncounted(lease, is_try=is_try)
    if not change_job(lease.rows(), lease.job_id, **changes):
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
