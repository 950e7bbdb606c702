"""The one order in which rows are locked, in every transaction of every process:

    1. the transcript       `lock_transcript`, or an UPDATE of the row
    2. its jobs, by id      `lock_job`, or an UPDATE of the row (`lease.held_rows`)
    3. the account          its person's row (`accounts.authentication.hold_open`), then
                            `billing.quotas.lock_account_for`, also by `billing.ledger`; a guest's
                            address: `billing.anonymous`
    4. the hold             `billing.ledger`
    5. webhook endpoints    `webhooks.outbox`, `webhooks.endpoints`

A transaction that leaves one out goes on with the next; none goes back. Two transactions that took
two of them in opposite order would wait for each other (PostgreSQL ends one of them with an error).

The transcript's lock is the one that an UPDATE takes (FOR NO KEY UPDATE): `results.store_windows`
inserts segments while it holds jobs' rows, and each such row refers to the transcript. A stronger
lock (FOR UPDATE) would block these inserts, against the order.
"""

from uuid import UUID

from transcripts.jobs.models import TranscriptionJob
from transcripts.models import Transcript


def lock_transcript(transcript_id: UUID) -> bool:
    """Lock the transcript's row until the transaction ends; False: there is none. One query.

    SQLite has no row locks: there each transaction begins with the lock of the database.
    """
    rows = Transcript.objects.select_for_update(of=("self",), no_key=True)
    return rows.filter(pk=transcript_id).values_list("pk", flat=True).first() is not None


def lock_job(job_id: UUID) -> TranscriptionJob | None:
    """Lock the transcript and then the job, and return the job as it is now. Two queries."""
    rows = Transcript.objects.select_for_update(of=("self",), no_key=True)
    if rows.filter(jobs=job_id).values_list("pk", flat=True).first() is None:
        return None
    jobs = TranscriptionJob.objects.select_for_update(of=("self",))
    return jobs.select_related("transcript__owner").filter(pk=job_id).first()
