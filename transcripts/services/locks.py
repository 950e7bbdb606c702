"""The one order in which rows are locked, in every transaction of every process:

    1. transcripts, by id   `lock_transcript`, or an UPDATE of the row (`lease.held_rows`)
    2. the account          `billing.models.BillingAccount`, also by `billing.ledger`; a visitor's
                            address: `billing.anonymous`
    3. the hold             `billing.ledger`
    4. webhook endpoints    `webhooks.outbox`, `webhooks.endpoints`

A transaction that leaves one out goes on with the next; none goes back. Two transactions that took
two of them in opposite order would wait for each other (PostgreSQL ends one of them with an error).
"""

from uuid import UUID

from transcripts.models import Transcript


def lock_transcript(transcript_id: UUID) -> bool:
    """Lock the transcript's row until the transaction ends; False: there is none. One query.

    SQLite has no row locks: there the first write of the transaction locks everything.
    """
    rows = Transcript.objects.select_for_update(of=("self",)).filter(pk=transcript_id)
    return rows.values_list("pk", flat=True).first() is not None
