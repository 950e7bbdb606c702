"""Answers that are kept, so that a request that is sent twice is carried out once."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from transcripts.models.transcript import Transcript


class IdempotencyRecord(models.Model):
    """One `Idempotency-Key` of one account: being answered, or answered.

    Whoever is at it holds `claim` until `claimed_until`; an answer is there once `status_code` is.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # SHA-256 over what was asked, in hex
    claim = models.CharField(max_length=32)
    claimed_until = models.DateTimeField()
    created_at = models.DateTimeField()
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    body = models.BinaryField(default=b"")  # zlib
    # What the answer tells of. When that is deleted, the answer's text goes with it.
    transcript = models.ForeignKey(
        Transcript, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    is_forgotten = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["owner", "key"], name="transcripts_idempotency_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["created_at"], name="transcripts_idempotency_age")
        ]

    def __str__(self) -> str:
        return f"{self.owner_id}: {self.key}"
