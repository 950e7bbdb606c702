"""Links by which others may read a transcript. Only a digest of the link's token is stored."""

import uuid
from typing import ClassVar

from django.db import models

from transcripts.models.transcript import Transcript


class ShareLink(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="share_links")
    token_digest = models.CharField(max_length=64, unique=True)
    password = models.CharField(max_length=256, blank=True)  # hashed by Django; empty: none asked
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.transcript_id}: {self.id}"
