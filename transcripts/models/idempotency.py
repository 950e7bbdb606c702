"""Which stored responses (`accounts.models.IdempotencyRecord`) hold which transcript."""

from django.db import models

from accounts.models import IdempotencyRecord
from transcripts.models.transcript import Transcript


class StoredResponseLink(models.Model):
    """When the transcript is deleted, the answer's text goes with it.

    No constraint leads to the record, and it leads nowhere back: so a record is deleted by one
    statement that its fence guards, and not read first. What is left of that is purged.
    """

    record = models.OneToOneField(
        IdempotencyRecord, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.record_id}: {self.transcript_id}"
